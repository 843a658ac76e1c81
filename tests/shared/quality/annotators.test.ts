import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkAnnotators, type Decision } from '../../../shared/quality/annotators.ts';
import { HOUR_MS, photosOf, utc } from './photos.ts';

const START = Date.parse('2024-05-01T00:00:00Z');
const photos = new Map(
  photosOf(Array.from({ length: 60 }, (_, hour) => ({ at: START + hour * HOUR_MS }))).map((photo) => [
    photo.image_id,
    photo,
  ]),
);
const more = (left: number, right: number, annotator = 1): Decision => ({
  annotator,
  left,
  right,
  rank: 'LEFT',
});
const check = (decisions: readonly Decision[]) => checkAnnotators(decisions, photos, utc);
const kinds = (decisions: readonly Decision[]) => check(decisions).findings.map(({ kind }) => kind);
/** All pairs of so many photos in their true order, the later one shows more. */
const allPairs = (count: number, annotator = 1): Decision[] =>
  Array.from({ length: count }, (_, left) =>
    Array.from({ length: left }, (_, right) => more(left + 1, right + 1, annotator)),
  ).flat();

describe('The check of annotators', () => {
  test('finds nothing where decisions follow one order, whoever makes them and however often', () => {
    const decision = fc.record({
      annotator: fc.integer({ min: 1, max: 4 }),
      left: fc.integer({ min: 1, max: 60 }),
      right: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(decision, { maxLength: 400 }), fc.integer({ min: 1, max: 8 }), (pairs, shades) => {
        const level = (id: number) => Math.floor(id / shades);
        const decisions = pairs
          .filter(({ left, right }) => left !== right)
          .map((pair): Decision => {
            const difference = level(pair.left) - level(pair.right);
            return { ...pair, rank: difference > 0 ? 'LEFT' : difference < 0 ? 'RIGHT' : 'SAME' };
          });

        expect(check(decisions).findings).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('shows the photos that one annotator judged in both ways', () => {
    const { findings } = check([more(1, 2), more(2, 1)]);

    expect(findings.map(({ kind }) => kind)).toEqual(['annotators.self']);
    expect(findings[0]?.examples[0]).toMatchObject({
      caption:
        'annotator 1: 2024-05-01 00:00 shows more than 2024-05-01 01:00; annotator 1: 2024-05-01 01:00 shows more than 2024-05-01 00:00',
      photos: [{ image_id: 1 }, { image_id: 2 }],
    });
  });

  test('tells two annotators who differ from one', () => {
    expect(kinds([more(1, 2), more(2, 1, 2)])).toEqual(['annotators.opposite']);
  });

  test('takes SAME against a decision for no contradiction', () => {
    expect(kinds([more(1, 2), { ...more(1, 2), rank: 'SAME' }])).toEqual([]);
  });

  test('finds the annotator who has left and right mixed up', () => {
    const mixedUp = allPairs(6, 3).map((decision): Decision => ({ ...decision, rank: 'RIGHT' }));

    const { findings } = check([...allPairs(6, 1), ...allPairs(6, 2), ...mixedUp]);

    const apart = findings.find(({ kind }) => kind === 'annotators.apart');
    expect(apart?.examples.map(({ caption }) => caption)).toEqual([
      'annotator 3: the opposite of others in 30 of 30 comparisons (100 %)',
    ]);
  });

  test('finds the one decision that all others speak against', () => {
    const slip = more(1, 9);
    const others = allPairs(10).filter(({ left, right }) => !(left === 9 && right === 1));

    const { findings } = check([...others, slip]);

    expect(findings.map(({ kind, title }) => [kind, title])).toEqual([
      ['annotators.against_others', '1 decision against what other pairs say'],
    ]);
    expect(findings[0]?.examples[0]?.photos.map(({ image_id }) => image_id).slice(0, 2)).toEqual([1, 9]);
  });

  test('finds that annotators guess, and shows cycles', () => {
    const guesses = allPairs(20).map(
      (decision, index): Decision => ({ ...decision, rank: (index * 7919) % 13 < 6 ? 'LEFT' : 'RIGHT' }),
    );

    const cycles = check(guesses).findings.find(({ kind }) => kind === 'annotators.cycles');

    expect(cycles?.title).toMatch(/^[\d,]+ of 1,140 triangles of photos are cycles/);
    expect(cycles?.examples[0]?.photos).toHaveLength(3);
  });

  test('counts triangles and cycles as one counts by hand', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('LEFT' as const, 'RIGHT' as const, 'SAME' as const), {
          minLength: 28,
          maxLength: 28,
        }),
        (ranks) => {
          const decisions = allPairs(8).map((pair, index) => ({ ...pair, rank: ranks[index] as 'LEFT' }));
          const beats = new Set(
            decisions.flatMap(({ left, right, rank }) =>
              (rank as string) === 'SAME' ? [] : [rank === 'LEFT' ? `${left}>${right}` : `${right}>${left}`],
            ),
          );
          const decided = (a: number, b: number) => beats.has(`${a}>${b}`) || beats.has(`${b}>${a}`);
          const [triangles, cycles] = [0, 0].map((_, which) => {
            let count = 0;
            for (let a = 1; a <= 8; a++)
              for (let b = a + 1; b <= 8; b++)
                for (let c = b + 1; c <= 8; c++) {
                  if (!decided(a, b) || !decided(b, c) || !decided(a, c)) continue;
                  const turns = beats.has(`${a}>${b}`) === beats.has(`${b}>${c}`);
                  const isCycle = turns && beats.has(`${b}>${c}`) === beats.has(`${c}>${a}`);
                  if (which === 0 || isCycle) count += 1;
                }
            return count;
          });

          expect(check(decisions).checked).toContain(
            `${triangles} triangle${triangles === 1 ? '' : 's'} of three photos compared with each other${triangles ? ` (${cycles} of them cycles)` : ''}.`,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
