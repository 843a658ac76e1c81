import { expect, test } from '@jest/globals';
import { describeStations, requireStations } from '../../cli/known-stations.ts';
import { UsageError } from '../../cli/usage-error.ts';

const brooks = (n: number) =>
  Array.from({ length: n }, (_, index) => ({ id: index + 1, name: `Brook ${index + 1}` }));
const require = (ids: number[], known: number, stage?: string) =>
  requireStations(ids, stage, async () => brooks(known));

test('stations that are there are let pass', async () => {
  await expect(require([1, 2], 2)).resolves.toBeUndefined();
});

test.each([
  [
    [9],
    2,
    undefined,
    'There is no station 9 in the database. It has 1 “Brook 1”, 2 “Brook 2”. Load another one with: ./fpe import FOLDER',
  ],
  [
    [1, 9, 8],
    1,
    'prod',
    'There is no station 9, 8 in the database. It has 1 “Brook 1”. Load another one with: ./fpe import FOLDER',
  ],
  [
    [9],
    0,
    undefined,
    'There is no station 9 in the database. It has none at all. Load one with: ./fpe import FOLDER; the demo station is made by: ./fpe demo',
  ],
  [
    [9],
    0,
    'prod',
    'There is no station 9 in the database. It has none at all. Load one with: ./fpe import FOLDER',
  ],
])(
  'of stations %j, where there are %i, stage %s, what is not there is named with what is',
  async (ids, known, stage, message) => {
    const attempt = require(ids, known, stage);

    await expect(attempt).rejects.toThrow(UsageError);
    await expect(attempt).rejects.toThrow(new UsageError(message));
  },
);

test('a station that a program made up is named as one', () => {
  expect(describeStations([{ id: 1, name: 'Mill Brook', synthetic: true }])).toContain(
    'It has 1 “Mill Brook, synthetic”.',
  );
});

test('of many stations the first are named, and what lists them all', () => {
  expect(describeStations(brooks(7))).toBe(
    'It has 1 “Brook 1”, 2 “Brook 2”, 3 “Brook 3”, 4 “Brook 4”, 5 “Brook 5” and 2 more (./fpe models lists them). Load another one with: ./fpe import FOLDER',
  );
});
