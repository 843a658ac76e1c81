import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { describeImport, describePlan, importCommand } from '../../cli/import.ts';
import { ExportFolderInvalid } from '../../shared/errors.ts';
import type { ImportOptions } from '../../shared/fpe-database/import/import-stations.ts';
import { expectDocumented } from '../support/documented-json.ts';

const SETTINGS = ['STORAGE_BUCKET', 'MODEL_BUCKET'] as const;
const former = Object.fromEntries(SETTINGS.map((name) => [name, process.env[name]]));
beforeEach(() => {
  process.env.STORAGE_BUCKET = 'photos';
  delete process.env.MODEL_BUCKET;
});
afterEach(() => {
  for (const name of SETTINGS) delete process.env[name];
  for (const [name, value] of Object.entries(former)) if (value !== undefined) process.env[name] = value;
});

const STATION = {
  id: 29,
  name: 'Mill Brook',
  synthetic: false,
  images: 1200,
  annotations: 3,
  values: 4000,
  models: 0,
};
const RESULT = {
  stations: [STATION],
  files: { uploaded: 1203, already_there: 2 },
  rows: { inserted: 5203, updated: 1 },
  missing: 0,
  notes: ['2 photos are missing.'],
};
const PLAN = {
  stations: [{ ...STATION, id: null }],
  files: 1205,
  storage: [{ kind: 'photos' as const, files: 1205, bytes: 9000, already_there: 1 }],
  already_there: ['imagesets/a/images/1.jpg'],
  notes: [],
};

/** Runs the command with these arguments. @returns what it did, printed, and showed meanwhile */
async function run(
  args: string[],
  {
    fault,
    result = RESULT,
    isLocal = true,
    hasWeights = true,
    annotated = [
      { variable: 'FLOW', pairs: 119 },
      { variable: 'SNOW', pairs: 2 },
    ],
  }: {
    fault?: Error;
    result?: typeof RESULT;
    isLocal?: boolean;
    hasWeights?: boolean;
    annotated?: { variable: string; pairs: number }[];
  } = {},
) {
  const did: unknown[][] = [];
  const printed: string[] = [];
  const shown: string[] = [];
  const load =
    <Loaded>(name: string, loaded: Loaded) =>
    async (folder: string, { onProgress, ...options }: ImportOptions): Promise<Loaded> => {
      did.push([name, folder, options]);
      onProgress?.({ step: 'check', done: 1, total: 1 });
      if (fault) throw fault;
      return loaded;
    };
  const command = importCommand({
    connect: async (stage: string | undefined, { args: named }: Command) => {
      did.push(['connect', stage, named]);
    },
    importExport: load('import', result),
    planImport: load('plan', PLAN),
    isLocal: () => isLocal,
    hasLocalWeights: async () => hasWeights,
    annotatedVariables: async () => annotated,
    terminal: { write: (text: string) => shown.push(text) } as unknown as typeof process.stderr,
    print: (text) => printed.push(text),
    printJson: (facts) => printed.push(JSON.stringify(facts)),
  });
  const failure = await command.parseAsync(args, { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { did, printed: printed.join('\n'), shown, failure };
}

describe('fpe import', () => {
  test('connects, then loads the folder, and says what it did and how to go on', async () => {
    const { did, printed, shown } = await run(['/exports/mill-brook']);

    expect(did).toEqual([
      ['connect', undefined, ['/exports/mill-brook']],
      ['import', '/exports/mill-brook', { storageBucket: 'photos', modelBucket: undefined }],
    ]);
    expect(printed.split('\n')).toEqual([
      'Station 29 “Mill Brook”: 1,200 photos, 3 annotation sessions, 4,000 observed values',
      'Files in photos: 1,203 copied, 2 already there',
      'Rows: 5,203 added, 1 updated (photos, sessions and values, and the stations, sets, users and variables that they belong to)',
      '',
      'Note: 2 photos are missing.',
      '',
      'To train a model: ./fpe start 29',
    ]);
    expect(shown).toEqual([expect.stringContaining('1 of 1 stations')]);
  });

  test.each([
    ['on the local stack', {}, [], 'To train a model: ./fpe start 29'],
    [
      'on a local stack without ImageNet weights',
      { hasWeights: false },
      [],
      'To train a model: ./fpe start 29 --pretrained false (or first, once: ./fpe weights, for the ImageNet weights)',
    ],
    [
      'where photos were compared by another variable alone',
      { annotated: [{ variable: 'STAGE', pairs: 500 }], hasWeights: false },
      [],
      `To train a model: ./fpe start '{"station_id":29,"variable_code":"STAGE_FT"}' --pretrained false (or first, once: ./fpe weights, for the ImageNet weights)`,
    ],
    ['in a stage', { isLocal: false }, ['--stage', 'dev'], 'To train a model: ./fpe start 29 --stage dev'],
    [
      'of a station without annotations',
      { result: { ...RESULT, stations: [{ ...STATION, annotations: 0 }] } },
      [],
      'Station 29 has no annotations yet, which a training learns from. Compare pairs of its photos, on FPE’s website or as docs/stations.md says, then import them.',
    ],
    [
      'of a station with too few pairs',
      { annotated: [{ variable: 'FLOW', pairs: 118 }] },
      [],
      'Station 29 has 118 annotation pairs for FLOW_CFS, and a training needs 119. Compare more pairs of its photos, on FPE’s website or as docs/stations.md says, then import them.',
    ],
    [
      'of a station whose photos are not all there',
      { result: { ...RESULT, missing: 2 } },
      [],
      'Once the missing files are there, to train a model: ./fpe start 29',
    ],
    // Whose machine would it be?
    ['into a database of one’s own', { isLocal: false }, [], 'Note: 2 photos are missing.'],
  ])('%s says what can be done next', async (_, situation, args, expected) => {
    const { printed } = await run(['/exports', ...args], situation);

    expect(printed.split('\n').at(-1)).toBe(expected);
  });

  test('with --dry-run only says what it would load', async () => {
    const { did, printed } = await run(['/exports/mill-brook', '--dry-run']);

    expect(did.map(([name]) => name)).toEqual(['connect', 'plan']);
    expect(printed).toContain('New station “Mill Brook”: 1,200 photos');
    expect(printed).toContain('Already there: imagesets/a/images/1.jpg');
    expect(printed).toMatch(/\nNothing was written\.$/);
  });

  test('says which station is synthetic, before and after it is loaded', () => {
    const stations = [{ ...STATION, name: 'Mill\nBrook', synthetic: true }];

    expect(describeImport({ ...RESULT, stations }, 'storage')).toMatch(
      /^Station 29 “Mill Brook, synthetic”: /,
    );
    expect(describePlan({ ...PLAN, stations }, 'storage')).toMatch(/^Station 29 “Mill Brook, synthetic”: /);
  });

  test('prints with --json what docs/commands.md says', async () => {
    const imported = JSON.parse((await run(['/exports', '--json'])).printed);
    const planned = JSON.parse((await run(['/exports', '--dry-run', '--json'])).printed);

    expect(imported).toEqual({ ...RESULT, notes: ['2 photos are missing.'] });
    expectDocumented('import', imported);
    expectDocumented('import', planned, { example: 1 });
  });

  test('takes stage and bucket from its options', async () => {
    process.env.MODEL_BUCKET = 'models';

    const { did } = await run(['/exports', '--stage', 'prod', '--bucket', 'other']);

    expect(did).toEqual([
      ['connect', 'prod', ['/exports']],
      ['import', '/exports', { storageBucket: 'other', modelBucket: 'models' }],
    ]);
  });

  test('hands on why a folder cannot be loaded, and prints no result', async () => {
    const fault = new ExportFolderInvalid({ what: 'no', where: 'a', found: 'b', expected: 'c', fix: 'd' });

    const { failure, printed, shown } = await run(['/exports'], { fault });

    expect(failure).toBe(fault);
    expect(printed).toBe('');
    expect(shown).toHaveLength(1);
  });
});
