import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Command } from 'commander';
import { demoCommand } from '../../cli/demo.ts';
import { requireLocalNeeds } from '../../cli/local-needs.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { ServiceUnreachable } from '../../shared/errors.ts';
import { TRAIN_ARN } from '../fixtures/local-executions.ts';

const environment = { ...process.env };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-demo-'));
  mkdirSync(join(folder, 'demo-station'));
  writeFileSync(
    join(folder, 'demo-station', 'truth.csv'),
    'image_id,flow_cfs,is_daytime\n1,10,true\n2,20,true\n3,30,true\n',
  );
});
afterEach(() => {
  process.env = { ...environment };
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
});

const RESULT = {
  station_id: 1,
  model_code: 'RANK-FLOW-A',
  model_uuid: 'uuid',
  model_id: 7,
  diagnostics_url: 'http://127.0.0.1/photos/models/uuid/RANK-FLOW-A.html',
  predictions_url: 'http://127.0.0.1/photos/models/uuid/predictions.csv',
  images: { found: 3, excluded: {}, scored: 3, unreadable: 0 },
  pairs: { found: 2, train: 1, val: 1 },
  kendall_tau: { train: 1, val: 1, 'test-in': 1, 'test-out': null, 'test-all': 1, overall: 1 },
};

/** Runs the command on a stack that does nothing. @returns what it did and printed */
async function run(
  args: string[],
  status = 'SUCCEEDED',
  result: object = RESULT,
  stackFault: Error | null = null,
  ended: string | null = null,
  situation: {
    isNew?: boolean;
    isOwn?: boolean;
    signal?: 'SIGINT' | 'SIGTERM';
    lost?: Error;
    printed?: string[];
  } = {},
) {
  const did: unknown[][] = [];
  const printed = situation.printed ?? [];
  const command = demoCommand({
    defaultFolder: () => folder,
    startStack: async ({ folder: where, onProgress } = {}) => {
      did.push(['stack', where]);
      onProgress?.('the functions');
      onProgress?.('PostgreSQL');
      if (stackFault) throw stackFault;
      return {
        folder,
        isOwn: situation.isOwn ?? true,
        env: { STORAGE_BUCKET: 'photos' },
        stop: async () => void did.push(['stop']),
      } as never;
    },
    generateDemoStation: async (where, { signal } = {}) => {
      signal?.addEventListener('abort', () => did.push(['stop drawing']));
      did.push(['draw', where]);
      return undefined as never;
    },
    importExport: async (where) => {
      did.push(['import', where]);
      const station = {
        id: 1,
        name: 'Mill Brook',
        synthetic: true,
        images: 3,
        annotations: 1,
        values: 3,
        models: 0,
      };
      const files = { uploaded: 3, already_there: 0 };
      return { stations: [station], files, rows: { inserted: 3, updated: 0 }, missing: 0, notes: [] };
    },
    isNewFolder: () => situation.isNew ?? false,
    localQuestions: {
      hasWeights: async () => true,
      stations: async () => [{ id: 1, name: 'Mill Brook' }],
      annotated: async () => [{ variable: 'FLOW', pairs: 200 }],
    },
    runningOn: () => [],
    describeEnded: () => ended,
    requireLocalNeeds: async (kind, input, next, questions) => {
      did.push(['needs', kind, input, next]);
      await requireLocalNeeds(kind, input, next, questions);
    },
    requireFreeCode: async (input, again) => void did.push(['code', input.model_code, again('FREE')]),
    findStateMachine: async (name) => `arn:${name}`,
    startExecution: async (machine, input) => {
      did.push(['start', machine, input]);
      return TRAIN_ARN;
    },
    stopExecution: async (arn, cause) => void did.push(['stop execution', arn, cause]),
    watchExecution: async () => {
      if (situation.lost) throw situation.lost;
      if (situation.signal) {
        process.emit(situation.signal, situation.signal);
        await new Promise(() => undefined);
      }
      return {
        execution: { status, output: JSON.stringify(result), error: 'NotEnoughPairs' } as never,
        states: [],
        ms: 95_000,
      };
    },
    listObjects: async function* () {
      if ('predictions_url' in result && result.predictions_url === null) return;
      yield { key: 'models/uuid/predictions.csv', size: 1 } as never;
    },
    findMadeModel: async (arn) => {
      did.push(['find', arn]);
      return {
        ...result,
        keys: {
          metrics: 'versions/uuid/metrics.json',
          input: {
            page: 'versions/uuid/input/input.html',
            images: 'versions/uuid/input/images.csv',
            annotations: 'versions/uuid/input/annotations.csv',
          },
          dataset: { page: 'versions/uuid/dataset/dataset.html' },
          report: 'versions/uuid/RANK-FLOW-A.html',
          transform: {
            predictions: 'versions/uuid/transform/predictions.csv',
            intervals: 'versions/uuid/transform/predictions-intervals.csv',
          },
        },
      } as never;
    },
    readBytes: async () => Buffer.from('image_id,score\n1,0.1\n2,0.2\n3,0.3\n') as never,
    terminal: { write: () => true } as never,
    print: (text) => printed.push(text),
  });
  const program = new Command().option('--folder <folder>').addCommand(command);
  const failure = await program.parseAsync(['demo', ...args], { from: 'user' }).then(
    () => null,
    (error: Error) => error,
  );
  if (failure !== stackFault && !(failure instanceof UsageError)) throw failure;
  return { failure, did, printed: printed.join('\n') };
}

/** Runs until a signal ends it. @returns the exit code, and what was printed from the start of the execution on */
async function runUntil(signal: 'SIGINT' | 'SIGTERM', isOwn: boolean) {
  const printed: string[] = [];
  const exit = jest.spyOn(process, 'exit');
  const code = await new Promise((resolve) => {
    exit.mockImplementation(((given: number) => resolve(given)) as never);
    void run([], 'SUCCEEDED', RESULT, null, null, { signal, isOwn, printed });
  });
  exit.mockRestore();
  const start = printed.findIndex((text) => text.includes('Execution try-1'));
  return { code, printed: printed.slice(start + 1).join('\n') };
}

describe('fpe demo that is interrupted', () => {
  test.each([
    ['SIGTERM', true, /^\nThe local stack was stopped, and this run with it\. Stopping …$/],
    ['SIGINT', true, /^\nStopping …$/],
    [
      'SIGTERM',
      false,
      /^\nThe demo was stopped, and this run with it\. Stopping …\n\nThe stack goes on running; execution try-1 was stopped\. To go on: \.\/fpe redrive try-1$/,
    ],
    [
      'SIGINT',
      false,
      /^\nStopping …\n\nThe stack goes on running; execution try-1 was stopped\. To go on: \.\/fpe redrive try-1$/,
    ],
  ] as const)('by %s, on a stack of its own: %s, says what has ended', async (signal, isOwn, words) => {
    const { code, printed } = await runUntil(signal, isOwn);

    expect(code).toBe(130);
    expect(printed).toMatch(words);
  });
});

describe('fpe demo', () => {
  test('on a stack of others that ends says how to go on', async () => {
    const lost = new ServiceUnreachable({
      ...{ what: 'Step Functions does not answer', where: 'DescribeExecution' },
      ...{ found: 'ECONNREFUSED', expected: 'an answer', fix: 'check the network' },
    });

    const { failure } = await run([], 'SUCCEEDED', RESULT, null, null, { isOwn: false, lost });

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure?.message).toMatch(/The local stack has ended.*then: \.\/fpe redrive try-1$/);
  });

  test('uses the keys of the stack whatever profile the shell has', async () => {
    process.env.AWS_PROFILE = 'work';

    await run([]);

    expect(process.env.AWS_PROFILE).toBeUndefined();
  });

  test('tells what others had running on its stack, which ends with it', async () => {
    const { printed } = await run([], 'SUCCEEDED', RESULT, null, '1 execution ended with it: nightly.');

    expect(printed).toMatch(/\nThe stack of the demo has ended\. 1 execution ended with it: nightly\.$/);
  });

  test('draws the station, imports it, trains, shows what was published, and stops the stack', async () => {
    const { did, printed } = await run([]);

    expect(did.map(([what]) => what)).toEqual(['stack', 'draw', 'import', 'start', 'find', 'stop']);
    expect(did[3]).toEqual([
      'start',
      'arn:train-station',
      expect.objectContaining({
        station_id: 1,
        model_code: expect.stringMatching(/^RANK-FLOW-\d{8}-\d{6}$/),
      }),
    ]);
    expect(printed).toContain('Execution try-1 of station 1');
    expect(printed).toContain('It succeeded after 1m 35s.');
    expect(printed).toContain('used to draw the photos: 1.00, over 3 daytime photos');
    expect(readFileSync(join(folder, 'results', 'RANK-FLOW-A', 'predictions.csv'), 'utf8')).toContain(
      '3,0.3',
    );
    for (const name of ['metrics.json', 'input.html', 'dataset.html'])
      expect(existsSync(join(folder, 'results', 'RANK-FLOW-A', name))).toBe(true);
    // The stack ends, and its addresses with it.
    expect(printed).toContain(`Report    ${join(folder, 'results', 'RANK-FLOW-A', 'RANK-FLOW-A.html')}`);
    expect(printed).not.toContain('http://');
    expect(process.exitCode).toBeUndefined();
  });

  test('leaves the report and the scores of a model that the website does not draw, as it was not promoted', async () => {
    const hidden = { ...RESULT, diagnostics_url: null, predictions_url: null };

    const { printed } = await run([], 'SUCCEEDED', hidden);

    const files = join(folder, 'results', 'RANK-FLOW-A');
    for (const name of [
      'RANK-FLOW-A.html',
      'predictions.csv',
      'images.csv',
      'annotations.csv',
      'metrics.json',
    ])
      expect(existsSync(join(files, name))).toBe(true);
    expect(printed).toContain(`Report    ${join(files, 'RANK-FLOW-A.html')}`);
    expect(printed).toContain(`Scores    ${join(files, 'predictions.csv')}`);
    expect(printed).not.toContain('./fpe models');
    expect(printed).toContain(
      `The report, predictions.csv, images.csv, annotations.csv, metrics.json, predictions-intervals.csv, input.html and dataset.html are in ${files}`,
    );
    expect(process.exitCode).toBeUndefined();
  });

  test('works in another folder, and says how the next commands find it', async () => {
    const { did, printed } = await run(['--folder', folder]);

    expect(did[0]).toEqual(['stack', folder]);
    const commands = printed.split('Next:')[1]?.match(/(?:\.\/fpe|npm) .*?(?= {2})/g) ?? [];
    expect(commands).toHaveLength(5);
    for (const command of commands) expect(command).toContain(` --folder ${folder}`);
    expect(commands).toEqual(
      expect.arrayContaining([`./fpe --folder ${folder} open`, `npm start -- --folder ${folder}`]),
    );
    const columns = printed.split('Next:\n')[1]?.match(/^.*? {2}(?=\S(?!.* {2}\S))/gm) ?? [];
    expect(new Set(columns.map(({ length }) => length)).size).toBe(1);
    expect((await run([])).printed).not.toContain('--folder');
  });

  test('says how to run an input of one’s own again', async () => {
    const { printed } = await run(['{"station_id": 1}']);

    expect(printed).toContain(`npm start -- '{"station_id": 1}'  `);
  });

  test('draws while the stack starts, and stops drawing where it does not', async () => {
    const { did } = await run([], 'SUCCEEDED', RESULT, new Error('no port is free'));

    expect(did.map(([what]) => what)).toEqual(['stack', 'draw', 'stop drawing']);
  });

  test('takes another input as it is', async () => {
    const { did } = await run(['{"station_id": 1, "model_code": "MINE"}']);

    expect(did.find(([what]) => what === 'start')?.[2]).toEqual({ station_id: 1, model_code: 'MINE' });
  });

  test('tells of a code that is taken, and that an input of a fixed code needs another to be run again', async () => {
    const { did, printed } = await run(['{"station_id": 1, "model_code": "MINE"}']);
    const replacing = await run(['{"station_id": 1, "model_code": "MINE", "overwrite": true}']);

    expect(did).toContainEqual(['code', 'MINE', `./fpe demo '{"station_id":1,"model_code":"FREE"}'`]);
    expect(printed).toContain('run it again, once its input has another model_code');
    expect(replacing.printed).not.toContain('once its input');
  });

  test('gives another input without a code one of its own, so that it can be run twice a day', async () => {
    const { did } = await run(['{"station_id": 1}']);
    const started = did.find(([what]) => what === 'start')?.[2];

    expect(started).toEqual({
      station_id: 1,
      model_code: expect.stringMatching(/^RANK-FLOW-\d{8}-\d{6}$/),
    });
    expect(did.find(([what]) => what === 'needs')).toEqual([
      'needs',
      'train-station',
      { station_id: 1 },
      {
        without: `./fpe demo '{"station_id":1,"pretrained":false}'`,
        supply: './fpe weights (while ./fpe local runs in another terminal)',
        load: './fpe import FOLDER (while ./fpe local runs in another terminal)',
      },
    ]);
  });

  test.each([
    ['starting anything on a new folder', ['5'], true, []],
    ['asking for weights that a new folder cannot have', ['1'], true, []],
    ['drawing where the stack has stations', ['5'], false, ['stack', 'draw', 'stop drawing', 'stop']],
  ])('refuses an input that cannot be trained before %s', async (_, args, isNew, expected) => {
    const { failure, did, printed } = await run(args, 'SUCCEEDED', RESULT, null, null, { isNew });

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure?.message).toMatch(/has no (station 5\. It has 1 “Mill Brook”|ImageNet weights)/);
    expect(did.map(([what]) => what).filter((what) => what !== 'needs')).toEqual(expected);
    expect(printed).not.toContain('Drawing');
  });

  test('takes an input of a training alone', async () => {
    await expect(run(['{"mode": "train"}'])).rejects.toThrow('mode is not a name of the input');
  });

  test('ends with 1 and names the logs where the execution failed', async () => {
    const { did, printed } = await run([], 'FAILED');

    expect(did.at(-1)).toEqual(['stop']);
    expect(printed).toContain(`Logs of functions and jobs: ${join(folder, 'logs')}`);
    expect(existsSync(join(folder, 'results'))).toBe(false);
    expect(process.exitCode).toBe(1);
  });

  test('ends with 1 where nothing was published', async () => {
    await run([], 'SUCCEEDED', { ...RESULT, model_id: null });

    expect(process.exitCode).toBe(1);
  });
});
