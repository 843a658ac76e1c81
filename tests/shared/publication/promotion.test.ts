import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decidedByInput,
  decidePromotion,
  type PromotionInput,
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
/** No photo that the default has learned from. */
const NOTHING = new Uint8Array(PHOTOS);
const rising = Float64Array.from({ length: PHOTOS }, (_, photo) => photo);
/** Puts the first `wrong` photos in falling order, so that as many pairs are wrong. */
const withMistakes = (wrong: number) =>
  rising.map((score, photo) => (photo <= wrong ? wrong - score : score));
const decide = (
  now: number,
  before: number | null,
  { tolerance = 0.02, promote = 'if_better' }: Partial<Pick<PromotionInput, 'tolerance' | 'promote'>> = {},
) =>
  decidePromotion({
    pairs,
    scores: withMistakes(now),
    values: rising,
    current:
      before === null
        ? null
        : { model_code: 'OLD', model_uuid: 'old', scores: withMistakes(before), learned: NOTHING },
    tolerance,
    promote,
  });

describe('a new model', () => {
  test('becomes the default where there is none', () => {
    expect(decide(5, null)).toMatchObject({ make_default: true, current_model_code: null, pairs: 0 });
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

  test('may be worse by the tolerance, and says the figures', () => {
    expect(decide(1, 0, { tolerance: 0.03 })).toMatchObject({ make_default: true });
    expect(decide(1, 0, { tolerance: 0.02 })).toMatchObject({
      make_default: false,
      reason:
        'It does not become the default: it orders 97.4 % of 39 held-out pairs as the annotators did, the present default OLD 100.0 %, which is worse by more than 2.0 percentage points.',
    });
  });

  test('is compared on the pairs whose photos both models scored', () => {
    const before = withMistakes(0).map((score, photo) => (photo < 20 ? Number.NaN : score));

    const decided = decidePromotion({
      pairs,
      scores: withMistakes(10),
      current: { model_code: 'OLD', model_uuid: 'old', scores: before, learned: NOTHING },
      values: rising,
      tolerance: 0,
      promote: 'if_better',
    });

    expect(decided).toMatchObject({ make_default: true, pairs: 19, accuracy: 1, current_accuracy: 1 });
  });

  test.each([
    ['enough pairs are held out of both: on these', 4, { pairs: 35, make_default: true }, false],
    ['few are: on all that are held out of it, and says so', 20, { pairs: 39, make_default: false }, true],
  ])('is compared, where %s', (_, learnedPairs, expected, isSaid) => {
    // The default orders those right that it has learned from, and the new model does not.
    const decided = decidePromotion({
      pairs,
      scores: withMistakes(learnedPairs),
      current: {
        ...{ model_code: 'OLD', model_uuid: 'old', scores: rising },
        learned: Uint8Array.from(rising, (photo) => Number(photo <= learnedPairs)),
      },
      values: rising,
      tolerance: 0.02,
      promote: 'if_better',
    });

    expect(decided).toMatchObject(expected);
    expect(decided.reason.includes(`, which has learned from the photos of ${learnedPairs} of them`)).toBe(
      isSaid,
    );
  });

  test('does not become the default where too few pairs can be compared', () => {
    const unknown = new Float64Array(PHOTOS).fill(Number.NaN);

    const decided = decidePromotion({
      pairs,
      scores: rising,
      current: { model_code: 'OLD', model_uuid: 'old', scores: unknown, learned: NOTHING },
      values: rising,
      tolerance: 0,
      promote: 'if_better',
    });

    expect(decided.make_default).toBe(false);
    expect(decided.reason).toContain('only 0 held-out pairs have scores of it and of OLD, and 10 are needed');
  });

  test('that scores as the default does becomes it, whatever the scores', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: PHOTOS, maxLength: PHOTOS }), (given) => {
        const scores = Float64Array.from(given);
        const { make_default } = decidePromotion({
          pairs,
          scores,
          current: { model_code: 'OLD', model_uuid: 'old', scores, learned: NOTHING },
          values: rising,
          tolerance: 0,
          promote: 'if_better',
        });
        expect(make_default).toBe(true);
      }),
    );
  });
});

describe('promote: always', () => {
  test('makes a worse model the default, and the figures are what is said first', () => {
    const decided = decide(30, 0, { promote: 'always' });

    expect(decided).toMatchObject({ make_default: true, is_worse: true, current_model_uuid: 'old' });
    expect(decided.reason).toContain('promote: always; it orders 23.1 % of 39 held-out pairs');
    expect(worseDefault(decided)).toMatch(
      /^Kendall tau over all photos 1\.00 → -?0\.\d\d: the new default is worse than OLD, which it replaces\.$/,
    );
  });

  test.each([
    ['a better model', 0, 8],
    ['one that is as good', 0, 0],
    ['one that is worse by less than the tolerance', 1, 0],
  ])('says nothing first of %s', (_, now, before) => {
    const decided = decide(now, before, { promote: 'always', tolerance: 0.03 });

    expect(decided).toMatchObject({ make_default: true, is_worse: false });
    expect(worseDefault(decided)).toBeNull();
  });

  test('tells a worse model by its tau where no pair can be compared', () => {
    const decided = decidePromotion({
      pairs: judgedPairs([]),
      scores: withMistakes(39),
      values: rising,
      current: { model_code: 'OLD', model_uuid: 'old', scores: rising, learned: NOTHING },
      tolerance: 0.02,
      promote: 'always',
    });

    expect(worseDefault(decided)).toBe(
      'Kendall tau over all photos 1.00 → -1.00: the new default is worse than OLD, which it replaces.',
    );
  });

  test.each([
    ['less', 0.01, false],
    ['more', 0.001, true],
  ])('takes a tau that is lower by %s than the tolerance for a worse model: %#', (_, tolerance, is_worse) => {
    const decided = decidePromotion({
      pairs: judgedPairs([]),
      scores: withMistakes(1),
      values: rising,
      current: { model_code: 'OLD', model_uuid: 'old', scores: rising, learned: NOTHING },
      tolerance,
      promote: 'always',
    });

    // One of 780 pairs of photos is in the wrong order, which takes 2 / 780 off a tau of 1.
    expect(decided.kendall_tau).toBeCloseTo(1 - 2 / 780);
    expect(decided.is_worse).toBe(is_worse);
  });

  test('says the pairs where the observed values tell no difference', () => {
    const decided = decidePromotion({
      pairs,
      scores: withMistakes(20),
      values: new Float64Array(PHOTOS).fill(Number.NaN),
      current: { model_code: 'OLD', model_uuid: 'old', scores: rising, learned: NOTHING },
      tolerance: 0.02,
      promote: 'always',
    });

    expect(worseDefault(decided)).toBe(
      'held-out pairs ordered as the annotators did 100.0 % → 48.7 %: the new default is worse than OLD, which it replaces.',
    );
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
