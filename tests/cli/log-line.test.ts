import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { type LogLevel, loggedLines, readableLines } from '../../cli/log-line.ts';

const LOGGED = {
  level: 'INFO',
  message: 'finished',
  timestamp: '2026-11-27T07:05:00.123Z',
  service: 'fpe',
  cold_start: true,
  function_name: 'fpe-local-prepare-run',
  function_memory_size: '512',
  xray_trace_id: '1-2',
  station_id: 29,
  model_code: 'RANK-FLOW-A',
  execution_arn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-local-train-station:try-1',
  run_id: '20261127-070500-abc',
};
const readableLine = (line: string, verbose = false): string => readableLines({ verbose })(line) ?? '';
const linesOf = (entry: object, verbose = false): string[] =>
  stripVTControlCharacters(readableLine(JSON.stringify({ ...LOGGED, ...entry }), verbose)).split('\n');
/** What is shown of a whole log. */
const shownOf = (lines: string[], level?: LogLevel, verbose = false): string[] =>
  lines.flatMap(
    (
      (read) => (line: string) =>
        read(line) ?? []
    )(readableLines({ level, verbose })),
  );

test('what is for debugging is left out, unless it is asked for or lines are as they were logged', () => {
  const line = JSON.stringify({ ...LOGGED, level: 'DEBUG' });

  expect(readableLines({})(line)).toBeNull();
  expect(readableLines({ level: 'debug' })(line)).toMatch(/DEBUG {2}finished/);
  expect(loggedLines({})(line)).toBe(line);
});

test('of what a function logs, a person reads time, level, message and what only this line says', () => {
  expect(linesOf({ seconds: 2.1, result: { photos: 3 } })).toEqual([
    '2026-11-27 07:05:00  INFO   finished seconds=2.1 result={"photos":3}',
  ]);
});

test('what is long is cut off', () => {
  const [line] = linesOf({ result: { photos: 'x'.repeat(9000) } });

  expect(line).toMatch(/x…$/);
  expect(line?.length).toBeLessThan(300);
});

test('an error has its parts, and what has caused it, on lines of their own', () => {
  const message = 'It went wrong: here. Found: nothing. Expected: pairs. To fix: annotate';
  const cause = { name: 'TypeError', message: 'x is null', location: 'file.js:3', stack: 'TypeError…' };

  expect(
    linesOf({ level: 'ERROR', message: 'failed', error: { name: 'NoAnnotations', message, cause } }),
  ).toEqual([
    '2026-11-27 07:05:00  ERROR  failed',
    '  NoAnnotations: It went wrong: here.',
    '    Found: nothing.',
    '    Expected: pairs.',
    '    To fix: annotate',
    '    TypeError: x is null',
  ]);
});

test('where an error was raised is for developers, who ask for it', () => {
  const error = {
    ...{ name: 'TypeError', message: 'x is null', location: 'file.js:3' },
    stack: 'TypeError: x is null\n    at work (/var/task/file.js:3:1)\n    at node:internal:7:2',
  };

  expect(linesOf({ message: 'failed', error }).slice(1)).toEqual(['  TypeError: x is null']);
  expect(linesOf({ message: 'failed', error }, true).slice(1)).toEqual([
    '  TypeError: x is null (file.js:3)',
    '    at work (/var/task/file.js:3:1)',
    '    at node:internal:7:2',
  ]);
});

const TRACE = [
  'Traceback (most recent call last):',
  '  File "/opt/ml/code/train.py", line 399, in main',
  '    train(os.environ)',
  'ZeroDivisionError: division by zero',
];
const JOB = ['Epoch 1 of 7', ...TRACE, 'division by zero', 'Exited with 1'];

test('the trace of a job is left out but for the error at its end, unless it is asked for', () => {
  expect(shownOf(JOB)).toEqual(['Epoch 1 of 7', ...TRACE.slice(3), ...JOB.slice(5)]);
  expect(shownOf(JOB, undefined, true)).toEqual(JOB);
  expect(shownOf(['Error: gone', '    at work (file:///x/a.js:3:1)', 'REPORT'])).toEqual([
    'Error: gone',
    'REPORT',
  ]);
});

test.each<[LogLevel, string[]]>([
  ['debug', ['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL']],
  ['info', ['INFO', 'WARN', 'ERROR', 'CRITICAL']],
  ['warn', ['WARN', 'ERROR', 'CRITICAL']],
  ['error', ['ERROR', 'CRITICAL']],
])('of at least the level %s are %j', (level, expected) => {
  const lines = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'].map((each) =>
    JSON.stringify({ ...LOGGED, level: each }),
  );

  expect(
    lines.filter((line) => readableLines({ level })(line) !== null).map((line) => JSON.parse(line).level),
  ).toEqual(expected);
  expect(lines.filter((line) => loggedLines({ level })(line) === line)).toHaveLength(expected.length);
});

test('of a job, whose lines tell no level, its trace and its error are errors', () => {
  const log = ['Epoch 1 of 7', ...TRACE, 'InvalidHyperparameters: no epochs. Found: 0', 'Exited'];

  expect(shownOf(log, 'error')).toEqual([...TRACE.slice(3), 'InvalidHyperparameters: no epochs. Found: 0']);
  expect(shownOf(log, 'info')).toEqual(['Epoch 1 of 7', ...TRACE.slice(3), ...log.slice(5)]);
});

const CHAINED = [
  ...TRACE,
  '',
  'During handling of the above exception, another exception occurred:',
  '',
  'Traceback (most recent call last):',
  '  File "/opt/ml/code/train.py", line 402, in main',
  'RuntimeError: CUDA error: device-side assert triggered',
  'Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.',
  '',
  'For debugging consider passing CUDA_LAUNCH_BLOCKING=1',
  '  and look at the first kernel',
];
const GROUP = [
  '  + Exception Group Traceback (most recent call last):',
  '  |   File "/opt/ml/code/train.py", line 399, in main',
  '  | ExceptionGroup: two photos (2 sub-exceptions)',
  '  +-+---------------- 1 ----------------',
  '    | ValueError: no photo',
  '    +---------------- 2 ----------------',
  '    | OSError: truncated',
  '    +------------------------------------',
];

test.each<[string, string[], string[]]>([
  [
    'chained errors, whose messages have many lines',
    CHAINED,
    CHAINED.filter((line, index) => index === 3 || (index > 3 && !/^(Traceback| {2}File)/.test(line))),
  ],
  ['a group of errors', GROUP, [2, 4, 6].map((index) => GROUP[index] as string)],
  [
    'an error of JavaScript with what it knows',
    ['Error: gone', '    at work (file:///x/a.js:3:1)', "  code: 'ENOENT'"],
    ['Error: gone', "  code: 'ENOENT'"],
  ],
  [
    'an error with a code',
    ['TypeError [ERR_INVALID_URL]: Invalid URL', "  input: 'x'"],
    ['TypeError [ERR_INVALID_URL]: Invalid URL', "  input: 'x'"],
  ],
  [
    'an error with a level',
    ['[ERROR] worker 3 died', '', '  signal 9'],
    ['[ERROR] worker 3 died', '', '  signal 9'],
  ],
])('of at least the level error is the whole of %s, and nothing around it', (_, error, shown) => {
  const log = ['reading', '  630 photos', ...error, 'epoch=1/7 train_loss=0.6', '  in 8 s'];

  expect(shownOf(log, 'error')).toEqual(shown);
  expect(shownOf(log, 'error', true)).toEqual(error);
  expect(shownOf(log)).toEqual([...log.slice(0, 2), ...shown, ...log.slice(-2)]);
  const read = loggedLines({ level: 'error' });
  expect(log.filter((line) => read(line) !== null)).toEqual(error);
});

test('what a warning of Python quotes is a warning, too', () => {
  const log = ['/opt/ml/code/train.py:3: UserWarning: no GPU', '  warnings.warn(', 'reading'];

  expect(shownOf(log, 'warn')).toEqual(log.slice(0, 2));
});

test('what goes on with a line that a function has logged has its level', () => {
  const [warn, info] = ['WARN', 'INFO'].map((level) => JSON.stringify({ ...LOGGED, level })) as [
    string,
    string,
  ];

  expect(shownOf([info, '  a', warn, '  b', info, '  c'], 'warn').slice(1)).toEqual(['  b']);
});

test('an error that is none is shown as it is', () => {
  expect(linesOf({ error: 'out of memory' }).slice(1)).toEqual(['  out of memory']);
});

test('what a log quotes cannot move the cursor of a terminal', () => {
  const [line] = linesOf({ message: 'read \u001b[2Jphoto.jpg', key: 'a\u0007b' });

  expect(line).toBe('2026-11-27 07:05:00  INFO   read photo.jpg key=ab');
  expect(
    readableLine(JSON.stringify({ ...LOGGED, level: '\u001b[2JX', timestamp: '\u001b[2J\u202e2026' })),
  ).toBe('2026  X      finished');
});

test.each(['epoch=1 loss=0.3', '{"epoch": 1}', '{not JSON', ''])(
  'a line that no function has logged stays: %s',
  (line) => {
    expect(readableLine(line)).toBe(line);
  },
);
