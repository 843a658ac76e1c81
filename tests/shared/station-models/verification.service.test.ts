import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import {
  copyObject,
  deleteObject,
  findSize,
  listObjects,
  readJson,
  readText,
  s3,
  writeJson,
  writeObject,
} from '../../../shared/aws/object-store.ts';
import { modelKeys, publishedKeys, stationKeys, versionKeys } from '../../../shared/execution/keys.ts';
import type { Run } from '../../../shared/execution/train-station-state.ts';
import { regionalUrl } from '../../../shared/formats/object-location.ts';
import { writeFixedPlaces } from '../../../shared/model-bucket/model-publication.ts';
import { RANK } from '../../../shared/model-types/rank.ts';
import { modelManifest } from '../../../shared/publication/model-manifest.ts';
import {
  findStrayFolders,
  verifyAndRepair,
  verifyRefreshClaim,
} from '../../../shared/station-models/verification.ts';
import type { VerificationFinding } from '../../../shared/verification/findings.ts';
import { insertRow } from '../../fixtures/station.ts';
import type { GatedMachines } from '../../interleavings/gated-machines.ts';
import { insertGoldStation, insertPhotos, type Station } from '../../interleavings/station.ts';
import { openWorkplace, type Workplace } from '../../interleavings/workplace.ts';

jest.setTimeout(240_000);

let database: pg.Client;
let buckets: { storage: string; model: string };
let machines: GatedMachines;
let workplace: Workplace;
/** Of keys that the buckets refuse to tell about. */
let denied: RegExp | null = null;
beforeAll(async () => {
  workplace = await openWorkplace();
  ({ database, buckets, machines } = workplace);
  s3().middlewareStack.add(
    (next) => (args) => {
      const { Key, Prefix } = args.input as { Key?: string; Prefix?: string };
      if (denied?.test(Key ?? Prefix ?? ''))
        throw Object.assign(new Error('Access Denied'), {
          $fault: 'client',
          name: 'AccessDenied',
          $metadata: { httpStatusCode: 403 },
        });
      return next(args);
    },
    { step: 'initialize' },
  );
});
afterAll(() => workplace.end());

const inModelBucket = (key: string) => ({ bucket: buckets.model, key });
const inStorage = (key: string) => ({ bucket: buckets.storage, key });

/** A clean execution of a machine, to its end. @returns its ARN */
async function run(machine: string, input: object): Promise<string> {
  const arn = await machines.start(machine, input);
  while (machines.waitsFor(arn)) await machines.step(arn);
  const { status, error, cause } = await machines.describe(arn);
  expect({ status, error, cause }).toEqual({ status: 'SUCCEEDED', error: undefined, cause: undefined });
  return arn;
}

const training = { pretrained: false, min_hour: 0, max_hour: 23, promote: 'always', model_code: 'A' };
const NOW = Date.now();

const verify = async (id: number, options: { repair?: boolean; confirmed?: boolean } = {}) => {
  const found = await verifyAndRepair(id, buckets, { repair: false, confirmed: false, now: NOW, ...options });
  if (!found) throw new Error(`no station ${id}`);
  return found;
};
const faultsOf = (findings: readonly VerificationFinding[]) =>
  findings.filter(({ severity }) => severity === 'fault');
const kindsOf = (findings: readonly VerificationFinding[]) =>
  [...new Set(faultsOf(findings).map(({ kind }) => kind))].sort();

/** Names of what is wrong, then what is left after the repair, and what the repair has failed of. */
async function verifyTwice(id: number, confirmed = false) {
  const { findings } = await verify(id);
  const { findings: left, repaired } = await verify(id, { repair: true, confirmed });
  return {
    found: kindsOf(findings),
    left: faultsOf(left),
    failed: repaired.filter(({ failed }) => failed !== null),
  };
}

describe('a station that this pipeline has published', () => {
  let station: Station;
  let uuid: string;
  let keys: {
    fixed: ReturnType<typeof modelKeys>;
    own: ReturnType<typeof versionKeys>;
    published: ReturnType<typeof publishedKeys>;
  };
  beforeAll(async () => {
    station = await insertGoldStation(database);
    await run('train-station', { ...training, station_id: station.id });
    await insertPhotos(database, station, 18, 6);
    await run('score-station', { station_id: station.id });
  });
  beforeEach(async () => {
    denied = null;
    const { rows } = await database.query(`SELECT uuid FROM models WHERE station_id = $1 AND code = 'A'`, [
      station.id,
    ]);
    uuid = rows[0].uuid;
    keys = {
      fixed: modelKeys(RANK, station.id, 'A'),
      own: versionKeys(RANK, station.id, 'A', uuid),
      published: publishedKeys(uuid, 'A'),
    };
  });

  const imagesets = async () =>
    (await Array.fromAsync(listObjects(buckets.model, `${keys.fixed.imagesets}/`))).map(({ key }) => key);
  const edit = async (location: { bucket: string; key: string }, change: (text: string) => string) =>
    writeObject(location, change(await readText(location)), 'text/csv');

  test('is well', async () => {
    const { findings, unchecked } = await verify(station.id);

    expect({ findings, unchecked }).toEqual({ findings: [], unchecked: [] });
  });

  test.each<[string, string[], () => Promise<unknown>]>([
    [
      'public predictions that are gone',
      ['row_without_file'],
      () => deleteObject(inStorage(keys.published.predictions)),
    ],
    ['a report that is gone', ['row_without_file'], () => deleteObject(inStorage(keys.published.report))],
    ['an archive that is gone', ['file_missing'], () => deleteObject(inStorage(keys.published.model))],
    [
      'an archive of another size',
      ['file_differs'],
      () => writeObject(inStorage(keys.published.model), 'torn', 'application/gzip'),
    ],
    [
      'tables that are gone',
      ['file_missing'],
      async () => {
        await deleteObject(inStorage(keys.published.images));
        await deleteObject(inStorage(keys.published.annotations));
      },
    ],
    [
      'rows that the public predictions lack',
      ['predictions_differ'],
      () => edit(inStorage(keys.published.predictions), (text) => text.replace(/\n[^\n]+\n$/, '\n')),
    ],
    [
      'a score that is another',
      ['predictions_differ'],
      () => edit(inStorage(keys.published.predictions), (text) => text.replace(/,[\d.]+\n$/, ',-7\n')),
    ],
    [
      'predictions that are no table',
      ['predictions_unreadable'],
      () => writeObject(inStorage(keys.published.predictions), 'score\n"', 'text/csv'),
    ],
    [
      'a fixed place that is empty',
      ['fixed_places_differ'],
      () => deleteObject(inModelBucket(keys.fixed.input.pairs)),
    ],
    [
      'a fixed place with the file of another model',
      ['fixed_places_differ'],
      () => writeObject(inModelBucket(keys.fixed.input.summary), '{}', 'application/json'),
    ],
    [
      'no manifest at the fixed places',
      ['fixed_places_of_another'],
      () => deleteObject(inModelBucket(keys.fixed.manifest)),
    ],
    [
      'a manifest that is no JSON',
      ['manifest_unreadable'],
      () => writeObject(inModelBucket(keys.fixed.manifest), '{', 'application/json'),
    ],
    [
      'a file that the model’s own folder lacks',
      ['own_files_differ'],
      () => deleteObject(inModelBucket(keys.own.metrics)),
    ],
    [
      'own predictions that are no table',
      ['own_files_differ'],
      () => writeObject(inModelBucket(keys.own.transform.predictions), 'score\n"', 'text/csv'),
    ],
    [
      'predictions of an imageset that are gone',
      ['imageset_predictions'],
      async () => deleteObject(inModelBucket((await imagesets())[0] as string)),
    ],
    [
      'predictions of an imageset that are another model’s',
      ['imageset_predictions'],
      async () =>
        edit(inModelBucket((await imagesets())[0] as string), (text) => text.replaceAll(/,[\d.]+$/gm, ',-7')),
    ],
    [
      'a list of photos that an execution did not take out',
      ['withdrawal_pending'],
      () =>
        writeJson(inModelBucket(stationKeys(station.id).withdrawal), { image_ids: [2 ** 31], filenames: [] }),
    ],
    [
      'a claim of an execution that Step Functions no longer knows',
      ['claim_stale'],
      () =>
        writeJson(inModelBucket(keys.fixed.claim), {
          execution_arn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-local-train-station:gone',
          started_at: '2026-01-01T00:00:00.000Z',
          model_uuid: randomUUID(),
          job_suffix: 'deadbeef',
          status: 'publishing',
        }),
    ],
    [
      'a claim of its own execution that was not marked',
      ['claim_stale'],
      async () => {
        const { execution_arn } = await readJson(inModelBucket(keys.own.manifest), modelManifest);
        await writeJson(inModelBucket(keys.fixed.claim), {
          execution_arn,
          started_at: '2026-01-01T00:00:00.000Z',
          model_uuid: uuid,
          job_suffix: 'deadbeef',
          status: 'publishing',
        });
      },
    ],
    [
      'the folder of a run that began long ago',
      ['run_folder_left'],
      () => writeJson(inModelBucket(`rank/passing/${station.id}/A/20200101-000000-deadbeef/model.json`), {}),
    ],
    [
      'two defaults',
      ['several_defaults'],
      () =>
        database.query(
          `INSERT INTO models (station_id, model_type_id, variable_id, code, "default", status, updated_at)
           VALUES ($1, 'RANK', 'FLOW_CFS', $2, true, 'DONE', '2020-01-01')`,
          [station.id, randomUUID()],
        ),
    ],
  ])('%s: is named, repaired, and then well', async (_, kinds, plant) => {
    await plant();

    const { found, left, failed } = await verifyTwice(station.id);

    expect({ found, left, failed }).toEqual({ found: kinds, left: [], failed: [] });
    expect(kindsOf((await verify(station.id)).findings)).toEqual([]);
  });

  test('keeps the scores that only the public file has', async () => {
    const before = await readText(inStorage(keys.published.predictions));
    const last = before.trimEnd().split('\n').at(-1) as string;
    const only = last.replace(/^([^,]*),\d+,/, '$1,999999,').replace('.jpg', '-new.jpg');
    await edit(
      inStorage(keys.published.predictions),
      (text) => `${text.replace(/\n[^\n]+\n$/, '\n')}${only}\n`,
    );

    const { left } = await verifyTwice(station.id);

    const after = await readText(inStorage(keys.published.predictions));
    expect(left).toEqual([]);
    expect(after).toContain(only);
    expect(after).toContain(last);
    await writeObject(inStorage(keys.published.predictions), before, 'text/csv');
  });

  test('keeps what FPE’s tools alone could read in the file of an imageset', async () => {
    const own = inModelBucket(keys.own.transform.predictions);
    const ofImageset = inModelBucket((await imagesets())[0] as string);
    const [ownBefore, before] = [await readText(own), await readText(ofImageset)];
    const [unreadable, damaged] = before
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[2] as string) as [string, string];
    const withoutScoreOf = (filename: string) => (text: string) =>
      text.replace(new RegExp(`^(.*${filename}.*,)[^,]+$`, 'm'), '$1');
    await edit(own, withoutScoreOf(unreadable));
    await edit(ofImageset, withoutScoreOf(damaged));

    const { found, left } = await verifyTwice(station.id);

    expect({ found, left }).toEqual({ found: ['imageset_predictions'], left: [] });
    expect(await readText(ofImageset)).toBe(before);
    await writeObject(own, ownBefore, 'text/csv');
  });

  test('a photo in which people are found is taken out of every public file', async () => {
    const { rows } = await database.query(
      'UPDATE images SET pii_on = true WHERE id = (SELECT min(id) FROM images WHERE imageset_id = $1) RETURNING id',
      [station.imageset_id],
    );

    const { found, left } = await verifyTwice(station.id);

    expect({ found, left }).toEqual({ found: ['people_public'], left: [] });
    for (const key of [keys.published.predictions, keys.published.images])
      expect(await readText(inStorage(key))).not.toMatch(new RegExp(`(^|,)${rows[0].id},`, 'm'));
    // What is put back later lacks it as well.
    await deleteObject(inStorage(keys.published.images));
    await verify(station.id, { repair: true });
    expect(await readText(inStorage(keys.published.images))).not.toMatch(
      new RegExp(`(^|,)${rows[0].id},`, 'm'),
    );
    await database.query('UPDATE images SET pii_on = false WHERE id = $1', [rows[0].id]);
  });

  test('what a bucket refuses to tell is not taken for missing, and nothing of it is changed', async () => {
    denied = new RegExp(`^models/${uuid}/`);

    const { findings, unchecked, repaired } = await verify(station.id, { repair: true, confirmed: true });

    expect({ faults: faultsOf(findings), repaired }).toEqual({ faults: [], repaired: [] });
    expect(unchecked).toEqual([
      {
        where: `s3://${buckets.storage}/models/${uuid}/`,
        why: expect.stringMatching(/^AccessDenied: /),
      },
    ]);
  });

  test('a model bucket that refuses to tell leads to no fault', async () => {
    denied = /^rank\//;

    const { findings, unchecked } = await verify(station.id);

    expect(faultsOf(findings)).toEqual([]);
    expect(unchecked.length).toBeGreaterThan(0);
  });

  test('a row whose files are gone for good is unlinked only for who confirms it', async () => {
    const row = await insertRow(database, 'models', {
      ...{ station_id: station.id, model_type_id: 'RANK', variable_id: 'FLOW_CFS', code: 'LOST' },
      ...{ uuid: randomUUID(), default: false, status: 'DONE' },
    });
    const address = `https://${buckets.storage}.s3.us-west-2.amazonaws.com/models/`;
    await database.query(
      `UPDATE models SET predictions_url = $2 || uuid || '/predictions.csv', diagnostics_url = $2 || uuid || '/LOST.html' WHERE id = $1`,
      [row, address],
    );

    const before = await verify(station.id, { repair: true });
    const after = await verify(station.id, { repair: true, confirmed: true });

    const { rows } = await database.query(
      'SELECT predictions_url, diagnostics_url FROM models WHERE id = $1',
      [row],
    );
    expect(kindsOf(before.findings)).toEqual(['file_missing', 'row_without_file']);
    expect(before.repaired).toEqual([]);
    expect(kindsOf(after.findings)).toEqual(['file_missing']);
    expect(rows).toEqual([{ predictions_url: null, diagnostics_url: null }]);
    await database.query('DELETE FROM models WHERE id = $1', [row]);
  });

  test('fixed places that an execution has written before it crashed are put back', async () => {
    const arn = await machines.start('train-station', {
      ...training,
      overwrite: true,
      station_id: station.id,
    });
    while (machines.waitsFor(arn) !== 'publishModel') await machines.step(arn);
    const started = machines.resultOf(arn, 'prepareRun') as Run;
    const { TrainingJobName, ModelArtifacts } = machines.resultOf(arn, 'createTrainingJob.sync') as {
      TrainingJobName: string;
      ModelArtifacts: { S3ModelArtifacts: string };
    };
    await writeFixedPlaces({
      run: started,
      dataset: { value_source: null },
      training: { job: TrainingJobName, artifact: ModelArtifacts.S3ModelArtifacts },
      snapshot_at: '2026-04-01T12:00:20.000Z',
      outcome: 'published',
      images: 18,
      imagesets: [],
    });
    const torn = await readJson(inModelBucket(keys.fixed.manifest), modelManifest);
    await writeJson(inModelBucket(keys.fixed.manifest), { ...torn, files: [] });
    expect(kindsOf((await verify(station.id)).findings)).toEqual([]); // it still runs
    await machines.stop(arn);

    const { found, left, failed } = await verifyTwice(station.id);

    const { model_uuid } = await readJson(inModelBucket(keys.fixed.manifest), modelManifest);
    expect({ found, left, failed }).toEqual({ found: ['publication_torn'], left: [], failed: [] });
    expect(model_uuid).toBe(uuid);
    // A redrive needs its claim, which therefore stays.
    await machines.redrive(arn);
    while (machines.waitsFor(arn)) await machines.step(arn);
    expect(await machines.describe(arn)).toMatchObject({ status: 'SUCCEEDED' });
    expect(kindsOf((await verify(station.id)).findings)).toEqual([]);
  });

  test('public files whose row is gone are deleted only for who confirms it, and what they were made from stays', async () => {
    await run('train-station', { ...training, model_code: 'B', station_id: station.id });
    const { rows } = await database.query(
      `DELETE FROM models WHERE station_id = $1 AND code = 'B' RETURNING uuid`,
      [station.id],
    );
    await database.query(`UPDATE models SET "default" = true WHERE station_id = $1 AND uuid = $2`, [
      station.id,
      uuid,
    ]);

    const before = await verify(station.id, { repair: true });
    const after = await verify(station.id, { repair: true, confirmed: true });

    const lost = rows[0].uuid as string;
    expect(kindsOf(before.findings)).toEqual(['files_without_row']);
    expect(kindsOf(after.findings)).toEqual([]);
    expect(await Array.fromAsync(listObjects(buckets.storage, `models/${lost}/`))).toEqual([]);
    expect(await findSize(inModelBucket(versionKeys(RANK, station.id, 'B', lost).model))).not.toBeNull();
  });

  test('public predictions with smoothed scores are rebuilt with them', async () => {
    const other = await insertGoldStation(database);
    await run('train-station', { ...training, station_id: other.id, smoothing_hours: 12 });
    const { rows } = await database.query('SELECT uuid FROM models WHERE station_id = $1', [other.id]);
    const location = inStorage(publishedKeys(rows[0].uuid, 'A').predictions);
    const published = await readText(location);
    await deleteObject(location);

    const { repaired } = await verify(other.id, { repair: true });

    expect(repaired).toHaveLength(1);
    expect(published.split('\n')[0]).toMatch(/,score,smoothed_score$/);
    expect(await readText(location)).toBe(published);
  });

  test('counts that are not those of the manifest are named', async () => {
    const other = await insertGoldStation(database);
    await run('train-station', { ...training, station_id: other.id });
    const { rows } = await database.query('SELECT uuid FROM models WHERE station_id = $1', [other.id]);
    const own = versionKeys(RANK, other.id, 'A', rows[0].uuid);
    const manifest = await readJson(inModelBucket(own.manifest), modelManifest);
    await writeJson(inModelBucket(own.manifest), { ...manifest, images: manifest.images + 1 });

    const { findings } = await verify(other.id);

    expect(findings).toEqual([
      expect.objectContaining({ kind: 'count_differs', found: expect.stringMatching(/^18 rows/) }),
    ]);
  });
});

describe('a station that upstream’s scripts have published', () => {
  let station: Station;
  let uuid: string;
  let fixed: ReturnType<typeof modelKeys>;
  let published: ReturnType<typeof publishedKeys>;
  const CODE = 'RANK-FLOW-20250601';
  const TABLE = [
    'split,image_id,timestamp,filename,url,value,score',
    'train,1,2025-03-01T15:00:00Z,imagesets/x/images/a.jpg,https://x/a.jpg,1.5,0.25',
    'val,2,2025-03-02T15:00:00Z,imagesets/x/images/b.jpg,https://x/b.jpg,,-1.5',
    '',
  ].join('\n');

  /** As its scripts leave rows and files: no manifest, addresses without places, an answer for each photo. */
  beforeEach(async () => {
    denied = null;
    station = await insertGoldStation(database);
    uuid = randomUUID();
    fixed = modelKeys(RANK, station.id, CODE);
    published = publishedKeys(uuid, CODE);
    const write = (at: { bucket: string; key: string }, body = 'x') => writeObject(at, body, 'text/plain');
    await write(inModelBucket(fixed.input.summary), '{"args":{"options":{"min_hour":7,"max_hour":18}}}');
    await write(inModelBucket(`${fixed.jobs}/fpe-rank-20250601-120000/output/model.tar.gz`), 'model');
    await write(inModelBucket(fixed.transform.images));
    await write(inModelBucket(`${fixed.imagesets}/x/images/a.jpg.out`), '{"score": 0.25}');
    await write(inModelBucket(fixed.transform.predictions), TABLE);
    await write(inStorage(published.predictions), TABLE);
    await write(inStorage(published.report), '<html></html>');
    await write(inStorage(published.model), 'model');
    await insertRow(database, 'models', {
      ...{ station_id: station.id, model_type_id: 'RANK', variable_id: 'FLOW_CFS', code: CODE, uuid },
      ...{ default: true, status: 'DONE' },
      predictions_url: regionalUrl(inStorage(published.predictions), 'us-west-2'),
      diagnostics_url: regionalUrl(inStorage(published.report), 'us-west-2'),
    });
  });

  test('is well', async () => {
    expect(await verify(station.id)).toMatchObject({ findings: [], unchecked: [], models: 1 });
  });

  test.each<[string, string[], () => Promise<unknown>]>([
    ['an archive that is gone', ['file_missing'], () => deleteObject(inStorage(published.model))],
    ['predictions that are gone', ['row_without_file'], () => deleteObject(inStorage(published.predictions))],
    [
      'predictions that are no table',
      ['predictions_differ'],
      () => writeObject(inStorage(published.predictions), '<Error/>', 'text/csv'),
    ],
    [
      'two defaults',
      ['several_defaults'],
      () =>
        database.query(
          `INSERT INTO models (station_id, model_type_id, variable_id, code, "default", status, updated_at)
           VALUES ($1, 'RANK', 'FLOW_CFS', 'RANK-FLOW-20240101', true, 'DONE', '2024-01-01')`,
          [station.id],
        ),
    ],
    [
      'predictions of an imageset that are missing, where later photos were scored',
      ['imageset_predictions'],
      async () => {
        await copyObject(
          inStorage(published.predictions),
          inStorage(published.predictions.replace('.csv', '-train.csv')),
          'text/csv',
        );
        const more = 'test-out,3,2025-07-01T15:00:00Z,imagesets/y/images/c.jpg,https://x/c.jpg,,0.5\n';
        await writeObject(inStorage(published.predictions), TABLE + more, 'text/csv');
      },
    ],
  ])('%s: is named, repaired, and then well', async (_, kinds, plant) => {
    await plant();

    const { found, left, failed } = await verifyTwice(station.id);

    expect({ found, left, failed }).toEqual({ found: kinds, left: [], failed: [] });
  });

  test('rows without a score and out of order are a remark, as the next scoring puts them right', async () => {
    const [header, first, second] = TABLE.split('\n') as [string, string, string];
    const table = [header, second, first.replace(/0\.25$/, ''), ''].join('\n');
    await writeObject(inStorage(published.predictions), table, 'text/csv');
    await writeObject(inModelBucket(fixed.transform.predictions), table, 'text/csv');

    const { findings } = await verify(station.id);

    expect(findings).toEqual([expect.objectContaining({ kind: 'predictions_differ', severity: 'remark' })]);
  });

  test('a report that is gone is unlinked for who confirms it', async () => {
    await deleteObject(inStorage(published.report));

    const { found, left } = await verifyTwice(station.id, true);

    expect({ found, left }).toEqual({ found: ['row_without_file'], left: [] });
  });

  test('two rows of one code are left to a person', async () => {
    await insertRow(database, 'models', {
      ...{
        station_id: station.id,
        model_type_id: 'RANK',
        variable_id: 'FLOW_CFS',
        code: CODE,
        status: 'DONE',
      },
    });

    const { found, left } = await verifyTwice(station.id);

    expect(found).toEqual(['repeated_code']);
    expect(left).toEqual([expect.objectContaining({ repair: null })]);
  });
});

test('a folder that no row of any station names is found among all', async () => {
  denied = null;
  const stray = randomUUID();
  await writeObject(inStorage(`models/${stray}/predictions.csv`), 'x', 'text/csv');
  const { rows } = await database.query('SELECT DISTINCT station_id FROM models');
  const looks = await Promise.all(rows.map((row) => verify(row.station_id)));

  const findings = await findStrayFolders(buckets, new Set(looks.flatMap(({ uuids }) => uuids)));

  expect(findings.map(({ where }) => where)).toEqual([`s3://${buckets.storage}/models/${stray}/`]);
});

test.each<[string, string | null, string[]]>([
  ['is not there', null, []],
  [
    'is sound',
    '{"execution_arn":"arn:a","started_at":"2026-11-24T08:00:00.000Z","schedule":null,"scheduled_at":null}',
    [],
  ],
  ['is cut off', '{"execution_arn":', ['claim_unreadable']],
  ['lacks its execution', '{"started_at":"2026-11-24T08:00:00.000Z"}', ['claim_unreadable']],
])('the claim of refreshes that %s is told of where it lets none begin', async (_, text, kinds) => {
  denied = null;
  const key = 'rank/refreshes/claim.json';
  if (text !== null) await writeObject({ bucket: buckets.model, key }, text, 'application/json');

  const findings = await verifyRefreshClaim(buckets);

  expect(findings.map(({ kind, where }) => [kind, where])).toEqual(
    kinds.map((kind) => [kind, `s3://${buckets.model}/${key}`]),
  );
  if (text !== null) await deleteObject({ bucket: buckets.model, key });
});
