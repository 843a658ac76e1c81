import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random draws that is the same for the same seed. */
export type Random = {
  /** From `from` (included, default 0) to `to` (excluded, default 1). */
  uniform(from?: number, to?: number): number;
  /** Normal with mean 0. */
  normal(deviation?: number): number;
  /** Whole number from 0 to `count` − 1. */
  integer(count: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  shuffle<Item>(items: readonly Item[]): Item[];
  /** UUID version 4. */
  uuid(): string;
};

export function randomSource(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  for (let n = 0; n < 8; n++) uniformFloat64(generator); // the first draws of neighboring seeds are alike
  const unit = () => uniformFloat64(generator);
  const integer = (count: number) => Math.floor(unit() * count);
  return {
    uniform: (from = 0, to = 1) => from + (to - from) * unit(),
    normal: (deviation = 1) =>
      deviation * Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    integer,
    chance: (probability) => unit() < probability,
    pick: (items) => items[integer(items.length)] as (typeof items)[number],
    shuffle(items) {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = integer(last + 1);
        const moved = shuffled[last] as (typeof items)[number];
        shuffled[last] = shuffled[other] as (typeof items)[number];
        shuffled[other] = moved;
      }
      return shuffled;
    },
    uuid() {
      const hex = Array.from({ length: 32 }, () => integer(16).toString(16));
      hex[12] = '4';
      hex[16] = (8 + integer(4)).toString(16);
      return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    },
  };
}
