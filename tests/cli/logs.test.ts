import { describe, expect, test } from '@jest/globals';
import { logsCommand } from '../../cli/logs.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { LogQuery } from '../../shared/aws/logs.ts';
import { ServiceUnreachable } from '../../shared/errors.ts';
import { LOCAL, TRAIN_ARN } from '../fixtures/local-executions.ts';
import { expectDocumented } from '../support/documented-json.ts';

const second = (n: number) => new Date(n * 1000);
const entered = (n: number, name: string) => ({
  ...{ type: 'TaskStateEntered', timestamp: second(n) },
  stateEnteredEventDetails: { name },
});
const exited = (n: number, name: string) => ({
  ...{ type: 'TaskStateExited', timestamp: second(n) },
  stateExitedEventDetails: { name },
});
const PREPARED = [
  { type: 'ExecutionStarted', timestamp: second(0) },
  entered(1, 'PrepareRun'),
  {
    type: 'LambdaFunctionScheduled',
    lambdaFunctionScheduledEventDetails: {
      resource: 'arn:aws:lambda:us-west-2:000000000000:function:fpe-local-prepare-run',
    },
  },
  exited(2, 'PrepareRun'),
];
const TRAINING = [
  ...PREPARED,
  entered(3, 'TrainModel'),
  { type: 'TaskScheduled', taskScheduledEventDetails: { parameters: '{"TrainingJobName": "job-1"}' } },
];
const FAILED = [
  ...TRAINING,
  { type: 'ExecutionFailed', timestamp: second(9), executionFailedEventDetails: {} },
];

type Situation = {
  history?: object[];
  /** The history, each time that it is asked for; then `history`. */
  histories?: object[][];
  fault?: Error;
  isAws?: boolean;
  /** Whether the execution runs, each time that it is asked. */
  running?: boolean[];
  /** The new lines of a file, each time that it is asked for. */
  files?: string[][];
  events?: { id: string; timestampMs: number; message: string }[][];
};

/** Runs the command. @returns what it read, printed and remarked, which files it read to the end, and why it failed */
async function run(
  args: string[],
  {
    history = FAILED,
    histories = [],
    fault,
    isAws = false,
    running = [],
    files = [[]],
    events = [[]],
  }: Situation = {},
) {
  const read: unknown[] = [];
  const printed: string[] = [];
  const remarks: string[] = [];
  const ended: string[] = [];
  const command = logsCommand({
    connect: async () => ({
      connection: isAws ? { kind: 'aws', description: 'AWS' } : { ...LOCAL, folder: '/data' },
      machineArns: [],
      modelBucket: null,
    }),
    findExecution: async () => TRAIN_ARN,
    executionHistory: async () => (histories.shift() ?? history) as never,
    watchedStates: async () => ['PrepareRun', 'TrainModel', 'ScoreImages'],
    isExecutionRunning: async () => {
      if (fault) throw fault;
      return running.shift() ?? false;
    },
    logEvents: async function* (query: LogQuery) {
      read.push(query);
      yield* events.shift() ?? [];
    },
    followFile: (file) => {
      read.push(file);
      return async function* (isLast) {
        if (isLast) ended.push(file);
        yield* files.shift() ?? [];
      };
    },
    sleep: async () => undefined,
    print: (text) => printed.push(text),
    remark: (text) => remarks.push(text),
  });
  const failure = await command.parseAsync(args, { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { read, printed, remarks, ended, failure };
}

describe('fpe logs of the local stack', () => {
  test('shows the log of the job of the state that failed', async () => {
    const { read, printed, remarks } = await run([], { files: [['epoch=1', 'out of memory']] });

    expect(read).toEqual(['/data/logs/jobs/job-1.log']);
    expect(printed).toEqual(['epoch=1', 'out of memory']);
    expect(remarks).toEqual(['try-1, TrainModel: job-1']);
  });

  test('shows of a function what it logged for this execution', async () => {
    const ours = `{"message":"done","execution_arn":"${TRAIN_ARN}"}`;

    const { read, printed } = await run(['--state', 'PrepareRun'], {
      files: [['START', ours, '{"message":"another"}']],
    });

    expect(read).toEqual(['/data/logs/functions/fpe-local-prepare-run.log']);
    expect(printed).toEqual([ours]);
  });

  test('shows no line of an execution whose name begins like its own', async () => {
    const other = `{"message":"done","execution_arn":"${TRAIN_ARN}0"}`;

    expect((await run(['--state', 'PrepareRun'], { files: [[other]] })).printed).toEqual([]);
  });

  test('shows of a function what goes on with a line of this execution, and with no other', async () => {
    const of = (name: string) => `{"message":"done","execution_arn":"${name}"}`;
    const files = [
      ['  z', of(TRAIN_ARN), '  a'],
      ['  b', of('other'), '  c', 'START', '  d'],
    ];

    const { printed } = await run(['--follow', '--state', 'PrepareRun'], { files, running: [true, false] });

    expect(printed).toEqual([of(TRAIN_ARN), '  a', '  b']);
  });

  test.each([[[]], [['--follow']]])(
    'shows what a function has logged in readable lines, and as it is with --json: %j',
    async (args) => {
      const line = `{"timestamp":"2026-11-27T07:05:00.123Z","level":"INFO","message":"started","execution_arn":"${TRAIN_ARN}"}`;
      const given = () => ({ files: [[line], []], running: [true, false] });

      const readable = await run(['--state', 'PrepareRun', ...args], given());
      const raw = await run(['--state', 'PrepareRun', '--json', ...args], given());

      expect(readable.printed).toEqual(['2026-11-27 07:05:00  INFO   started']);
      expect(raw.printed).toEqual([line]);
      expectDocumented('logs', JSON.parse(line));
    },
  );

  test('shows the last state with a log while nothing has failed', async () => {
    expect((await run([], { history: PREPARED })).remarks).toEqual([
      'try-1, PrepareRun: fpe-local-prepare-run',
    ]);
  });

  test('with --follow goes on until the execution has ended, and shows each line once', async () => {
    const { printed } = await run(['--follow'], {
      running: [true, true, false],
      files: [['one'], ['two'], ['three']],
    });

    expect(printed).toEqual(['one', 'two', 'three']);
  });

  test('with --follow goes on to the states that come after, and shows each to its end', async () => {
    const ours = (text: string) => `{"message":"${text}","execution_arn":"${TRAIN_ARN}"}`;

    const { printed, remarks, ended } = await run(['--follow', '--json'], {
      histories: [PREPARED, PREPARED, TRAINING],
      running: [true, true, false],
      files: [[ours('a')], [ours('b')], ['epoch=1'], ['epoch=2']],
    });

    expect(remarks).toEqual(['try-1, PrepareRun: fpe-local-prepare-run', 'try-1, TrainModel: job-1']);
    expect(printed).toEqual([ours('a'), ours('b'), 'epoch=1', 'epoch=2']);
    expect(ended).toEqual(['/data/logs/functions/fpe-local-prepare-run.log', '/data/logs/jobs/job-1.log']);
  });

  test('with --follow and a state stays with that state', async () => {
    const { remarks } = await run(['--follow', '--state', 'PrepareRun'], { running: [true, false] });

    expect(remarks).toEqual(['try-1, PrepareRun: fpe-local-prepare-run']);
  });

  test('says how to go on when the stack ends meanwhile', async () => {
    const fault = new ServiceUnreachable({
      ...{ what: 'Step Functions does not answer', where: 'DescribeExecution' },
      ...{ found: 'ECONNREFUSED', expected: 'an answer', fix: 'check the network' },
    });

    const { failure } = await run(['--follow'], { running: [true], fault });

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toBe(
      '\nThe local stack has ended, and this execution with it. To go on, start the stack with ./fpe local, then: ./fpe redrive try-1',
    );
  });
});

describe('fpe logs of AWS', () => {
  const event = (id: string, seconds: number) => ({ id, timestampMs: 1000 * seconds, message: `line ${id}` });

  test('asks for the streams of a job', async () => {
    const { read, printed } = await run([], { isAws: true, events: [[event('a', 4), event('b', 5)]] });

    expect(read).toEqual([{ group: '/aws/sagemaker/TrainingJobs', streamPrefix: 'job-1/', sinceMs: 3000 }]);
    expect(printed).toEqual(['line a', 'line b']);
  });

  test('asks for the lines of a function that name the execution', async () => {
    const { read } = await run(['--state', 'PrepareRun'], { isAws: true });

    expect(read).toEqual([
      {
        group: '/aws/lambda/fpe-local-prepare-run',
        filter: `{ $.execution_arn = "${TRAIN_ARN}" }`,
        sinceMs: 1000,
      },
    ]);
  });

  test('shows each line of an event that has several by itself', async () => {
    const message = 'Traceback (most recent call last):\n  File "train.py", line 3\nValueError: no photos';
    const of = async (...args: string[]) =>
      (await run(args, { isAws: true, events: [[{ id: 'a', timestampMs: 4000, message }]] })).printed;

    expect(await of('--level', 'error')).toEqual(['ValueError: no photos']);
    expect(await of('--json')).toEqual(message.split('\n'));
  });

  test('with --follow asks again from a minute before the last line, and shows each once', async () => {
    const { read, printed } = await run(['--follow'], {
      isAws: true,
      running: [true, false],
      events: [[event('a', 100)], [event('a', 100), event('b', 90)]],
    });

    expect(read.map((query) => (query as LogQuery).sinceMs)).toEqual([3000, 40_000]);
    expect(printed).toEqual(['line a', 'line b']);
  });
});

test.each([
  [
    'of a state without one',
    ['--state', 'ScoreImages'],
    FAILED,
    'try-1 has no log of ScoreImages. States with a log: PrepareRun, TrainModel.',
  ],
  ['of an execution that has begun nothing', [], [], 'try-1 has no log. States with a log: none yet.'],
])('fpe logs says which logs there are instead of that %s', async (_, args, history, message) => {
  const { failure } = await run(args, { history });

  expect(failure).toBeInstanceOf(UsageError);
  expect(failure.message).toBe(message);
});

describe('fpe logs by level', () => {
  test('shows lines of at least a level, readable or as they were logged', async () => {
    const line = (level: string) =>
      JSON.stringify({
        ...{ level, message: level.toLowerCase(), timestamp: '2026-11-27T07:05:00.123Z' },
        execution_arn: TRAIN_ARN,
      });
    const files = () => [[line('INFO'), line('ERROR')]];
    const of = async (...args: string[]) =>
      (await run(['--state', 'PrepareRun', ...args], { files: files() })).printed;

    expect(await of('--level', 'error', '--json')).toEqual([line('ERROR')]);
    expect((await of('--level', 'error')).map((text) => text.split(' ').at(-1))).toEqual(['error']);
    expect(await of()).toHaveLength(2);
  });

  test('refuses --verbose beside --json, which has everything', async () => {
    const { failure } = await run(['--json', '--verbose']);

    expect(failure).toEqual(
      new UsageError(
        '--json gives lines as they were logged, with all they know: --verbose has no use. Leave it out.',
      ),
    );
  });
});
