import { describe, expect, test } from '@jest/globals';
import { compareModels, NOT_KNOWN } from '../../../shared/publication/model-comparison.ts';
import {
  becomesFirst,
  decidedByInput,
  decidePromotion,
  worseDefault,
} from '../../../shared/publication/promotion.ts';
import { judgedPairs } from '../../fixtures/report.ts';

const PHOTOS = 40;
/** Each photo with its neighbor: the later one shows more. */
const pairs = judgedPairs(
  Array.from({ length: PHOTOS - 1 }, (_, photo) => ({
    left: photo + 1,
    right: photo,
    choice: 1 as const,
    split: 'val' as const,
  })),
);
const NONE = judgedPairs([]);
const NOTHING = new Uint8Array(PHOTOS);
const rising = Float64Array.from({ length: PHOTOS }, (_, photo) => photo);
const NO_VALUES = new Float64Array(PHOTOS).fill(Number.NaN);
const NO_SCORES = NO_VALUES;
/** Puts the first `wrong` photos in falling order, so that as many pairs are wrong. */
const withMistakes = (wrong: number) =>
  rising.map((score, photo) => (photo <= wrong ? wrong - score : score));

type Given = {
  tolerance?: number;
  promote?: 'always' | 'if_better';
  judged?: typeof pairs;
  values?: Float64Array;
  /** Whether the file of the default says what it learned from. */
  isTold?: boolean;
};

/** @param now, before how many pairs each orders wrong, or its scores */
function decide(
  now: number | Float64Array,
  before: number | Float64Array,
  { tolerance = 0.02, promote = 'if_better', judged = pairs, values = NO_VALUES, isTold = true }: Given = {},
) {
  const modelOf = (given: number | Float64Array) => ({
    scores: typeof given === 'number' ? withMistakes(given) : given,
    learned: NOTHING,
  });
  const comparison = compareModels(
    // A photo a week, so that each is drawn by itself.
    {
      pairs: judged,
      model: modelOf(now),
      other: { ...modelOf(before), learned: isTold ? NOTHING : new Uint8Array(PHOTOS).fill(NOT_KNOWN) },
      values,
      weeks: rising,
    },
    tolerance,
  );
  return decidePromotion(comparison, { model_code: 'OLD', model_uuid: 'old' }, { promote, tolerance });
}

describe('a new model', () => {
  test('becomes the default where there is none', () => {
    expect(becomesFirst()).toMatchObject({ make_default: true, current_model_code: null, pairs: 0 });
  });

  test.each([
    ['better', 0, 8, true],
    ['as good', 4, 4, true],
    ['worse', 8, 0, false],
  ])('that is %s than the default: becomes it: %#', (_, now, before, expected) => {
    const decided = decide(now, before);

    expect(decided).toMatchObject({ make_default: expected, current_model_code: 'OLD', pairs: PHOTOS - 1 });
    expect(decided.accuracy).toBeCloseTo((PHOTOS - 1 - now) / (PHOTOS - 1));
    expect(decided.current_accuracy).toBeCloseTo((PHOTOS - 1 - before) / (PHOTOS - 1));
  });

  test('becomes the default where the difference is not clear but within the tolerance, and says so with the figures', () => {
    expect(decide(3, 0, { tolerance: 0.08 })).toMatchObject({
      make_default: true,
      is_worse: false,
      reason:
        'It becomes the default: it shows no clear difference from the present default OLD. Of 39 held-out pairs, it orders 92.3 % as the annotators did, and OLD 100.0 % (95 % interval of the difference -16.6 to 2.0 percentage points).',
    });
    expect(decide(0, 3)).toMatchObject({ make_default: true, is_worse: false });
    expect(decide(3, 0)).toMatchObject({
      make_default: false,
      is_worse: false,
      reason:
        'It does not become the default: it shows no clear difference from the present default OLD; OLD orders more of the held-out pairs as the annotators did. Of 39 held-out pairs, it orders 92.3 % as the annotators did, and OLD 100.0 % (95 % interval of the difference -16.6 to 2.0 percentage points).',
    });
    expect(decide(8, 0)).toMatchObject({
      make_default: false,
      is_worse: true,
      reason:
        'It does not become the default: it is worse than the present default OLD. Of 39 held-out pairs, it orders 79.5 % as the annotators did, and OLD 100.0 % (95 % interval of the difference -32.6 to -6.5 percentage points).',
    });
  });

  test('that is clearly worse may be so by the tolerance', () => {
    const decided = decide(8, 0, { tolerance: 0.21 });

    expect(decided).toMatchObject({ make_default: true, is_worse: false });
    expect(decided.reason).toContain(
      'It becomes the default: it is worse than the present default OLD, but by no more than the tolerance of 21 percentage points.',
    );
  });

  test('does not become the default where the pairs leave it open and the observed values do not', () => {
    // One pair of neighbors is in the wrong order, and half of all pairs of photos.
    const now = rising.map((score, photo) => (photo < 20 ? score : score - 30));

    const decided = decide(now, rising, { values: rising });

    expect(decided).toMatchObject({ make_default: false, is_worse: true });
    expect(decided.accuracy_difference?.high).toBeGreaterThan(0);
    expect(decided.kendall_tau_difference?.high).toBeLessThan(0);
    expect(decided.reason).toMatch(
      /Kendall tau over 40 photos that neither has learned from is -?0\.\d\d for it and 1\.00 for OLD /,
    );
  });

  test('may order fewer pairs by exactly the tolerance, however numbers are rounded', () => {
    for (let right = 1; right < PHOTOS; right++) {
      const decided = decide(right, right - 1, { tolerance: 1 / (PHOTOS - 1) });

      expect([right, decided.make_default]).toEqual([right, true]);
    }
  });

  test('is not helped by a tau that is clearly worse, but within the tolerance, where it orders fewer pairs', () => {
    const {
      pairs: compared,
      photos,
      familiar,
      untold,
    } = compareModels({
      ...{ pairs, values: NO_VALUES, weeks: rising },
      model: { scores: withMistakes(3), learned: NOTHING },
      other: { scores: rising, learned: NOTHING },
    });
    const tau = { ...photos, n: 400, now: 0.8, before: 0.81, difference: { low: -0.02, high: -0.001 } };
    const current = { model_code: 'OLD', model_uuid: 'old' };
    const input = { promote: 'if_better', tolerance: 0.02 } as const;

    const decided = decidePromotion(
      { verdict: 'tolerated', decided_by: 'photos', pairs: compared, familiar, untold, photos: tau },
      current,
      input,
    );

    expect(decided).toMatchObject({ make_default: false, is_worse: false });
    expect(decided.reason).toMatch(
      /^It does not become the default: it is worse than the present default OLD, but by no more than the tolerance of 0\.02 in Kendall tau; OLD orders more of the held-out pairs as the annotators did\./,
    );
  });

  test('is held back where the default is better on pairs that it may have learned from, and the reason says so', () => {
    expect(decide(8, 0, { isTold: false })).toMatchObject({
      make_default: false,
      untold: { pairs: 39, photos: 0 },
      reason:
        'It does not become the default: it is worse than the present default OLD, on pairs that the latter may have learned from. Of 39 held-out pairs, it orders 79.5 % as the annotators did, and OLD 100.0 % (95 % interval of the difference -32.6 to -6.5 percentage points). Whether OLD has learned from these pairs is not known, as its file does not say.',
    });
    expect(decide(0, 8, { isTold: false })).toMatchObject({
      make_default: true,
      reason: expect.stringMatching(
        /^It becomes the default: it is better than the present default OLD\. .* Whether OLD has learned from these pairs is not known/,
      ),
    });
  });

  test('does not become the default where too few pairs can be compared', () => {
    const decided = decide(rising, NO_SCORES, { tolerance: 0 });

    expect(decided.make_default).toBe(false);
    expect(decided.reason).toBe(
      'It does not become the default: only 0 held-out pairs have scores of it and of OLD, and 10 are needed to compare.',
    );
  });
});

describe('promote: always', () => {
  test('makes a worse model the default, and the figures are what is said first', () => {
    const decided = decide(30, 0, { promote: 'always', values: rising });

    expect(decided).toMatchObject({ make_default: true, is_worse: true, current_model_uuid: 'old' });
    expect(decided.reason).toContain(
      'promote: always; it is worse than the present default OLD. Of 39 held-out pairs, it orders 23.1 %',
    );
    expect(worseDefault(decided)).toBe(
      'held-out pairs ordered as the annotators did 100.0 % → 23.1 %: the new default is worse than OLD, which it replaces.',
    );
  });

  test.each([
    ['a better model', 0, 8],
    ['one that is as good', 0, 0],
    ['one that is not clearly worse', 1, 0],
  ])('says nothing first of %s', (_, now, before) => {
    const decided = decide(now, before, { promote: 'always', tolerance: 0 });

    expect(decided).toMatchObject({ make_default: true, is_worse: false });
    expect(worseDefault(decided)).toBeNull();
  });

  test('tells a worse model by its tau where no pair can be compared', () => {
    const decided = decide(39, 0, { promote: 'always', judged: NONE, values: rising });

    expect(worseDefault(decided)).toBe(
      'Kendall tau 1.00 → -1.00: the new default is worse than OLD, which it replaces.',
    );
    expect(decided.reason).toContain('it is worse than the present default OLD; only 0 held-out pairs');
  });

  test('says the pairs where the observed values tell no difference', () => {
    const decided = decide(20, 0, { promote: 'always' });

    expect(worseDefault(decided)).toBe(
      'held-out pairs ordered as the annotators did 100.0 % → 48.7 %: the new default is worse than OLD, which it replaces.',
    );
  });

  test.each([
    ['pairs', { values: NO_VALUES }, /^held-out pairs ordered/],
    ['pairs', { values: rising }, /^held-out pairs ordered/],
    ['photos', { values: rising, judged: NONE }, /^Kendall tau/],
  ])(
    'says how many of the %s that tell it the one before may have learned from: %#',
    (what, given, figures) => {
      const worse = worseDefault(decide(30, 0, { promote: 'always', ...given, isTold: false }));

      expect(worse).toMatch(figures);
      expect(worse).toMatch(
        new RegExp(
          `: the new default is worse than OLD, which it replaces, and which may have learned from \\d+ of these ${what}\\.$`,
        ),
      );
    },
  );

  test('says the taus of an execution of an earlier version, which has no intervals', () => {
    const earlier = {
      ...becomesFirst(),
      is_worse: true,
      kendall_tau: 0.19,
      current_kendall_tau: 0.77,
      current_model_code: 'OLD',
    };

    expect(worseDefault(earlier)).toContain('Kendall tau 0.77 → 0.19');
  });

  test('says nothing of a model that does not become the default', () => {
    expect(worseDefault(decide(30, 0))).toBeNull();
  });
});

describe('the input alone', () => {
  test.each([
    [true, 'promote: never'],
    [false, 'it is not published'],
  ])('keeps a model from becoming the default with publish %s: %s', (publish, reason) => {
    const decided = decidedByInput(publish);

    expect(decided.make_default).toBe(false);
    expect(decided.reason).toContain(reason);
  });
});
