import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type ComparedModels,
  comparedFigures,
  compareModels,
  compareTaus,
  NOT_KNOWN,
  type ScoredModel,
  verdictWords,
} from '../../../shared/publication/model-comparison.ts';
import type { Interval } from '../../../shared/statistics/tau-bootstrap.ts';
import { judgedPairs } from '../../fixtures/report.ts';

const PHOTOS = 40;
const NOTHING = new Uint8Array(PHOTOS);
const rising = Float64Array.from({ length: PHOTOS }, (_, photo) => photo);
/** Each photo with its neighbor: the later one shows more. */
const pairs = judgedPairs(
  Array.from({ length: PHOTOS - 1 }, (_, photo) => ({
    left: photo + 1,
    right: photo,
    choice: 1 as const,
    split: 'val' as const,
  })),
);
const withMistakes = (wrong: number) =>
  rising.map((score, photo) => (photo <= wrong ? wrong - score : score));
const modelOf = (scores: Float64Array, learned = NOTHING): ScoredModel => ({ scores, learned });

const scores = fc
  .array(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN)), {
    minLength: PHOTOS,
    maxLength: PHOTOS,
  })
  .map((all) => modelOf(Float64Array.from(all)));
/** What two models are compared by; the same for any two. */
const basis = fc.record({
  pairs: fc
    .array(
      fc.record({
        left: fc.nat(PHOTOS - 1),
        right: fc.nat(PHOTOS - 1),
        choice: fc.constantFrom<1 | 0 | -1>(1, 0, -1),
        split: fc.constantFrom<'train' | 'val'>('train', 'val'),
      }),
      { maxLength: 80 },
    )
    .map(judgedPairs),
  values: scores.map(({ scores }) => scores),
  weeks: fc.array(fc.nat(9), { minLength: PHOTOS, maxLength: PHOTOS }),
});

describe('Two models', () => {
  test('that score alike show no clear difference, whatever they score', () => {
    fc.assert(
      fc.property(basis, scores, (given, model) => {
        const { verdict, pairs, photos } = compareModels({ ...given, model, other: model });

        expect(verdict).toBe('unclear');
        for (const { difference } of [pairs, photos])
          if (difference) expect(difference.low <= 0 && 0 <= difference.high).toBe(true);
      }),
    );
  });

  test('that change places have the opposite verdict and the mirrored interval', () => {
    const turned = { better: 'worse', worse: 'better', unclear: 'unclear', tolerated: 'tolerated' };
    const mirrored = (interval: Interval | null) => interval && { low: -interval.high, high: -interval.low };
    fc.assert(
      fc.property(basis, scores, scores, (given, model, other) => {
        const one = compareModels({ ...given, model, other });
        const two = compareModels({ ...given, model: other, other: model });

        expect(two.verdict).toBe(turned[one.verdict]);
        for (const part of ['pairs', 'photos'] as const) {
          expect([two[part].n, two[part].now, two[part].before]).toEqual([
            one[part].n,
            one[part].before,
            one[part].now,
          ]);
          const [there, back] = [one[part].difference, mirrored(two[part].difference)];
          expect(there === null).toBe(back === null);
          if (there === null || back === null) continue;
          expect(there.low).toBeCloseTo(back.low, 12);
          expect(there.high).toBeCloseTo(back.high, 12);
        }
      }),
    );
  });

  test('of which one orders every pair and photo right are told apart', () => {
    const compared: ComparedModels = {
      pairs,
      model: modelOf(rising),
      other: modelOf(withMistakes(20)),
      values: rising,
      weeks: rising,
    };

    expect(compareModels(compared).verdict).toBe('better');
    expect(compareModels({ ...compared, model: compared.other, other: compared.model }).verdict).toBe(
      'worse',
    );
  });

  test('are compared on the pairs whose photos both scored', () => {
    const other = modelOf(withMistakes(0).map((score, photo) => (photo < 20 ? Number.NaN : score)));

    const found = compareModels({
      pairs,
      model: modelOf(withMistakes(10)),
      other,
      values: rising,
      weeks: rising,
    });

    expect(found.pairs).toMatchObject({ n: 19, now: 1, before: 1 });
  });

  test.each([
    ['enough pairs are held out of both: on these', 4, 35, 'better', 0],
    ['few are: on all that are held out of the first', 20, 39, 'worse', 20],
  ])('are compared, where %s', (_, learnedPairs, n, verdict, familiar) => {
    // The other orders those right that it has learned from, and none else; the first one the other way round.
    const first = modelOf(withMistakes(learnedPairs));
    const learned = Uint8Array.from(rising, (photo) => Number(photo <= learnedPairs));
    const other = modelOf(
      learnedPairs === 4 ? rising.map((score, photo) => (photo <= 4 ? score : 80 - score)) : rising,
      learned,
    );

    const found = compareModels({ pairs, model: first, other, values: NAN, weeks: rising });

    expect(found).toMatchObject({ verdict, familiar, pairs: { n } });
    expect(comparedFigures(found, 'it', 'OLD')[0]).toMatch(
      familiar > 0
        ? /OLD \d+\.\d %, which has learned from the photos of 20 of them/
        : /OLD \d+\.\d % \(95 %/,
    );
  });

  test('are compared on all held-out pairs where it is not known what the other has learned from, and the words say so', () => {
    const untold = new Uint8Array(PHOTOS).fill(NOT_KNOWN);
    const given = { pairs, values: rising, weeks: rising };

    const worse = compareModels({
      ...given,
      model: modelOf(withMistakes(20)),
      other: modelOf(rising, untold),
    });
    const better = compareModels({
      ...given,
      model: modelOf(rising),
      other: modelOf(withMistakes(20), untold),
    });

    expect(worse).toMatchObject({ verdict: 'worse', familiar: 0, untold: { pairs: 39, photos: 40 } });
    expect(verdictWords(worse, 'it', 'OLD')).toBe(
      'it is worse than OLD, on pairs that the latter may have learned from',
    );
    expect(verdictWords(better, 'it', 'OLD')).toBe('it is better than OLD');
    const [ofPairs, ofPhotos] = comparedFigures(worse, 'it', 'OLD');
    expect(ofPairs).toMatch(
      /, and OLD 100\.0 % \(95 % .*\)\. Whether OLD has learned from these pairs is not known, as its file does not say\.$/,
    );
    expect(ofPhotos).toMatch(
      /^Kendall tau over 40 photos that it has not learned from, and OLD may have, is -?0\.\d\d for it and 1\.00 for OLD /,
    );
  });

  test('are compared on the pairs that are known to be unseen, where these are enough', () => {
    // Of the last pair, neither photo is told of; of the one before it, one is.
    const untold = Uint8Array.from(rising, (photo) => (photo >= PHOTOS - 2 ? NOT_KNOWN : 0));

    const found = compareModels({
      pairs,
      model: modelOf(rising),
      other: modelOf(rising, untold),
      values: rising,
      weeks: rising,
    });

    expect(found).toMatchObject({ pairs: { n: 38 }, familiar: 0, untold: { pairs: 0, photos: 2 } });
    const [ofPairs, ofPhotos] = comparedFigures(found, 'it', 'OLD');
    expect(ofPairs).not.toContain('not known');
    expect(ofPhotos).toMatch(
      /^Kendall tau over 40 photos that it has not learned from, and OLD may have from 2, is /,
    );
  });

  test.each([
    ['one photo of each pair is known to be unseen', [0, NOT_KNOWN], 0, 0],
    ['one photo of each is learned from and the other not told of', [1, NOT_KNOWN], 0, 39],
    ['both are learned from', [1, 1], 39, 0],
    ['one is learned from', [1, 0], 0, 0],
  ])('are compared by pairs of which %s', (_, [even, odd], familiar, untold) => {
    const learned = Uint8Array.from(rising, (photo) => (photo % 2 === 0 ? even : odd) as number);

    const found = compareModels({
      pairs,
      model: modelOf(rising),
      other: modelOf(rising, learned),
      values: NAN,
      weeks: rising,
    });

    expect(found).toMatchObject({ pairs: { n: 39 }, familiar, untold: { pairs: untold } });
  });

  test('are compared by tau over the photos that neither has learned from', () => {
    const learnedFirst = Uint8Array.from(rising, (photo) => Number(photo < 10));
    const learnedOther = Uint8Array.from(rising, (photo) => Number(photo >= 35));

    const { photos } = compareModels({
      pairs: judgedPairs([]),
      model: modelOf(rising, learnedFirst),
      other: modelOf(rising, learnedOther),
      values: rising,
      weeks: rising,
    });

    expect(photos).toEqual({ n: 25, now: 1, before: 1, difference: { low: 0, high: 0 } });
  });
});

const NAN = new Float64Array(PHOTOS).fill(Number.NaN);

test('Of very many photos, some at even distances give the interval, and all the taus', () => {
  const n = 120_000;
  const values = Float64Array.from({ length: n }, (_, row) => row);
  // Wrong where a multiple of three lies, which the interval alone sees.
  const now = values.map((value, row) => (row % 3 === 0 ? value : n - value));

  const { difference, ...taus } = compareTaus(
    values,
    [now, values],
    values.map((_, row) => row % 50),
  );

  expect(taus).toMatchObject({ n, before: 1 });
  expect(taus.now).toBeLessThan(0);
  expect(difference).toEqual({ low: 0, high: 0 });
});
