import type { JudgedStation, StationPhoto } from '../../../benchmarks/evaluate/station-folder.ts';
import { HOUR_MS } from '../../../shared/formats/durations.ts';
import { seededRandom } from '../../../shared/statistics/seeded-random.ts';

/** A station whose photos show more of the variable the higher their id, 30 within the annotation period and 30 after. */
export function judgedStation(name: string, pairsMade = 40): JudgedStation {
  const photos = Array.from(
    { length: 60 },
    (_, index): StationPhoto => ({
      imageId: index + 1,
      timestamp: index * HOUR_MS,
      filename: `imagesets/${index + 1}.jpg`,
      trueValue: index,
      observed: index % 7 === 0 ? Number.NaN : index * 1.1,
      period: index % 2 === 0 ? 'within' : 'after',
      season: index < 30 ? 'winter' : 'summer',
      light: index % 20 === 0 ? 'low' : 'day',
    }),
  );
  const { below } = seededRandom(7);
  const within = photos.filter(({ period }) => period === 'within').slice(0, 10);
  const pairs = Array.from({ length: pairsMade }, () => {
    const [one, two] = [below(within.length), below(within.length)].map(
      (place) => (within[place] as StationPhoto).imageId,
    ) as [number, number];
    return { one, two, label: Math.sign(one - two) as -1 | 0 | 1 };
  });
  return { name, stamp: `${name} 1`, storage: '/nowhere', photos, pairs };
}
