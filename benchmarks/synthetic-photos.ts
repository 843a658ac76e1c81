import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const SPLITS = ['train', 'val', 'test-in', 'test-out'] as const;
const FIRST_PHOTO = Date.parse('2018-04-01T12:00:00Z');
const MINUTES_BETWEEN_PHOTOS = 15;
const SEED = 1691;

export type SyntheticPhoto = {
  id: number;
  timestampMs: number;
  split: (typeof SPLITS)[number];
  /** Cubic feet per second as a gage reports it, to two digits, so that many are tied; null for one in ten. */
  value: number | null;
  /** Follows log(value) with noise; null for one in a thousand. */
  score: number | null;
};

/** Photos of a station whose flow rises in storms and recedes between them; the same ones every time. */
export function syntheticPhotos(n: number): SyntheticPhoto[] {
  const random = xoroshiro128plus(SEED);
  const uniform = () => uniformFloat64(random);
  let storm = 0;
  return Array.from({ length: n }, (_, id) => {
    storm = uniform() < 0.002 ? storm + 4 * uniform() : storm * 0.997;
    const logFlow = Math.sin(id / 5000) + storm;
    const noise = uniform() + uniform() + uniform() - 1.5;
    return {
      id,
      timestampMs: FIRST_PHOTO + id * MINUTES_BETWEEN_PHOTOS * 60_000,
      split: SPLITS[Math.floor(uniform() * SPLITS.length)] as SyntheticPhoto['split'],
      value: uniform() < 0.1 ? null : Number((10 * Math.exp(logFlow)).toPrecision(2)),
      score: uniform() < 0.001 ? null : logFlow + noise,
    };
  });
}
