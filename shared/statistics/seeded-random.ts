import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Random choices that are the same for the same seed, in the order in which they are asked for. */
export type SeededRandom = {
  /** A new array, uniformly shuffled. */
  shuffle<Item>(items: readonly Item[]): Item[];
  /** A whole number from 0 to `n` − 1, uniformly. */
  below(n: number): number;
};

export function seededRandom(seed: number): SeededRandom {
  const generator = xoroshiro128plus(seed);
  return {
    // Fisher and Yates, from the end.
    shuffle(items) {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = uniformInt(generator, 0, last);
        [shuffled[last], shuffled[other]] = [
          shuffled[other] as (typeof items)[number],
          shuffled[last] as (typeof items)[number],
        ];
      }
      return shuffled;
    },
    below: (n) => uniformInt(generator, 0, n - 1),
  };
}
