import { quantile } from '../../shared/statistics/quantile.ts';
import { seededRandom } from '../../shared/statistics/seeded-random.ts';
import type { Interval } from '../../shared/statistics/tau-bootstrap.ts';

/** A number of one training at a station. */
export type Reading = { station: string; seed: number; value: number };
export type Estimate = Interval & {
  mean: number;
  /** Trainings behind it. */
  n: number;
};
export type Difference = Estimate & {
  stations: number;
  /** The station at which the mean difference is lowest. */
  worst: { station: string; mean: number };
};

/** Of fewer, a bootstrap tells no more than their range, and 95 % would be untrue. */
const LEAST_RESAMPLED = 3;
export const hasInterval = ({ n }: Pick<Estimate, 'n'>): boolean => n >= LEAST_RESAMPLED;

const RESAMPLES = 4000;
const SEED = 1691;

/**
 * Mean over stations of their means over seeds, with its 95 % percentile interval by a bootstrap in two stages: stations are
 * drawn with replacement, then the seeds of each (Davison and Hinkley 1997, section 3.8, doi:10.1017/CBO9780511802843). With
 * two or three of either it is too narrow.
 *
 * @returns null without readings
 */
export function estimate(readings: readonly Reading[]): Estimate | null {
  const stations = [...byStation(readings).values()];
  if (stations.length === 0) return null;
  const random = seededRandom(SEED);
  const means = Float64Array.from({ length: RESAMPLES }, () =>
    mean(
      stations.map(() => {
        const values = stations[random.below(stations.length)] as number[];
        return mean(values.map(() => values[random.below(values.length)] as number));
      }),
    ),
  ).sort();
  return {
    mean: mean(stations.map(mean)),
    low: quantile(means, 0.025),
    high: quantile(means, 0.975),
    n: readings.length,
  };
}

/**
 * How much higher a recipe's numbers are than the reference's, trained with the same pairs of the same station and seed. What has
 * no counterpart is left out.
 *
 * @returns null where nothing can be compared
 */
export function pairedDifference(
  readings: readonly Reading[],
  reference: readonly Reading[],
): Difference | null {
  const keyOf = ({ station, seed }: Reading) => `${station} ${seed}`;
  const counterparts = new Map(reference.map((reading) => [keyOf(reading), reading.value]));
  const differences = readings.flatMap((reading) => {
    const counterpart = counterparts.get(keyOf(reading));
    return counterpart === undefined ? [] : [{ ...reading, value: reading.value - counterpart }];
  });
  const difference = estimate(differences);
  if (difference === null) return null;
  const means = [...byStation(differences)]
    .map(([station, values]) => ({ station, mean: mean(values) }))
    .toSorted((a, b) => a.mean - b.mean);
  return { ...difference, stations: means.length, worst: means[0] as Difference['worst'] };
}

/** How far a station may fall behind without the recipe being called worse there. */
const CLEARLY_WORSE = 0.02;
/** Of fewer, an interval says nothing. */
const [LEAST_STATIONS, LEAST_TRAININGS] = [2, 6];

/**
 * Better: above the reference within and after the annotation period with 95 % confidence, and clearly worse at no station, by six
 * pairs of trainings at two stations or more.
 */
export function isBetter(within: Difference | null, after: Difference | null): boolean {
  return [within, after].every(
    (difference) =>
      difference !== null &&
      difference.stations >= LEAST_STATIONS &&
      difference.n >= LEAST_TRAININGS &&
      difference.low > 0 &&
      difference.worst.mean > -CLEARLY_WORSE,
  );
}

function byStation(readings: readonly Reading[]): Map<string, number[]> {
  const stations = new Map<string, number[]>();
  for (const { station, value } of readings) stations.set(station, [...(stations.get(station) ?? []), value]);
  return stations;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
