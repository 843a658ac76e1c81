import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decidedByInput, decidePromotion } from '../../../shared/publication/promotion.ts';
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
const rising = Float64Array.from({ length: PHOTOS }, (_, photo) => photo);
/** Puts the first `wrong` photos in falling order, so that as many pairs are wrong. */
const withMistakes = (wrong: number) =>
  rising.map((score, photo) => (photo <= wrong ? wrong - score : score));
const decide = (now: number, before: number | null, tolerance = 0.02) =>
  decidePromotion({
    pairs,
    scores: withMistakes(now),
    current: before === null ? null : { model_code: 'OLD', model_uuid: 'old', scores: withMistakes(before) },
    tolerance,
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
    expect(decide(1, 0, 0.03)).toMatchObject({ make_default: true });
    expect(decide(1, 0, 0.02)).toMatchObject({
      make_default: false,
      reason:
        'It does not become the default: it orders 97.4 % of 39 held-out pairs as the annotators did, the present default OLD 100.0 %, which is worse by more than 2.0 %.',
    });
  });

  test('is compared on the pairs whose photos both models scored', () => {
    const before = withMistakes(0).map((score, photo) => (photo < 20 ? Number.NaN : score));

    const decided = decidePromotion({
      pairs,
      scores: withMistakes(10),
      current: { model_code: 'OLD', model_uuid: 'old', scores: before },
      tolerance: 0,
    });

    expect(decided).toMatchObject({ make_default: true, pairs: 19, accuracy: 1, current_accuracy: 1 });
  });

  test('does not become the default where too few pairs can be compared', () => {
    const unknown = new Float64Array(PHOTOS).fill(Number.NaN);

    const decided = decidePromotion({
      pairs,
      scores: rising,
      current: { model_code: 'OLD', model_uuid: 'old', scores: unknown },
      tolerance: 0,
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
          current: { model_code: 'OLD', model_uuid: 'old', scores },
          tolerance: 0,
        });
        expect(make_default).toBe(true);
      }),
    );
  });
});

describe('the input', () => {
  test.each([
    [true, true, true, 'promote: always'],
    [true, false, false, 'promote: never'],
    [false, true, false, 'it is not published'],
  ])('with publish %s and promote %s decides %s', (publish, promote, expected, reason) => {
    const decided = decidedByInput(publish, promote);

    expect(decided.make_default).toBe(expected);
    expect(decided.reason).toContain(reason);
  });
});
