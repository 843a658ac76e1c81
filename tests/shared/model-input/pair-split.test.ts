import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NotEnoughPairs } from '../../../shared/errors.ts';
import { splitPairs } from '../../../shared/model-input/pair-split.ts';
import { seededRandom } from '../../../shared/statistics/seeded-random.ts';

type Pairs = [number, number][];

/** Components of these sizes: chains of photos that share no photo with another chain. */
function chains(sizes: readonly number[]): Pairs {
  let image = 0;
  return sizes.flatMap((size) => {
    image += 1;
    return Array.from({ length: size }, (): [number, number] => [image++, image]);
  });
}

/** Whether some of these numbers sum up to `min` … `max`: the plain way. */
function canSumTo(sizes: readonly number[], min: number, max: number): boolean {
  let sums = new Set([0]);
  for (const size of sizes) sums = sums.union(new Set([...sums].map((sum) => sum + size)));
  return [...sums].some((sum) => sum >= min && sum <= max);
}

const split = (pairs: Pairs, trainFrac = 0.8, seed = 1691) =>
  splitPairs(pairs, trainFrac, seededRandom(seed), {});
const countTrain = (isTrain: boolean[]) => isTrain.filter(Boolean).length;
const imagesOf = (pairs: Pairs, isTrain: boolean[], train: boolean) =>
  new Set(pairs.filter((_, index) => isTrain[index] === train).flat());

describe('the split of annotation pairs', () => {
  test('leaks no photo and comes near the share whenever some choice of components does (Q-I3)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 2, maxLength: 12 }),
        fc.constantFrom(0.5, 0.7, 0.8, 0.9),
        fc.integer({ min: 0, max: 1000 }),
        (sizes, trainFrac, seed) => {
          const n = sizes.reduce((sum, size) => sum + size, 0);
          const min = Math.max(101, Math.ceil((trainFrac - 0.05) * n - 1e-9));
          const max = Math.min(n - 11, Math.floor((trainFrac + 0.05) * n + 1e-9));
          fc.pre(min <= max);
          const pairs = chains(sizes);

          const { isTrain, method, leakedImages } = split(pairs, trainFrac, seed);

          const train = countTrain(isTrain);
          const leaked = imagesOf(pairs, isTrain, true).intersection(imagesOf(pairs, isTrain, false));
          expect(train >= min && train <= max).toBe(true);
          expect(method).toBe(canSumTo(sizes, min, max) ? 'graph' : 'random');
          expect(leakedImages).toBe(leaked.size);
          if (method === 'graph') expect(leaked.size).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('finds the one choice that a random order misses', () => {
    // 0.8 of 200 is 160 ± 10: only 99 + 61 does it, while 99 + 40, 61 + 40 and 99 alone do not.
    const pairs = chains([40, 61, 99]);

    const results = Array.from({ length: 20 }, (_, seed) => split(pairs, 0.8, seed));

    expect(results.map(({ method }) => method)).toEqual(new Array(20).fill('graph'));
    expect(results.map(({ isTrain }) => countTrain(isTrain))).toEqual(new Array(20).fill(160));
  });

  test('takes what comes nearest to the share where a random order comes to nothing; of two as near, the smaller', () => {
    const counts = (sizes: number[]) =>
      new Set(Array.from({ length: 40 }, (_, seed) => countTrain(split(chains(sizes), 0.8, seed).isTrain)));

    // 0.8 of 200 is 160 ± 10: 115 + 37 = 152 in an order that fits, else the nearer 115 + 48 = 163.
    expect(counts([115, 37, 48])).toEqual(new Set([152, 163]));
    // 120 + 34 = 154 and 120 + 46 = 166 are as near.
    expect(counts([120, 34, 46])).toEqual(new Set([154]));
  });

  test.each([
    ['the share and 0.05 more', [170, 30], 170],
    ['the share and 0.05 less', [150, 50], 150],
  ])('accepts %s, whatever the rounding of their sum', (_, sizes, train) => {
    const { isTrain, method } = split(chains(sizes));

    expect([method, countTrain(isTrain)]).toEqual(['graph', train]);
  });

  test.each([
    [205, 0.5, 102], // 102.5
    [207, 0.5, 104], // 103.5
    [206, 0.5, 103],
    [204, 0.6, 122], // 122.4
    [206, 0.6, 124], // 123.6
    [150, 0.95, 139], // 142.5, which would leave fewer than eleven to validate
  ])(
    'of %d single pairs takes %f to the nearest whole number, halves to the even one, within the limits',
    (n, trainFrac, train) => {
      const pairs = chains(new Array(n).fill(1));
      expect(countTrain(split(pairs, trainFrac).isTrain)).toBe(train);
    },
  );

  test('draws pairs when all photos hang together, and counts the photos in both parts (Q-I2, Q-I4)', () => {
    const pairs = chains([200]);

    const { isTrain, method, leakedImages } = split(pairs);

    expect([method, countTrain(isTrain)]).toEqual(['random', 160]);
    expect(leakedImages).toBeGreaterThan(0);
  });

  test('is the same for the same seed and another for another (Q-I1)', () => {
    const pairs = chains(new Array(200).fill(1));

    const [one, same, other] = [split(pairs, 0.8, 1), split(pairs, 0.8, 1), split(pairs, 0.8, 2)];

    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });

  test('splits 200,000 pairs in components of all sizes', () => {
    const sizes = Array.from({ length: 2000 }, (_, index) => 1 + (index % 199));
    const pairs = chains(sizes);

    const { isTrain, method } = split(pairs);

    expect(method).toBe('graph');
    expect(Math.abs(countTrain(isTrain) / pairs.length - 0.8)).toBeLessThanOrEqual(0.05);
  });

  test('refuses too few pairs and says how many are needed and which filters removed how many', () => {
    const attempt = () =>
      splitPairs(chains(new Array(110).fill(1)), 0.8, seededRandom(1), { not_ranked: 7, outside_dates: 3 });

    expect(attempt).toThrow(NotEnoughPairs);
    expect(attempt).toThrow('110 of 120 pairs, removed: not_ranked 7, outside_dates 3');
    expect(attempt).toThrow('at least 119 pairs');
    expect(attempt).toThrow(
      'There are not enough annotation pairs to train a model (pairs left by the filters of the input). Found: 110',
    );
  });

  test.each([
    [
      { photo_filtered: 30, outside_dates: 3 },
      'widen the input, which has removed enough of them (most by photo_filtered)',
    ],
    [
      { outside_dates: 3, photo_filtered: 30, not_ranked: 5 },
      'widen the input, which has removed enough of them (most by photo_filtered)',
    ],
    [{ photo_filtered: 19 }, 'widen the input'],
    [{ photo_filtered: 18 }, 'To fix: annotate more pairs'],
    [{ photo_filtered: 3 }, 'To fix: annotate more pairs of this station, then'],
    [{}, 'To fix: annotate more pairs of this station, then'],
  ])(
    'of pairs removed %j says what would help: the input where it took them, else annotations',
    (removed, fix) => {
      const attempt = () => splitPairs(chains(new Array(100).fill(1)), 0.8, seededRandom(1), removed);

      expect(attempt).toThrow(fix);
    },
  );

  test('refuses a share that leaves too few to train, and one that leaves too few to validate', () => {
    const single = chains(new Array(160).fill(1));

    expect(() => split(single, 0.5)).toThrow(NotEnoughPairs);
    expect(() => split(single, 0.99)).toThrow(NotEnoughPairs);
  });

  test('accepts just as many pairs as it says are needed', () => {
    expect(countTrain(split(chains(new Array(119).fill(1))).isTrain)).toBe(101);
    expect(() => split(chains(new Array(118).fill(1)))).toThrow(NotEnoughPairs);
  });
});
