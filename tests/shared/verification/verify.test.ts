import { describe, expect, test } from '@jest/globals';
import { modelKeys, publishedKeys } from '../../../shared/execution/keys.ts';
import type { RunClaim } from '../../../shared/execution/run-claim.ts';
import { RANK } from '../../../shared/model-types/rank.ts';
import type { PredictedPhoto } from '../../../shared/predictions/columns.ts';
import { PhotoSet } from '../../../shared/predictions/photo-set.ts';
import type { ModelManifest } from '../../../shared/publication/model-manifest.ts';
import type { ModelRow } from '../../../shared/publication/model-row.ts';
import { comparePredictions, countDifferent } from '../../../shared/verification/compare-predictions.ts';
import type {
  CodeFacts,
  ExecutionState,
  ImagesetFacts,
  StationFacts,
} from '../../../shared/verification/facts.ts';
import { repairsOf, type VerificationFinding } from '../../../shared/verification/findings.ts';
import { verifyStation } from '../../../shared/verification/verify.ts';
import { objectOfUrl } from '../../../shared/verification/verify-row.ts';

const PLACES = { storage: 'storage', model: 'model' };
const NOW = Date.parse('2026-06-01T00:00:00Z');
const ARN = 'arn:aws:states:us-west-2:000000000000:execution:fpe-prod-train-station:one';
const UUID = '6f2c1b1e-0000-4000-8000-000000000001';
const CLAIM: RunClaim = {
  execution_arn: ARN,
  started_at: '2026-05-31T12:00:00.000Z',
  model_uuid: UUID,
  job_suffix: '0a1b2c3d',
  status: 'running',
  former_runs: [],
};

const codeFacts = (facts: Partial<CodeFacts> = {}): CodeFacts => ({
  type: RANK,
  code: 'A',
  claims: [],
  manifest: 'missing',
  writer: null,
  files: new Map(),
  versions: [],
  imagesets: [],
  ...facts,
});
const rowFacts = (facts: Partial<ModelRow> = {}): ModelRow => ({
  id: 1,
  station_id: 29,
  code: 'A',
  uuid: UUID,
  model_type_id: 'RANK',
  variable_id: 'FLOW_CFS',
  default: true,
  status: 'DONE',
  diagnostics_url: null,
  predictions_url: null,
  ...facts,
});
const verify = (facts: Partial<StationFacts>): VerificationFinding[] =>
  verifyStation(
    {
      station: { id: 29, name: 'Mill Brook', timezone: 'America/New_York' },
      rows: [],
      published: new Map(),
      tablesWithPeople: [],
      codes: [],
      predictions: new Map(),
      withdrawal: 'missing',
      hasScored: false,
      runFolders: [],
      ...facts,
    },
    PLACES,
    NOW,
  );
const kinds = (findings: VerificationFinding[]) =>
  findings.map(({ kind, severity }) => `${severity} ${kind}`);
const claimed = (holder: ExecutionState | null, claim: Partial<RunClaim> = {}) =>
  codeFacts({ claims: [{ key: 'claim.json', claim: { value: { ...CLAIM, ...claim } }, holder }] });

describe('a claim', () => {
  test.each<[string, ExecutionState | null, string[]]>([
    ['of an execution that runs', 'running', []],
    ['of one that may be redriven', 'redrivable', ['remark claim_waits']],
    ['of one that can never go on', 'over', ['fault claim_stale']],
    ['of one that has succeeded', 'succeeded', ['fault claim_stale']],
    ['of one that could not be asked', null, []],
  ])('%s', (_, holder, expected) => {
    expect(kinds(verify({ codes: [claimed(holder)] }))).toEqual(expected);
  });

  test('that is finished is well, whoever held it', () => {
    expect(verify({ codes: [claimed('over', { status: 'finished' })] })).toEqual([]);
  });

  test('of a published model is marked as finished, as its code stays taken', () => {
    const [found] = verify({ rows: [rowFacts()], codes: [claimed('over')] });

    expect(found?.repair).toEqual({ do: 'finish_claim', key: 'claim.json', execution_arn: ARN });
  });
});

describe('the default of a station', () => {
  const rows = (...more: Partial<ModelRow>[]) =>
    more.map((row, index) => rowFacts({ id: index + 1, ...row }));
  const ofDefaults = (findings: VerificationFinding[]) =>
    findings.filter(({ kind }) => kind === 'no_default' || kind === 'several_defaults');

  test.each<[string, Partial<ModelRow>]>([
    ['is not marked', { default: false }],
    ['has failed', { status: 'FAILED' }],
    ['has no uuid', { uuid: null }],
  ])('is none where the only row %s', (_, row) => {
    expect(kinds(ofDefaults(verify({ rows: rows(row) })))).toEqual(['remark no_default']);
  });

  test('is named where it cannot be used', () => {
    const [finding] = ofDefaults(verify({ rows: rows({ default: false }, { status: 'FAILED' }) }));

    expect(finding?.found).toBe('2 models, the default, models.id 2, A, is not finished or has no uuid');
  });

  test('is one for each type and variable', () => {
    const found = verify({ rows: rows({}, { model_type_id: 'OTHER' }, { variable_id: 'STAGE_FT' }) });

    expect(ofDefaults(found)).toEqual([]);
  });

  test.each<[string, Partial<ModelRow>[], number]>([
    ['the newest of those that can be used', [{}, {}, { uuid: null }, { status: 'FAILED' }], 2],
    ['the newest of no variable, too', [{ variable_id: null }, { variable_id: null }], 2],
    ['one that cannot be used, if there is no other', [{ uuid: null }, { status: 'FAILED' }], 1],
  ])('of several is %s', (_, given, model_id) => {
    const [finding] = ofDefaults(verify({ rows: rows(...given) }));

    expect(finding?.repair).toMatchObject({ do: 'keep_one_default', model_id });
  });
});

describe('the predictions of an imageset', () => {
  test.each<[ImagesetFacts['state'], string | undefined]>([
    ['same', undefined],
    ['missing', 'no such file'],
    ['unreadable', 'a table that cannot be read'],
    [{ different: 3 }, '3 photos with another score'],
  ])('that are %j are told as such', (state, expected) => {
    const code = codeFacts({ imagesets: [{ uuid: 'u', key: 'imagesets/u/predictions.csv', state }] });

    const finding = verify({ rows: [rowFacts()], codes: [code] }).find(
      ({ kind }) => kind === 'imageset_predictions',
    );

    expect(finding?.found.slice(0, expected?.length)).toBe(expected);
  });
});

describe('fixed places that are being written to', () => {
  const manifest: ModelManifest = {
    ...{ model_uuid: UUID, model_code: 'A', dataset_code: 'A', run_id: '20260531-120000-0a1b2c3d' },
    ...{ execution_arn: ARN, started_at: CLAIM.started_at, snapshot_at: CLAIM.started_at },
    ...{ outcome: 'published', images: 3, smoothing_hours: null, start_model: null, files: [] },
  };

  test.each<[ExecutionState | null, string[]]>([
    ['running', ['remark publication_under_way']],
    ['redrivable', ['fault publication_torn']],
    ['over', ['fault publication_torn']],
    [null, []],
  ])('by an execution that is %s', (writer, expected) => {
    expect(kinds(verify({ codes: [codeFacts({ manifest: { value: manifest }, writer })] }))).toEqual(
      expected,
    );
  });
});

test('photos that an execution is taking out are no fault', () => {
  const key = modelKeys(RANK, 29, 'A').scoring_claim;
  const codes = [codeFacts({ claims: [{ key, claim: { value: CLAIM }, holder: 'running' }] })];

  const findings = verify({ codes, withdrawal: { value: { image_ids: [1], filenames: [] } } });

  expect(kinds(findings)).toEqual(['remark withdrawal_pending']);
});

test('what could not be looked at is no finding', () => {
  const url = 'https://storage.s3.us-west-2.amazonaws.com/models/';
  const row = rowFacts({ predictions_url: `${url}${UUID}/predictions.csv` });

  expect(verify({ rows: [row], withdrawal: null })).toEqual([]);
});

test('an address in another bucket, or in another model’s folder, is a remark: it was not looked at', () => {
  const published = new Map([
    [UUID, new Map([[publishedKeys(UUID, 'A').model, { key: '', size: 1, etag: '"1"' }]])],
  ]);
  const row = rowFacts({
    predictions_url: `https://elsewhere.s3.us-west-2.amazonaws.com/models/${UUID}/predictions.csv`,
    diagnostics_url: 'https://storage.s3.us-west-2.amazonaws.com/models/another/A.html',
  });

  expect(kinds(verify({ rows: [row], published }))).toEqual([
    'remark address_elsewhere',
    'remark address_elsewhere',
  ]);
});

test.each([
  [
    'https://storage.s3.us-west-2.amazonaws.com/models/a/b c.html',
    { bucket: 'storage', key: 'models/a/b c.html' },
  ],
  ['https://storage.s3.amazonaws.com/models/a', { bucket: 'storage', key: 'models/a' }],
  ['https://my.storage.s3-us-west-2.amazonaws.com/a', { bucket: 'my.storage', key: 'a' }],
  ['https://example.org/models/a', null],
])('the object of %s', (url, expected) => {
  expect(objectOfUrl(url)).toEqual(expected);
});

test.each([
  ['20260401-120000-0a1b2c3d', ['fault run_folder_left']],
  ['20260501-120000-0a1b2c3d', []],
  ['something else', []],
])('the folder of run %s', (runId, expected) => {
  const runFolders = [{ prefix: `rank/passing/29/A/${runId}/`, code: 'A', runId }];

  expect(kinds(verify({ runFolders }))).toEqual(expected);
  // A redrive reads it.
  expect(kinds(verify({ runFolders, codes: [claimed('redrivable')] }))).toEqual(['remark claim_waits']);
});

test('of several defaults the newest stays that can be scored with', () => {
  const rows = [rowFacts({ id: 3, code: 'C', uuid: null }), rowFacts({ id: 2, code: 'B' }), rowFacts()];

  const [several] = verify({ rows });

  expect(several?.repair).toEqual({ do: 'keep_one_default', model_id: 2, others: [3, 1] });
});

test('repairs are each done once, what is torn first and claims last', () => {
  const finding = (repair: VerificationFinding['repair']): VerificationFinding => ({
    ...{ kind: 'claim_stale', severity: 'fault', where: '', found: '', expected: '', advice: '' },
    repair,
  });
  const claim = { do: 'delete_claim', key: 'claim.json', execution_arn: ARN } as const;
  const places = { do: 'restore_fixed_places', code: 'A', uuid: UUID } as const;

  expect(
    repairsOf([claim, { do: 'withdraw' } as const, places, { do: 'withdraw' } as const, null].map(finding)),
  ).toEqual([places, { do: 'withdraw' }, claim]);
});

test.each<[string, number | null, number]>([
  ['as far off as tools differ', 0.1001, 0],
  ['further off than the scores of the model lie apart', 0.105, 1],
  ['none where the model has one', null, 1],
])('a score in the file of an imageset: %s', (_, score, different) => {
  const own = new Map([
    ['a.jpg', 0.1],
    ['b.jpg', 0.12],
    ['unreadable.jpg', null],
  ]);
  const rows = [
    { filename: 'a.jpg', score },
    { filename: 'unreadable.jpg', score: 3 },
    { filename: 'new.jpg', score: 3 },
  ];

  expect(countDifferent(rows, own)).toBe(different);
});

describe('predictions of the public and of the model', () => {
  const photo = (filename: string, minute: number, score: number | null): PredictedPhoto => ({
    ...{ split: null, image_id: null, url: null, value: null },
    ...{ filename, score, timestamp: minute * 60_000 },
  });
  const compare = (rows: PredictedPhoto[], own: [string, number | null][], hidden: string[] = []) =>
    comparePredictions(batchOf(rows), new Map(own), PhotoSet.fromJSON({ image_ids: [], filenames: hidden }));
  async function* batchOf(rows: PredictedPhoto[]) {
    yield rows;
  }
  const SAME = { rows: 2, withoutScore: 0, outOfOrder: 0, missing: 0, surplus: 0, different: 0 };

  test('agree, also where a photo could not be read, or shows people', async () => {
    const rows = [photo('a', 1, 0.1), photo('b', 2, 0.2)];

    expect(
      await compare(
        rows,
        [
          ['a', 0.1],
          ['b', 0.2],
          ['c', null],
          ['d', 0.4],
        ],
        ['d'],
      ),
    ).toEqual(SAME);
  });

  test.each([
    [0.002, 0],
    [0.004, 1],
  ])('of a model whose scores lie 300 apart differ where they are %d off: %d', async (off, different) => {
    const rows = [photo('a', 1, -100 + off), photo('b', 2, 200)];

    expect(
      await compare(rows, [
        ['a', -100],
        ['b', 200],
      ]),
    ).toEqual({ ...SAME, different });
  });

  test('differ by rows that are missing, too many, others, without a score, or out of order', async () => {
    const rows = [photo('a', 2, 0.1), photo('b', 1, null), photo('new', 3, 1)];

    expect(
      await compare(rows, [
        ['a', 0.3],
        ['b', 0.2],
        ['c', 0.5],
      ]),
    ).toEqual({
      rows: 3,
      withoutScore: 1,
      outOfOrder: 1,
      missing: 1,
      surplus: 1,
      different: 2,
    });
  });
});
