import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { NotEnoughPairs } from '../../shared/errors.ts';
import { refreshInput } from '../../shared/inputs/refresh-stations.ts';
import { runInput } from '../../shared/inputs/train-station.ts';
import { MIN_TRAIN_PAIRS, MIN_VAL_PAIRS, splitPairs } from '../../shared/model-input/pair-split.ts';
import { LEAST_ROWS } from '../../shared/report/data/too-few.ts';
import { PAPER_MEDIANS } from '../../shared/report/data/unseen.ts';
import { seededRandom } from '../../shared/statistics/seeded-random.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'model.md'), 'utf8').replaceAll(
  /\s+/g,
  ' ',
);
const trainFrac = runInput.shape.train_frac.parse(undefined);
/** Of pairs without a photo in common. */
const split = (pairs: number) =>
  splitPairs(
    Array.from({ length: pairs }, (_, index) => [2 * index, 2 * index + 1] as const),
    trainFrac,
    seededRandom(1691),
    {},
  );

describe('the page about models', () => {
  test('says how many pairs a training needs', () => {
    const [, pairs] = /these are (\d+) pairs/.exec(PAGE) ?? [];

    expect(PAGE).toContain(
      `at least ${MIN_TRAIN_PAIRS} pairs to learn from and ${MIN_VAL_PAIRS} to check with; with the usual share (\`train_frac\` ${trainFrac})`,
    );
    expect(split(Number(pairs)).isTrain).toHaveLength(Number(pairs));
    expect(() => split(Number(pairs) - 1)).toThrow(NotEnoughPairs);
  });

  test('says what the report compares with, and of how few photos it is silent', () => {
    expect(PAGE).toMatch(
      new RegExp(`\\| ${PAPER_MEDIANS.within} \\|[^|]*\\|[^|]*within the annotation period`),
    );
    expect(PAGE).toMatch(
      new RegExp(`\\| ${PAPER_MEDIANS.after} \\|[^|]*\\|[^|]*after the annotation period`),
    );
    expect(PAGE).toContain(`of fewer than ${LEAST_ROWS} nothing is shown`);
  });

  test('says how often the share of held-out pairs alone holds a model back', () => {
    const tolerance = runInput.shape.promotion_tolerance.parse(undefined);
    const shareHeldBack = (pairs: number, lose: number, gain: number): number => {
      const random = seededRandom(1691);
      const difference = () => {
        const drawn = Array.from({ length: pairs }, () => random.below(1000) / 1000);
        const lost = drawn.filter((number) => number < lose).length;
        return (drawn.filter((number) => number >= lose && number < lose + gain).length - lost) / pairs;
      };
      return (
        Array.from({ length: 2000 }, difference).filter((each) => each < -tolerance - 1e-12).length / 2000
      );
    };
    const rows = [...PAGE.matchAll(/\| (\d+) \| (\d+) % \| (\d+) % \|/g)].map((row) =>
      row.slice(1).map(Number),
    );

    expect(rows.map(([pairs]) => pairs)).toEqual([30, 111, 500]);
    for (const [pairs = 0, equal = 0, worse = 0] of rows) {
      expect(shareHeldBack(pairs, 0.1, 0.1)).toBeCloseTo(equal / 100, 1);
      expect(shareHeldBack(pairs, 0.2, 0.1)).toBeCloseTo(worse / 100, 1);
    }
  });

  test('says after how many pairs a refresh trains again', () => {
    expect(PAGE).toContain(`once it has ${refreshInput.shape.min_new_pairs.parse(undefined)} new pairs`);
  });
});
