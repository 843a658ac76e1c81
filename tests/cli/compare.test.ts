import { afterEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { compareCommand } from '../../cli/compare.ts';
import { stationsOfCode } from '../../cli/model-code.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { MODEL_TYPES } from '../../shared/model-types/registry.ts';
import type { ModelComparison } from '../../shared/publication/model-comparison.ts';
import { LOCAL } from '../fixtures/local-executions.ts';
import { MADE_MODEL } from '../fixtures/made-model.ts';
import { expectDocumented } from '../support/documented-json.ts';

/** Of models that have too few pairs and photos in common. */
const NONE = { n: 0, now: null, before: null, difference: null };
const TOO_FEW: ModelComparison = {
  ...{ verdict: 'unclear', decided_by: null, familiar: 0, untold: { pairs: 0, photos: 0 } },
  ...{ pairs: NONE, photos: NONE },
};

const metric = (name: string, value: number | null, unit = 'tau') => ({
  name,
  value,
  unit,
  definition: 'what it is',
});
const file = (model_code: string, ...metrics: object[]) => ({
  ...{ station_id: 29, synthetic: null, model_code, variable_id: 'FLOW_CFS', files: [] },
  metrics: [metric('pairs.val', 111, 'pairs'), ...metrics] as never,
});
const OLD = file(
  'OLD',
  metric('kendall_tau.overall', 0.7),
  metric('kendall_tau.val', 0.8),
  metric('only.old', 1),
);
const NEW = file(
  'NEW',
  metric('kendall_tau.overall', 0.77002),
  metric('kendall_tau.val', 0.8),
  metric('none', null),
);

const KEYS = ['OLD', 'NEW'].map((code) => `rank/29/models/${code}/metrics.json`);

/** Compares two models. @returns what it read and printed, and why it failed */
async function run(
  args: string[],
  [one, other]: [object, object] = [OLD, NEW],
  {
    bucket = 'models',
    files = KEYS,
    stations,
    comparison = TOO_FEW,
  }: {
    bucket?: string | null;
    files?: string[];
    /** Of codes, which name no execution. */
    stations?: Record<string, number[]>;
    comparison?: ModelComparison | null;
  } = {},
) {
  const read: string[] = [];
  const printed: string[] = [];
  const facts: unknown[] = [];
  const compared: string[][] = [];
  const command = compareCommand({
    connect: async () => ({ connection: LOCAL, machineArns: [], modelBucket: bucket }),
    findExecution: async (name) => {
      if (stations?.[String(name)]) throw new UsageError(`There is no execution ${name}.`);
      return String(name);
    },
    requireAskedStation: async (id) => {
      if (id === 9) throw new UsageError('There is no station 9 in the database.');
    },
    stationsOfCode: async (_bucket, code) => stations?.[code] ?? [],
    findMadeModel: async (arn) => {
      const keys = { metrics: `${arn}/metrics.json`, transform: { predictions: `${arn}/predictions.csv` } };
      return { ...MADE_MODEL, keys } as never;
    },
    findComparison: async (_type, _bucket, keys, { key }) => {
      compared.push([keys.transform.predictions, key]);
      return comparison;
    },
    readMetrics: async (_bucket, key) => {
      read.push(key);
      return (read.length === 1 ? one : other) as never;
    },
    findMetrics: async (_bucket, key) => {
      if (!files.includes(key)) return null;
      read.push(key);
      return (read.length === 1 ? one : other) as never;
    },
    columns: () => undefined,
    print: (text) => printed.push(text),
    printJson: (found) => facts.push(found),
  });
  const program = new Command().addCommand(command);
  const failure = await program.parseAsync(['compare', ...args], { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { read, lines: printed.join('\n').split('\n'), facts, compared, failure };
}

describe('fpe compare', () => {
  test('shows the numbers that differ, side by side', async () => {
    const { read, lines } = await run(['try-1', 'try-2']);

    expect(read).toEqual(['try-1/metrics.json', 'try-2/metrics.json']);
    expect(lines).toEqual([
      'NUMBER               OLD  NEW   SECOND − FIRST  UNIT',
      'kendall_tau.overall  0.7  0.77  0.07            tau',
    ]);
  });

  const COMPARISON: ModelComparison = {
    verdict: 'unclear',
    decided_by: null,
    pairs: { n: 111, now: 0.82, before: 0.8, difference: { low: -0.03, high: 0.07 } },
    familiar: 0,
    untold: { pairs: 0, photos: 3 },
    photos: { n: 240, now: 0.7, before: 0.68, difference: { low: -0.01, high: 0.05 } },
  };

  test('begins with whether the second is better, by the scores of both', async () => {
    const { lines, compared } = await run(['a', 'b'], [OLD, NEW], { comparison: COMPARISON });

    expect(compared).toEqual([['b/predictions.csv', 'a/predictions.csv']]);
    expect(lines.slice(0, 4)).toEqual([
      'NEW shows no clear difference from OLD.',
      'Of 111 held-out pairs, NEW orders 82.0 % as the annotators did, and OLD 80.0 % (95 % interval of the difference -3.0 to 7.0 percentage points).',
      'Kendall tau over 240 photos that NEW has not learned from, and OLD may have from 3, is 0.70 for NEW and 0.68 for OLD (95 % interval of the difference -0.01 to 0.05).',
      '',
    ]);
    const { facts } = await run(['a', 'b', '--json'], [OLD, NEW], { comparison: COMPARISON });
    expectDocumented('compare', facts[0]);
    expect(facts[0]).toMatchObject({
      comparison: { pairs: { perhaps_learned: 0 }, photos: { perhaps_learned: 3 } },
    });
  });

  test.each<[string, object, object, string | null]>([
    ['one', {}, { synthetic: false }, null],
    [
      'a synthetic one',
      { synthetic: true },
      {},
      'Station 29 is synthetic: a program made up its photos, values and annotators.',
    ],
  ])('says of %s what it is', async (_, one, other, said) => {
    const { lines } = await run(
      ['a', 'b'],
      [
        { ...OLD, ...one },
        { ...NEW, ...other },
      ],
    );
    const { facts } = await run(
      ['a', 'b', '--json'],
      [
        { ...OLD, ...one },
        { ...NEW, ...other },
      ],
    );

    expect(lines.find((line) => line.includes('synthetic')) ?? null).toBe(said);
    const told = [one, other].map((of) => ('synthetic' in of ? of.synthetic : null));
    expect(facts[0]).toMatchObject({ models: told.map((synthetic) => ({ synthetic })) });
  });

  test('refuses a station that there is not', async () => {
    const of = async (station: string) =>
      (await run(['A', 'B', '--station', station], [OLD, NEW], { files: [] })).failure;

    expect(await of('9')).toEqual(new UsageError('There is no station 9 in the database.'));
    expect((await of('30')).message).toMatch(/^Station 30 has no metrics\.json of a model A/);
  });

  test.each<[string, string[], [object, object]]>([
    ['of two stations', ['a', 'b'], [OLD, { ...NEW, station_id: 41 }]],
    ['of two variables', ['a', 'b'], [OLD, { ...NEW, variable_id: 'STAGE_FT' }]],
    ['that are one and the same', ['a', 'a'], [OLD, OLD]],
  ])('judges no models %s', async (_, args, files) => {
    const { lines, compared } = await run(args, files, { comparison: COMPARISON });

    expect(compared).toEqual([]);
    expect(lines.join()).not.toContain('difference from');
  });

  test('with --all shows also those that are equal, and those of one alone', async () => {
    const { lines } = await run(['try-1', 'try-2', '--all']);

    expect(lines).toContain('kendall_tau.val      0.8  0.8   0               tau');
    expect(lines).toContain('only.old             1    –     –               tau');
  });

  test('says so where it cannot be told which of the two is better', async () => {
    const { lines } = await run(['a', 'b'], [OLD, NEW], { comparison: null });

    expect(lines[0]).toMatch(
      /^Which of the two is better cannot be told: files of theirs are gone or damaged, .* predictions\.csv of NEW does not say/,
    );
  });

  test('begins with the agreement with observed values, and keeps the order of the rest', async () => {
    const other = file('NEW', metric('epochs', 7), metric('kendall_tau.val', 0.9), metric('a.first', 2));

    const { lines } = await run(['try-1', 'try-2', '--all'], [OLD, other]);

    expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual([
      ...['kendall_tau.overall', 'kendall_tau.val'],
      ...['pairs.val', 'only.old', 'epochs', 'a.first'],
    ]);
  });

  test('says so where as many photos and pairs are not the same ones', async () => {
    const files = (pairs: string) => [
      { name: 'input/images.csv', sha256: 'a' },
      { name: 'input/pairs.csv', sha256: pairs },
      { name: 'model.tar.gz', sha256: `model of ${pairs}` },
    ];

    const { lines } = await run(
      ['a', 'b'],
      [
        { ...OLD, files: files('b') },
        { ...NEW, files: files('c') },
      ],
    );
    const { lines: same } = await run(
      ['a', 'b'],
      [
        { ...OLD, files: files('b') },
        { ...NEW, files: files('b') },
      ],
    );

    expect(lines[0]).toBe(
      'They are not of the same photos and pairs: input/pairs.csv (pairs or their split) has another content.',
    );
    expect(same[0]).toMatch(/^NUMBER/);
  });

  test('says where they are not of the same photos and pairs', async () => {
    const { lines } = await run(
      ['a', 'b'],
      [OLD, { ...NEW, station_id: 41, metrics: [metric('pairs.val', 98)] }],
    );

    expect(lines[0]).toBe(
      'They are not of the same photos and pairs: stations 29 and 41, pairs.val 111 and 98.',
    );
  });

  test('says where they share no number, and leaves out differences that nobody would see', async () => {
    const [one, other] = [
      { ...OLD, metrics: [metric('pairs.val', 0.50001)] },
      { ...OLD, metrics: [metric('pairs.val', 0.50002)] },
    ];
    const none = { ...OLD, metrics: [metric('only.this', 1)] };

    expect((await run(['a', 'b'], [one, none])).lines).toEqual([
      'They have no number in common; --all shows those of each.',
    ]);
    expect((await run(['a', 'b'], [one, other])).lines.at(-1)).toBe(
      'Their numbers are the same, to four decimals.',
    );
  });

  test('says where they are the same', async () => {
    expect((await run(['a', 'a'], [OLD, OLD])).lines).toEqual([
      'Their numbers are the same, to four decimals.',
    ]);
  });

  test('with --station reads the newest models of two codes', async () => {
    const { read } = await run(['OLD', 'NEW', '--station', '29']);

    expect(read).toEqual(KEYS);
  });

  describe('where there are several types of models', () => {
    const TYPES = MODEL_TYPES as Record<string, object>;
    const tiny = KEYS.map((key) => key.replace('rank/', 'tiny/'));
    afterEach(() => {
      delete TYPES.TINY;
    });
    const runWithTypes = (...args: Parameters<typeof run>) => {
      TYPES.TINY = { ...MODEL_TYPES.RANK, name: 'Tiny', prefix: 'tiny/' };
      return run(...args);
    };
    const codes = ['OLD', 'NEW', '--station', '29'];

    test('finds each code in its type', async () => {
      const files = [KEYS[0] as string, tiny[1] as string];

      expect((await runWithTypes(codes, [OLD, NEW], { files })).read).toEqual(files);
    });

    test('asks for the type of a code that two have, and takes it', async () => {
      const options = { files: [...KEYS, ...tiny] };
      const { failure } = await runWithTypes(codes, [OLD, NEW], options);

      expect(failure).toBeInstanceOf(UsageError);
      expect(failure.message).toBe(
        'Station 29 has models OLD of RANK and TINY. Say which: --model-type RANK',
      );
      const { read } = await runWithTypes([...codes, '--model-type', 'TINY'], [OLD, NEW], options);
      expect(read).toEqual(tiny);
    });
  });

  test('finds the station of two codes where one alone has both', async () => {
    const stations = { OLD: [29, 41], NEW: [7, 29] };

    const { read, failure } = await run(['OLD', 'NEW'], [OLD, NEW], { stations });

    expect(failure).toBeNull();
    expect(read).toEqual(KEYS);
  });

  test('compares an execution with a code that one station has', async () => {
    const { read } = await run(['try-1', 'NEW'], [OLD, NEW], { stations: { NEW: [29] } });

    expect(read).toEqual(['try-1/metrics.json', KEYS[1]]);
  });

  test.each<[string, string[], Record<string, number[]>, string]>([
    [
      'several stations have both codes',
      ['OLD', 'NEW', '--all'],
      { OLD: [29, 41], NEW: [29, 41] },
      'Stations 29, 41 have models OLD and NEW. Say which, such as: ./fpe compare OLD NEW --all --station 29',
    ],
    [
      'several have the only code',
      ['try-1', 'NEW'],
      { NEW: [29, 41] },
      'Stations 29, 41 have models NEW. Name its execution instead; they are listed by: ./fpe list --station ID',
    ],
    [
      'no station has both codes',
      ['OLD', 'NEW'],
      { OLD: [29], NEW: [41] },
      'No station has models of both codes, OLD and NEW. To compare models of two stations, name their executions: ./fpe list',
    ],
    [
      'it is neither an execution nor a code',
      ['OLD', 'NEW'],
      { OLD: [29], NEW: [] },
      'No station has a model NEW. There is no execution NEW.',
    ],
  ])('says what to name where %s', async (_, args, stations, message) => {
    const { failure, read } = await run(args, [OLD, NEW], { stations });

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toBe(message);
    expect(read).toEqual([]);
  });

  test('looks for a code at the fixed places of every station of the bucket', async () => {
    const asked: string[] = [];

    const stations = await stationsOfCode('models', 'OLD', {
      listFolders: async () => ['passing', '41', '7', '29', 'refreshes'],
      findSize: async ({ bucket, key }) => {
        asked.push(`${bucket}/${key}`);
        return key.startsWith('rank/7/') ? null : 12;
      },
    });

    expect(stations).toEqual([29, 41]);
    expect(asked.sort()).toEqual(['29', '41', '7'].map((id) => `models/rank/${id}/models/OLD/metrics.json`));
  });

  test('says which code the station has no model of', async () => {
    const { failure } = await run(['OLD', 'X', '--station', '29']);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toBe(
      'Station 29 has no metrics.json of a model X (RANK). Which models there are: ./fpe models, and of one station: ./fpe models --station ID',
    );
  });

  test('takes a type only of codes', async () => {
    expect((await run(['a', 'b', '--model-type', 'RANK'])).failure.message).toBe(
      '--model-type is for model codes, and these are executions. Leave it out.',
    );
  });

  test('prints with --json what docs/commands.md says', async () => {
    const { facts } = await run(['a', 'b', '--json']);

    expectDocumented('compare', facts[0]);
  });

  test('needs the model bucket', async () => {
    const { failure } = await run(['a', 'b'], [OLD, NEW], { bucket: null });

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toBe('Which model bucket? Give --stage NAME, or set MODEL_BUCKET.');
  });
});
