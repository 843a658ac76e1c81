/**
 * How many of 100 intervals of tau, 95 % each, hold the truth, by how many weeks the photos are of: what the least number of weeks
 * of the report is from.
 *
 *     node_modules/.bin/node benchmarks/interval-coverage.ts [repetitions, default 1500]
 *
 * Flow and the errors of scores are normal and remember: after so many days, a correlation of 1/e is left. Photos of a day show nearly the
 * same water; three tenths of the variance of an error are those of the photo alone. The truth is the tau of endless such series.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { LEAST_WEEKS } from '../shared/predictions/weeks.ts';
import { RESAMPLES } from '../shared/report/data/report-data.ts';
import { bootstrapTau } from '../shared/statistics/tau-bootstrap.ts';

type Series = { flowDays: number; errorDays: number; tau: number };
const SERIES: Series[] = [
  { flowDays: 2, errorDays: 2, tau: 0.7 },
  { flowDays: 7, errorDays: 7, tau: 0.7 },
  { flowDays: 7, errorDays: 7, tau: 0.4 },
  { flowDays: 20, errorDays: 10, tau: 0.7 },
  { flowDays: 20, errorDays: 20, tau: 0.7 },
  { flowDays: 20, errorDays: 20, tau: 0.4 },
];
const WEEKS = [3, 4, 5, 6, LEAST_WEEKS, 10, 13, 26, 52];
/** One after the other, as in one season; and every fourth, as photos of rare strata are. */
const STEPS = [1, 4];
const PHOTOS_A_DAY = 4;
const SEED = 1691;
/** Of 100, from the least number of weeks on, where nothing is remembered for longer than a week. */
const TARGET = 82;

const repetitions = Number(process.argv[2] ?? 1500);
const generator = xoroshiro128plus(SEED);
/** Normal with variance 1 (Box and Muller 1958). */
const normal = (): number =>
  Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator))) * Math.cos(2 * Math.PI * uniformFloat64(generator));

const table: Record<string, string | number>[] = [];
let least = 100;
for (const series of SERIES)
  for (const step of STEPS) {
    const { flowDays, errorDays, tau } = series;
    const row: (typeof table)[number] = {
      'flow, days': flowDays,
      'errors, days': errorDays,
      tau,
      week: step === 1 ? 'each' : `every ${step}th`,
    };
    for (const weeks of WEEKS) {
      const share = Math.round(100 * coverage(series, weeks, step));
      row[`${weeks} w`] = share;
      if (weeks >= LEAST_WEEKS && Math.max(flowDays, errorDays) <= 7) least = Math.min(least, share);
    }
    table.push(row);
  }
console.table(table);
console.log(
  `from ${LEAST_WEEKS} weeks on, of series that remember for at most a week: ${least} of 100 (at least ${TARGET})`,
);
process.exitCode = least >= TARGET ? 0 : 1;

/** Share of intervals that hold the true tau. */
function coverage(series: Series, weeks: number, step: number): number {
  const held = Array.from({ length: repetitions }, () => {
    const { flows, scores, weekOf } = photosOf(series, weeks, step);
    const options = { resamples: RESAMPLES, seed: SEED, leastClusters: 3 };
    const interval = bootstrapTau(flows, scores, weekOf, options);
    return interval && interval.low <= series.tau && series.tau <= interval.high;
  });
  return held.filter(Boolean).length / repetitions;
}

function photosOf({ flowDays, errorDays, tau }: Series, weeks: number, step: number) {
  // Of normal numbers with this correlation, tau is 2/π asin of it (Greiner).
  const correlation = Math.sin((tau * Math.PI) / 2);
  const spread = Math.sqrt(1 / correlation ** 2 - 1);
  const [flows, scores, weekOf]: [number[], number[], number[]] = [[], [], []];
  let [flow, error] = [normal(), normal()];
  for (let day = 0; day < weeks * step * 7; day++) {
    flow = remembered(flow, flowDays);
    error = remembered(error, errorDays);
    const week = Math.floor(day / 7);
    if (week % step !== 0) continue;
    for (let photo = 0; photo < PHOTOS_A_DAY; photo++) {
      flows.push(flow + 0.01 * normal());
      scores.push(flow + spread * (Math.sqrt(0.7) * error + Math.sqrt(0.3) * normal()));
      weekOf.push(week);
    }
  }
  return { flows: Float64Array.from(flows), scores: Float64Array.from(scores), weekOf };
}

/** A day later. */
function remembered(number: number, days: number): number {
  const kept = Math.exp(-1 / days);
  return kept * number + Math.sqrt(1 - kept ** 2) * normal();
}
