import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FileInvalid } from '../../../shared/errors.ts';
import {
  decisionsOf,
  judgmentsOf,
  judgedPairs as readPairs,
} from '../../../shared/predictions/judged-pairs.ts';
import {
  annotatorAgreement,
  calibration,
  contradictions,
  pairAccuracy,
  probabilityOfMore,
} from '../../../shared/predictions/pair-accuracy.ts';
import { comparePrevious } from '../../../shared/report/data/comparison.ts';
import { largestResiduals, rankResiduals } from '../../../shared/report/data/statistics.ts';
import { judgedPairs, scoredPhotos } from '../../fixtures/report.ts';

const scores = Float64Array.of(0, 1, 2, Number.NaN, 2);

describe('Accuracy on pairs', () => {
  test('counts pairs with a decision and two scores; equal scores count half', () => {
    const pairs = judgedPairs([
      { left: 1, right: 0, choice: 1, split: 'val' },
      { left: 0, right: 2, choice: 1, split: 'val' },
      { left: 2, right: 4, choice: -1, split: 'val' },
      { left: 0, right: 1, choice: 0, split: 'val' },
      { left: 0, right: 3, choice: 1, split: 'val' },
      { left: 2, right: 0, choice: 1, split: 'train' },
    ]);

    const { n, correct, share, brier } = pairAccuracy(pairs, scores, 'val');

    expect([n, correct, share]).toEqual([3, 1.5, 0.5]);
    const p = probabilityOfMore;
    expect(brier).toBeCloseTo(
      ((p(1, 0) - 1) ** 2 + (p(0, 2) - 1) ** 2 + 0.25 + (p(0, 1) - 0.5) ** 2) / 4,
      12,
    );
  });

  test.each([
    ['agree', [1, -1], [2, 1]],
    ['contradict', [-1, 1], [0, 0]],
    ['are of equal scores', [0, 0], [0, 0]],
  ])('counts each pair by itself where model and annotators %s', (_, choices, [correct, agreed]) => {
    const [upper, lower] = choices as (1 | -1 | 0)[];
    const pairs = judgedPairs([
      { left: 2, right: 0, choice: upper as 1, split: 'val' },
      { left: 0, right: 1, choice: lower as 1, split: 'val' },
    ]);

    expect(pairAccuracy(pairs, scores, 'val').correct).toBe(correct);
    // 2 over 0 is preferred with 0.88, 1 over 0 with 0.73.
    const bins = calibration(pairs, scores, 'val');
    expect([bins[2]?.agreed ?? 0, bins[3]?.agreed ?? 0]).toEqual(upper === 0 ? [0, 0] : [agreed, agreed]);
  });

  test('is not available without pairs', () => {
    expect(pairAccuracy(judgedPairs([]), scores, 'val')).toEqual({
      n: 0,
      correct: 0,
      share: null,
      interval: null,
      brier: null,
    });
  });

  test('does not change when sides are swapped', () => {
    const pair = fc.record({
      left: fc.nat(4),
      right: fc.nat(4),
      choice: fc.constantFrom(1 as const, -1 as const, 0 as const),
    });
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const swapped = pairs.map(({ left, right, choice }) => ({
          left: right,
          right: left,
          choice: -choice as 1 | -1 | 0,
        }));

        const one = pairAccuracy(judgedPairs(pairs), scores, 'train');
        const other = pairAccuracy(judgedPairs(swapped), scores, 'train');

        expect([other.n, other.correct]).toEqual([one.n, one.correct]);
        expect(other.brier ?? 0).toBeCloseTo(one.brier ?? 0, 12);
      }),
    );
  });
});

describe('Calibration', () => {
  test('sorts pairs by how sure the model is of the photo it prefers', () => {
    const steps = Float64Array.of(0, 0.2, 3, 9);
    const pairs = judgedPairs([
      { left: 1, right: 0, choice: 1, split: 'val' },
      { left: 0, right: 1, choice: 1, split: 'val' },
      { left: 2, right: 0, choice: 1, split: 'val' },
      { left: 0, right: 3, choice: 0, split: 'val' },
    ]);

    const bins = calibration(pairs, steps, 'val');

    expect(bins.map(({ n }) => n)).toEqual([2, 0, 0, 0, 1]);
    expect(bins[0]).toMatchObject({ from: 0.5, to: 0.6, agreed: 0.5 });
    expect(bins[0]?.confidence).toBeCloseTo(probabilityOfMore(0.2, 0), 12);
    expect(bins[1]).toMatchObject({ n: 0, confidence: null, agreed: null, interval: null });
  });
});

describe('Agreement of annotators', () => {
  test('compares judgments of the same photos, whichever side they stood on', () => {
    const agreement = annotatorAgreement(
      judgedPairs([
        { left: 0, right: 1, choice: 1, annotator: 1 },
        { left: 1, right: 0, choice: -1, annotator: 2 },
        { left: 0, right: 1, choice: -1, annotator: 1 },
        { left: 2, right: 4, choice: 0, annotator: 1 },
        { left: 4, right: 2, choice: 0, annotator: 3 },
        { left: 0, right: 4, choice: 1, annotator: 1 },
      ]),
    );

    expect(agreement).toEqual({
      repeatedPairs: 2,
      between: { n: 3, same: 2, opposite: 1 },
      within: { n: 1, same: 0, opposite: 1 },
    });
  });
});

describe('Contradictions', () => {
  test('are pairs where the model is sure of the other photo, the surest first', () => {
    const pairs = judgedPairs([
      { left: 0, right: 1, choice: 1 },
      { left: 0, right: 2, choice: 1, split: 'val' },
      { left: 2, right: 0, choice: 1 },
      { left: 0, right: 2, choice: 0 },
    ]);

    const found = contradictions(pairs, scores, 0.7);

    expect(found.map(({ pair }) => pair)).toEqual([1, 0]);
    expect(found[0]?.confidence).toBeCloseTo(probabilityOfMore(2, 0), 12);
  });
});

describe('Pairs of the files', () => {
  const row = { user_id: null, rank: 'LEFT' as const, 'left.imageId': 1, 'right.imageId': 9 };

  test.each([
    [
      'a photo that is not among the predictions',
      [row],
      [{ pair: 1, split: 'train' }],
      'photo 9 in annotations.csv',
    ],
    [
      'a pair that pairs.csv does not have',
      [{ ...row, 'right.imageId': 2 }],
      [],
      'pair 1 of annotations.csv',
    ],
  ])('are refused by name when they name %s', (_, judgments, splits, found) => {
    const read = () => readPairs(judgments, splits, Uint32Array.of(1, 2));

    expect(read).toThrow(FileInvalid);
    expect(read).toThrow(found);
  });

  test('have the rows of both photos, and what was chosen', () => {
    const judgments = (['LEFT', 'RIGHT', 'SAME'] as const).map((rank, index) => ({
      ...row,
      rank,
      'left.imageId': 9 - index,
      'right.imageId': 3,
    }));
    const splits = judgments.map((_, index) => ({ pair: index + 1, split: 'train' }));

    const pairs = readPairs(judgments, splits, Uint32Array.of(3, 7, 8, 9));

    expect([[...pairs.left], [...pairs.right], [...pairs.choices]]).toEqual([
      [3, 2, 1],
      [0, 0, 0],
      [1, -1, 0],
    ]);
  });

  test('are those whose annotator decided, without what no page shows', () => {
    const lines = ['LEFT', 'RIGHT', 'SAME', 'UNKNOWN', null, 'toString'].map((rank) => ({
      ...{ ...row, rank },
      comment: 'private',
    }));

    expect(judgmentsOf(lines)).toEqual(
      (['LEFT', 'RIGHT', 'SAME'] as const).map((rank) => ({ ...row, rank })),
    );
  });

  test('tell the checks of annotators who chose what', () => {
    const judgments = ['b', 'a', 'b'].map((user_id) => ({ ...row, user_id }));

    expect(decisionsOf(judgments)).toEqual(
      [1, 2, 1].map((annotator) => ({ annotator, left: 1, right: 9, rank: 'LEFT' })),
    );
  });

  test('number annotators in the order of the file', () => {
    const judgments = ['b', 'a', null, 'b'].map((user_id) => ({ ...row, user_id, 'right.imageId': 2 }));
    const splits = judgments.map((_, index) => ({ pair: index + 1, split: index === 3 ? 'val' : 'train' }));

    const pairs = readPairs(judgments, splits, Uint32Array.of(1, 2));

    expect([...pairs.annotators]).toEqual([1, 2, 3, 1]);
    expect([...pairs.splits]).toEqual([0, 0, 0, 1]);
  });
});

describe('Comparison with the model before', () => {
  test('is over photos that both scored, and over those that neither has seen', () => {
    const at = '2026-03-01T12:00:00Z';
    const photos = scoredPhotos([
      { at, value: 1, score: 1, split: 'test-in' },
      { at, value: 2, score: 2, split: 'test-out' },
      { at, value: 3, score: 3, split: 'train' },
      { at, value: 4, score: 4, split: 'test-in' },
      { at, value: 5, score: 5, split: 'test-in' },
    ]);
    const before = Float64Array.of(2, 1, 5, 4, Number.NaN);

    const comparison = comparePrevious(photos, {
      model_code: 'older',
      scores: before,
      wasTest: Uint8Array.of(1, 1, 1, 0, 1),
    });

    expect(comparison).toMatchObject({ n: 4, sameTest: { n: 2, now: 1, before: -1 }, all: { n: 4, now: 1 } });
    expect(comparison.all.before).toBeCloseTo(1 / 3, 12);
    expect(comparison.tauOfScores).toBe(comparison.all.before);
    expect(comparison.meanRankChange).toBeCloseTo((1 / 3 + 1 / 3 + 1 / 3 + 1 / 3) / 4, 12);
  });
});

describe('Residuals', () => {
  test('are observed minus predicted ranks; the largest come first', () => {
    const at = '2026-03-01T12:00:00Z';
    const photos = scoredPhotos([
      { at, value: 1, score: 3 },
      { at, value: 2, score: 2 },
      { at, value: 3, score: 1 },
      { at, value: null, score: 9 },
    ]);

    const residuals = rankResiduals(photos);

    expect([...residuals]).toEqual([-1, 0, 1, Number.NaN]);
    expect(largestResiduals(residuals, 2)).toEqual([0, 2]);
  });
});
