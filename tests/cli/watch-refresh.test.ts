import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { appendedLines } from '../../cli/progress/live-lines.ts';
import { announcement, stationLine } from '../../cli/progress/watch-refresh.ts';

const execution = (status: 'RUNNING' | 'SUCCEEDED' | 'FAILED', seconds: number | null) => ({
  name: '20261124-080000-6f2c1b1e-29-1',
  status,
  startDate: new Date(0),
  ...(seconds !== null && { stopDate: new Date(1000 * seconds) }),
});

test('a station of a refresh has a line when it begins and one when it ends, on terminals too', () => {
  const written: string[] = [];
  const view = appendedLines({
    isTTY: true,
    write: (text: string) => written.push(text),
  } as unknown as NodeJS.WriteStream);

  for (const state of [execution('RUNNING', null), execution('RUNNING', null), execution('FAILED', 75)])
    view.show([stationLine('train', state)]);

  expect(written.map(stripVTControlCharacters)).toEqual([
    '▸ Station 29     train\n',
    '✖ Station 29     train  1m 15s\n',
  ]);
});

test('what a refresh will do is counted, and of a plan alone nothing is said to be zero', () => {
  const task = (action: 'train' | 'score') => ({ station_id: 29, action, own: {}, timeout_seconds: 1 });

  expect(announcement({ tasks: [task('train'), task('score'), task('score')] })).toBe(
    '1 station to train, 2 to score.',
  );
  expect(announcement({ tasks: [] })).toBe(null);
});
