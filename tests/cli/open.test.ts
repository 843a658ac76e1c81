import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { openCommand } from '../../cli/open.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { LOCAL_STAGE } from '../../local/account.ts';
import {
  LOCAL,
  REFRESH_ARN,
  REFRESH_MACHINE,
  TRAIN_ARN,
  TRAIN_MACHINE,
} from '../fixtures/local-executions.ts';
import { MADE_MODEL } from '../fixtures/made-model.ts';

const environment = { ...process.env };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-open-'));
  delete process.env.AWS_ENDPOINT_URL_SFN;
  process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:4566';
});
afterEach(() => {
  process.env = { ...environment };
  rmSync(folder, { recursive: true });
});

type Situation = {
  stack?: boolean;
  /** Options of the program. */
  place?: string[];
  /** Whether S3 answers at the address of the environment. */
  answers?: boolean;
  model?: object;
  bucket?: string | null;
  newest?: string[];
  refresh?: object | null;
  /** Key of the manifest of a model code → uuid of the model. */
  manifests?: Record<string, string>;
  /** Keys of the storage bucket. */
  published?: string[];
  /** What a stack that has ended has left: executions by name → their output, and keys of the model bucket → content. */
  kept?: { executions?: Record<string, object>; objects?: Record<string, string> };
};

const REFRESH = {
  refresh_id: 'r',
  status: 'refreshed',
  note: 'Started by hand.',
  counts: { stations: 1, train: 0, score: 0, nothing: 1, succeeded: 0, failed: 0 },
  stations: [],
  stations_left_out: 0,
  late: [],
  result_uri: 's3://models/rank/refreshes/r/result.csv',
};

/** Runs the command below a program with its options. @returns what it printed, opened and read, and why it failed */
async function run(
  args: string[],
  {
    place = ['--folder', folder],
    stack = true,
    answers = false,
    model = MADE_MODEL,
    bucket = 'models',
    newest = [TRAIN_ARN],
    refresh = REFRESH,
    manifests = {},
    published = [],
    kept = {},
  }: Situation = {},
) {
  const printed: string[] = [];
  const remarks: string[] = [];
  const opened: string[] = [];
  const read: unknown[] = [];
  const command = openCommand({
    connect: async () => ({
      connection: LOCAL,
      machineArns: [TRAIN_MACHINE, REFRESH_MACHINE],
      modelBucket: bucket,
    }),
    findExecution: async () => TRAIN_ARN,
    requireAskedStation: async (id) => {
      if (id === 9) throw new UsageError('There is no station 9 in the database.');
    },
    newestExecutions: async (machine, count, status) => {
      expect([count, status]).toEqual([1, 'SUCCEEDED']);
      if (machine === REFRESH_MACHINE && newest.length > 0) return [{ executionArn: REFRESH_ARN }] as never;
      return newest.map((executionArn) => ({ executionArn })) as never;
    },
    findMadeModel: async () => model as never,
    describeExecution: async () =>
      ({
        status: refresh ? 'SUCCEEDED' : 'RUNNING',
        ...(refresh && { output: JSON.stringify(refresh) }),
      }) as never,
    findRunningStack: async () => (stack ? ({ folder } as never) : null),
    answersAt: async () => answers,
    keptExecutions: () =>
      Object.entries(kept.executions ?? {}).map(([name, output], index) => ({
        ...{ name, status: 'SUCCEEDED', startDate: index, input: '{}', output: JSON.stringify(output) },
        executionArn: ('refresh_id' in output ? REFRESH_ARN : TRAIN_ARN).replace(/[^:]+$/, name),
      })) as never,
    keptObject: (_, { bucket: of, key }) =>
      ['models', 'fpe-local-models', LOCAL_STAGE.storageBucket].includes(of) && kept.objects?.[key]
        ? Buffer.from(kept.objects[key])
        : null,
    findManifest: async (_, key) => (manifests[key] ? ({ model_uuid: manifests[key] } as never) : null),
    storageBucket: () => 'photos',
    hasObject: async (bucket, key) => bucket === 'photos' && published.includes(key),
    readPublicCopy: async () => null,
    readBytes: async (location) => {
      read.push(location);
      return Buffer.from('<html>') as never;
    },
    show: (address) => opened.push(address),
    print: (address) => printed.push(address),
    remark: (text) => remarks.push(text),
  });
  const program = new Command().option('--folder <folder>').option('--machine <name>').addCommand(command);
  const failure = await program.parseAsync(['open', ...place, ...args], { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { printed, remarks, opened, read, failure };
}

const S3 = 'http://127.0.0.1:4566/photos/models/0b2f6a8c';
const fileIn = (...path: string[]) => pathToFileURL(join(folder, 'results', ...path)).href;
const copyIn = (...path: string[]) => pathToFileURL(join(folder, 'copies', ...path)).href;

describe('fpe open', () => {
  test('refuses a station that there is not, where a stack runs whose database can say so', async () => {
    const of = async (station: string, situation = {}) =>
      (await run(['--station', station, '--model-code', 'A'], situation)).failure?.message;

    expect(await of('9')).toBe('There is no station 9 in the database.');
    expect(await of('30')).toMatch(/^Station 30 has no report of a model A/);
    expect(await of('9', { stack: false, kept: { executions: { a: MADE_MODEL } } })).toMatch(
      /Station 9 has no report/,
    );
  });

  test.each<[string, string[], string]>([
    ['the report of the latest training', [], `${S3}/RANK-FLOW-A.html`],
    ['the scores of an execution', ['predictions', 'try-1'], `${S3}/predictions.csv`],
  ])('prints and opens where the storage bucket shows %s', async (_, args, address) => {
    const { printed, opened, read } = await run(args);

    expect([printed, opened, read]).toEqual([[address], [address], []]);
  });

  test('with --print opens nothing', async () => {
    expect((await run(['--print'])).opened).toEqual([]);
  });

  test.each<[string, string, object]>([
    ['input', 'input/input.html', MADE_MODEL],
    ['dataset', 'dataset/dataset.html', MADE_MODEL],
    ['intervals', 'transform/predictions-intervals.csv', MADE_MODEL],
    ['report', 'RANK-FLOW-A.html', { ...MADE_MODEL, diagnostics_url: null }],
  ])('copies what is not public from the model bucket: %s', async (what, key, model) => {
    const { printed, read } = await run([what, 'try-1'], { model });

    expect(read).toEqual([{ bucket: 'models', key: `rank/29/models/RANK-FLOW-A/versions/0b2f6a8c/${key}` }]);
    expect(printed).toEqual([copyIn('0b2f6a8c', key.split('/').at(-1) as string)]);
    expect(readFileSync(new URL(printed[0] as string), 'utf8')).toBe('<html>');
  });

  test.each<[string, string, string]>([
    ['report', 'RANK-FLOW-A.html', 'RANK-FLOW-A.html'],
    ['input', 'input/input.html', 'input.html'],
    ['dataset', 'dataset/dataset.html', 'dataset.html'],
    ['predictions', 'transform/predictions.csv', 'predictions.csv'],
  ])('copies the %s of a model code, whose execution may be forgotten', async (what, key, name) => {
    const { printed, read, failure } = await run(
      [what, '--station', '29', '--model-code', 'RANK-FLOW-A', '--model-type', 'RANK'],
      { manifests: { 'rank/29/models/RANK-FLOW-A/model.json': 'c4' } },
    );

    expect(failure).toBe(null);
    expect(read).toEqual([{ bucket: 'models', key: `rank/29/models/RANK-FLOW-A/versions/c4/${key}` }]);
    expect(printed).toEqual([copyIn('c4', name)]);
  });

  test.each(['report', 'predictions'])(
    'shows the %s of a model code as it is published, where it is',
    async (what) => {
      const name = what === 'report' ? 'RANK-FLOW-A.html' : 'predictions.csv';
      process.env.AWS_REGION = 'us-west-2';

      const { printed, read } = await run([what, '--station', '29', '--model-code', 'RANK-FLOW-A'], {
        manifests: { 'rank/29/models/RANK-FLOW-A/model.json': 'c4' },
        published: [`models/c4/${name}`],
      });

      expect(read).toEqual([]);
      expect(printed).toEqual([`http://127.0.0.1:4566/photos/models/c4/${name}`]);
    },
  );

  test.each<[string, string[], Situation, string]>([
    [
      'the station has no such model',
      ['--station', '29', '--model-code', 'RANK-X'],
      {},
      'Station 29 has no report of a model RANK-X (RANK). Which models there are: ./fpe models, and of one station: ./fpe models --station ID',
    ],
    ['no code is given', ['--station', '29'], {}, 'Which model? Give --station ID and --model-code CODE'],
    ['no station is given', ['--model-code', 'A'], {}, 'Which model?'],
    [
      'an execution is given, too',
      ['report', 'try-1', '--station', '29', '--model-code', 'A'],
      {},
      'Give an execution, or --station ID and --model-code CODE, not both',
    ],
    ['no bucket is known', ['--station', '29', '--model-code', 'A'], { bucket: null }, 'no bucket is named'],
    [
      'the type alone is given',
      ['--model-type', 'RANK'],
      {},
      '--model-type is for the model of --model-code',
    ],
    ['a table is asked for', ['table', '--station', '29'], {}, 'A table is of a refresh, not of a model'],
  ])('of a model code says what to do where %s', async (_, args, situation, message) => {
    const { failure, read } = await run(args, situation);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain(message);
    expect(read).toEqual([]);
  });

  test.each<[string, string[]]>([
    ['of a refresh', ['table', REFRESH_ARN]],
    ['of the latest refresh', ['table']],
  ])('copies the table %s', async (_, args) => {
    const { printed, read, failure } = await run(args);

    expect(failure).toBeNull();
    expect(read).toEqual([{ bucket: 'models', key: 'rank/refreshes/r/result.csv' }]);
    expect(printed).toEqual([copyIn(args[1] ? 'try-1' : 'nightly-1', 'result.csv')]);
  });

  test('opens what npm start has left where the stack has ended', async () => {
    for (const [index, code] of ['OLD', 'NEW'].entries()) {
      mkdirSync(join(folder, 'results', code), { recursive: true });
      writeFileSync(join(folder, 'results', code, `${code}.html`), '');
      utimesSync(join(folder, 'results', code, `${code}.html`), 1000 + index, 1000 + index);
    }

    const { printed, remarks } = await run([], { stack: false });
    const { failure } = await run(['dataset'], { stack: false });

    expect(printed).toEqual([fileIn('NEW', 'NEW.html')]);
    expect(remarks).toEqual([
      'The local stack is not running: this is NEW, the newest that npm start has left. The model of another execution: ./fpe open report NAME',
    ]);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toMatch(
      /^There is no dataset in .*results, and the local stack is not running\./,
    );
  });

  test('opens the newest folder that has the page, whatever else is there', async () => {
    for (const code of ['OLD', 'ONLY-INPUT']) mkdirSync(join(folder, 'results', code), { recursive: true });
    writeFileSync(join(folder, 'results', 'OLD', 'OLD.html'), '');
    writeFileSync(join(folder, 'results', 'ONLY-INPUT', 'input.html'), '');
    writeFileSync(join(folder, 'results', 'notes.txt'), '');
    symlinkSync('/no such folder', join(folder, 'results', 'link'));

    const { printed } = await run([], { stack: false });

    expect(printed).toEqual([fileIn('OLD', 'OLD.html')]);
  });

  const KEPT = {
    executions: { 'try-1': { ...MADE_MODEL, keys: undefined }, 'nightly-1': REFRESH },
    objects: {
      'rank/29/models/RANK-FLOW-A/versions/0b2f6a8c/RANK-FLOW-A.html': 'the report',
      'rank/29/models/RANK-FLOW-A/versions/0b2f6a8c/input/input.html': 'the input',
      'rank/refreshes/r/result.csv': 'the table',
    },
  };
  test.each<[string, string[], string, string]>([
    ['report', ['report', 'try-1'], 'RANK-FLOW-A.html', 'the report'],
    ['input', ['input', 'try-1'], 'input.html', 'the input'],
    ['input page', ['input', TRAIN_ARN], 'input.html', 'the input'],
    ['table', ['table', 'nightly-1'], 'result.csv', 'the table'],
    ['latest table', ['table'], 'result.csv', 'the table'],
  ])('finds the %s of an execution on disk where the stack has ended', async (_, args, name, content) => {
    const { printed, failure } = await run(args, { stack: false, kept: KEPT });

    expect(failure).toBeNull();
    expect(printed).toEqual([copyIn(args[0] === 'table' ? 'nightly-1' : '0b2f6a8c', name)]);
    expect(readFileSync(new URL(printed[0] as string), 'utf8')).toBe(content);
  });

  describe('in a shell that is set up for a local stack', () => {
    beforeEach(() => {
      process.env.AWS_ENDPOINT_URL_SFN = 'http://127.0.0.1:4566';
      process.env.AWS_ACCESS_KEY_ID = 'LOCALKEY';
    });

    test('finds on disk what the stack has left that has ended', async () => {
      const { printed } = await run(['report', 'try-1'], { stack: false, kept: KEPT });
      const { failure } = await run(['table'], { stack: false, place: [] });

      expect(printed).toEqual([copyIn('0b2f6a8c', 'RANK-FLOW-A.html')]);
      expect(failure.message).toMatch(/^The local stack is not running, and has left nothing in /);
    });

    test('asks the stack of another folder that is running', async () => {
      const { printed } = await run([], { stack: false, answers: true, place: [] });

      expect(printed).toEqual([`${S3}/RANK-FLOW-A.html`]);
    });
  });

  test('opens of a stack that has ended what the website showed, where it did', async () => {
    const published = 'models/0b2f6a8c/predictions.csv';

    const { printed } = await run(['predictions', 'try-1'], {
      stack: false,
      kept: { ...KEPT, objects: { ...KEPT.objects, [published]: 'the published scores' } },
    });

    expect(readFileSync(new URL(printed[0] as string), 'utf8')).toBe('the published scores');
  });

  test('opens the latest training of a stack that has ended where npm start has left nothing, and says so', async () => {
    const { printed, remarks, failure } = await run([], { stack: false, kept: KEPT });

    expect(failure).toBeNull();
    expect(printed).toEqual([copyIn('0b2f6a8c', 'RANK-FLOW-A.html')]);
    expect(remarks).toEqual([
      'The local stack is not running: this is of the latest training that it has left.',
    ]);
  });

  test.each([
    ['try-1', TRAIN_MACHINE],
    [undefined, 'train-station'],
  ])('looks in a stack that has ended at the machine that is named: %s of %s', async (given, machine) => {
    const args = ['report', ...(given ? [given] : []), '--machine', machine];

    const { printed } = await run(args, { stack: false, kept: KEPT });

    expect(printed).toEqual([copyIn('0b2f6a8c', 'RANK-FLOW-A.html')]);
  });

  test.each<[string, string[], object, RegExp]>([
    [
      'has no such machine',
      ['--machine', 'nonsense'],
      KEPT,
      /^No state machine is named nonsense .* Found: /,
    ],
    [
      'its machine has no such execution',
      ['report', 'try-1', '--machine', 'refresh-stations'],
      KEPT,
      /has left no execution try-1 in/,
    ],
    [
      'it has left no such execution',
      ['input', 'try-9'],
      KEPT,
      /^The local stack is not running, and has left no execution try-9 in .*\. Start it with \.\/fpe local/,
    ],
    [
      'no refresh has run',
      ['table'],
      { executions: { 'try-1': MADE_MODEL } },
      /^The local stack is not running; to start it: \.\/fpe local\. .*-refresh-stations has succeeded yet\. .*: \.\/fpe refresh/,
    ],
    [
      'an execution has made no model',
      ['report', 'try-2'],
      { executions: { 'try-2': {} } },
      /^The local stack is not running; to start it: \.\/fpe local\. try-2 has made no model: .*\.\/fpe show try-2$/,
    ],
    ['it has left nothing', ['table'], {}, /has left nothing in .*\. Start it with/],
    ['a file is gone', ['dataset', 'try-1'], KEPT, /has left no rank\/29\/.*\/dataset\.html in/],
    [
      'it has no such model',
      ['--station', '29', '--model-code', 'X'],
      KEPT,
      /^The local stack is not running; to start it: \.\/fpe local\. Station 29 has no report of a model X .*: \.\/fpe models, and of one station: \.\/fpe models --station ID$/,
    ],
  ])('says what is missing where the stack has ended and %s', async (_, args, kept, message) => {
    const { failure, printed } = await run(args, { stack: false, kept });

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toMatch(message);
    expect(printed).toEqual([]);
  });

  test.each<[string, string[], Situation, RegExp]>([
    ['nothing was made', [], { stack: false }, /^There is no report in .*\.\/fpe demo/],
    [
      'no training has succeeded',
      [],
      { newest: [] },
      /-train-station has succeeded yet\. .*: \.\/fpe start ID --pretrained false$/,
    ],
    [
      'no refresh has',
      ['table'],
      { newest: [] },
      /-refresh-stations has succeeded yet\. .*: \.\/fpe refresh --pretrained false$/,
    ],
    [
      'a refresh had no station',
      ['table'],
      { refresh: { ...REFRESH, result_uri: null, counts: { ...REFRESH.counts, stations: 0 } } },
      /^The refresh nightly-1 has no table: Started by hand/,
    ],
    [
      'a training has no table',
      ['table', 'try-1'],
      { refresh: null },
      /^try-1 has made no table of stations: it is RUNNING and of train-station\./,
    ],
    [
      'no bucket is known',
      ['input', 'try-1'],
      { bucket: null },
      /^The input of RANK-FLOW-A is in the model bucket, and no bucket is named/,
    ],
  ])('says what to do where %s', async (_, args, situation, message) => {
    const { failure, printed } = await run(args, situation);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toMatch(message);
    expect(printed).toEqual([]);
  });
});
