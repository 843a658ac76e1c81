import { expect, test } from '@jest/globals';
import {
  cellsOf,
  epochsOfSameSteps,
  neighborsOf,
  pairParts,
  seenPhotos,
} from '../../../benchmarks/evaluate/cells.ts';
import { cellMeasures } from '../../../benchmarks/evaluate/measures.ts';
import { judgedStation } from './judged-station.ts';

const station = judgedStation('brook');
const cell = { recipe: 'fpe', station: 'brook', seed: 1, pairs: 20 };

test('scores in the order of the true values have a tau, a rho, a precision and an accuracy of 1', () => {
  const { groups, pairAccuracy } = cellMeasures(
    station,
    cell,
    station.photos.map(({ trueValue }) => trueValue ** 3),
  );

  expect(pairAccuracy).toBe(1);
  expect(groups.after).toEqual({
    ...{ n: 30, tauTrue: 1, tauObserved: 1, rho: expect.closeTo(1, 12) },
    // Four validation pairs tell nothing of how far scores may be off.
    ...{ precisionHigh: 1, precisionLow: 1, coverage: null },
  });
});

test.each([
  ['of scores in the true order hold every true rank', 1, 1, 1],
  ['do not hold the true ranks of photos that are scored the wrong way round', -1, 0, 0.5],
])('intervals %s', (_, sense, least, most) => {
  const more = judgedStation('brook', 200);
  // The network knows those of the annotation period, from which the pairs come.
  const scores = more.photos.map(({ period, trueValue }) => (period === 'within' ? 1 : sense) * trueValue);

  const { groups } = cellMeasures(more, { ...cell, pairs: 150 }, scores);

  expect(groups.after?.coverage).toBeGreaterThanOrEqual(least);
  expect(groups.after?.coverage).toBeLessThanOrEqual(most);
});

test('scores in the opposite order have a tau of −1 and order no held-out pair', () => {
  const { groups, pairAccuracy } = cellMeasures(
    station,
    cell,
    station.photos.map(({ trueValue }) => -trueValue),
  );

  expect(pairAccuracy).toBe(0);
  expect(groups.after?.tauTrue).toBe(-1);
  expect(groups.after?.precisionHigh).toBeLessThan(0.3);
});

test('photos that the network has seen, and those that could not be read, do not count', () => {
  const seen = seenPhotos(station, cell);
  const within = station.photos.filter(({ period }) => period === 'within').length;

  const { groups } = cellMeasures(
    station,
    cell,
    station.photos.map(({ imageId, trueValue }) => (imageId === 60 ? null : trueValue)),
  );

  expect(seen.size).toBeGreaterThan(5);
  expect([groups.within?.n, groups.after?.n]).toEqual([within - seen.size, 29]);
});

test('trainings with fewer pairs are judged by the photos that none has seen', () => {
  const few = { ...cell, pairs: 3 };
  const scores = station.photos.map(({ trueValue }) => trueValue);

  const [alone, beside] = [cellMeasures(station, few, scores), cellMeasures(station, few, scores, [cell])];

  expect(alone.groups.within?.n).toBe(30 - seenPhotos(station, few).size);
  expect(beside.groups.within?.n).toBe(30 - seenPhotos(station, cell).size);
  expect(alone.groups.within?.n).toBeGreaterThan(beside.groups.within?.n as number);
});

test('a group of fewer than twenty photos is not told', () => {
  const { groups } = cellMeasures(
    station,
    cell,
    station.photos.map(({ trueValue }) => trueValue),
  );

  expect(Object.keys(groups)).toContain('light day');
  expect(Object.keys(groups)).not.toContain('light low');
});

test('held-out pairs are in no training, and fewer pairs are the first of more', () => {
  const [few, many] = [10, 30].map((pairs) => pairParts(station.pairs, { ...cell, pairs }));

  expect(few?.heldOut).toEqual(many?.heldOut);
  expect([few?.train.length, few?.val.length, few?.heldOut.length]).toEqual([8, 2, 6]);
  expect(many?.train.slice(0, 8)).toEqual(few?.train);
  for (const pair of few?.heldOut ?? [])
    expect([...(many?.train ?? []), ...(many?.val ?? [])]).not.toContain(pair);
});

test('another seed has other pairs', () => {
  expect(pairParts(station.pairs, { ...cell, seed: 2 })).not.toEqual(pairParts(station.pairs, cell));
});

test('all recipes of a station come before the next seed begins', () => {
  const cells = cellsOf({ recipes: ['fpe', 'other'], stations: ['a', 'b'], seeds: [1, 2], pairs: [100] });

  expect(cells.map(({ recipe, station: at, seed }) => `${recipe} ${at} ${seed}`)).toEqual([
    ...['fpe a 1', 'other a 1', 'fpe b 1', 'other b 1', 'fpe a 2', 'other a 2', 'fpe b 2', 'other b 2'],
  ]);
});

test('a reference with pairs of its own is trained once at each station, and the others with theirs', () => {
  const options = { recipes: ['upstream', '2026'], stations: ['a'], seeds: [1], pairs: [50, 100] };

  const cells = cellsOf({ ...options, referencePairs: 200 });

  expect(cells.map(({ recipe, pairs }) => `${recipe} ${pairs}`)).toEqual([
    'upstream 200',
    '2026 50',
    '2026 100',
  ]);
});

test.each([
  [16, 10],
  [8, 20],
  [4, 1000], // which are 34: held-out pairs are never trained with
])('in %d epochs, %d pairs take the steps that 20 pairs take in 8, as far as they go', (epochs, pairs) => {
  const got = epochsOfSameSteps(8, station, { ...cell, pairs }, cell);

  expect(Math.abs(got - epochs)).toBeLessThanOrEqual(1);
});

test('pairs of neighbors are of the annotation period, as many as train at most, and their photos are seen', () => {
  const withNeighbors = { ...cell, neighborHours: 8 };

  const neighbors = neighborsOf(station, withNeighbors);

  const periods = new Map(station.photos.map(({ imageId, period }) => [imageId, period]));
  const inThem = neighbors.flatMap(({ one, two }) => [one, two]);
  expect(neighborsOf(station, cell)).toEqual([]);
  expect(neighbors.length).toBeGreaterThan(0);
  expect(neighbors.length).toBeLessThanOrEqual(pairParts(station.pairs, cell).train.length);
  expect(new Set(inThem.map((id) => periods.get(id)))).toEqual(new Set(['within']));
  expect([...seenPhotos(station, withNeighbors)]).toEqual(expect.arrayContaining(inThem));
  expect(epochsOfSameSteps(8, station, withNeighbors, cell)).toBeLessThan(8);
});
