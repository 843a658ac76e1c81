import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { readableLine } from '../../cli/log-line.ts';

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
const linesOf = (entry: object): string[] =>
  stripVTControlCharacters(readableLine(JSON.stringify({ ...LOGGED, ...entry }))).split('\n');

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
    '    TypeError: x is null (file.js:3)',
  ]);
});

test('an error that is none is shown as it is', () => {
  expect(linesOf({ error: 'out of memory' }).slice(1)).toEqual(['  out of memory']);
});

test('what a log quotes cannot move the cursor of a terminal', () => {
  const [line] = linesOf({ message: 'read \u001b[2Jphoto.jpg', key: 'a\u0007b' });

  expect(line).toBe('2026-11-27 07:05:00  INFO   read photo.jpg key=ab');
});

test.each(['epoch=1 loss=0.3', '{"epoch": 1}', '{not JSON', ''])(
  'a line that no function has logged stays: %s',
  (line) => {
    expect(readableLine(line)).toBe(line);
  },
);
