import {
  type JudgedDifference,
  rankIntervals,
  scoreError,
} from '../../shared/predictions/score-intervals.ts';
import { measuresOf } from '../../shared/report/data/measures.ts';
import { kendallTauB } from '../../shared/statistics/kendall-tau.ts';
import { percentileRanks } from '../../shared/statistics/ranks.ts';
import { type Cell, pairParts, seenPhotos } from './cells.ts';
import type { JudgedStation, StationPair, StationPhoto } from './station-folder.ts';

/** How well scores order photos that the network has not seen; null where it cannot be computed. */
export type OrderMeasures = {
  n: number;
  tauTrue: number | null;
  tauObserved: number | null;
  rho: number | null;
  /** Mean average precision in finding the photos of highest, and of lowest, true values, as the report's. */
  precisionHigh: number | null;
  precisionLow: number | null;
  /** Share of the photos whose true rank lies in the interval that the validation pairs give. */
  coverage: number | null;
};
export type CellMeasures = { groups: Record<string, OrderMeasures>; pairAccuracy: number | null };

/** Below this many photos, tau says little. */
const LEAST_PHOTOS = 20;

/**
 * @param scores of the station's photos, in their order; null for a photo that could not be read
 * @param alongside what it is compared with: photos that any of them has seen do not count, so that all are judged by the same
 */
export function cellMeasures(
  station: JudgedStation,
  cell: Cell,
  scores: readonly (number | null)[],
  alongside: readonly Cell[] = [],
): CellMeasures {
  const seen = new Set([cell, ...alongside].flatMap((one) => [...seenPhotos(station, one)]));
  const scored = station.photos.flatMap((photo, index) => {
    const score = scores[index];
    return typeof score === 'number' ? [{ photo, score }] : [];
  });
  const scoreOf = new Map(scored.map(({ photo, score }) => [photo.imageId, score]));
  const differenceOf = ({ one, two }: StationPair) =>
    (scoreOf.get(one) ?? Number.NaN) - (scoreOf.get(two) ?? Number.NaN);
  const { val, heldOut } = pairParts(station.pairs, cell);
  const isHeld = holdsTruth(
    scored,
    val.map((pair) => ({ choice: pair.label, difference: differenceOf(pair) })),
  );
  const unseen = scored
    .map((row, index) => ({ ...row, isHeld: isHeld?.[index] ?? null }))
    .filter(({ photo }) => !seen.has(photo.imageId));
  const names = new Set(unseen.flatMap(({ photo }) => groupsOf(photo)));
  const groups = [...names]
    .map(
      (name) => [name, orderMeasures(unseen.filter(({ photo }) => groupsOf(photo).includes(name)))] as const,
    )
    .filter(([, { n }]) => n >= LEAST_PHOTOS);

  const differences = heldOut
    .filter(({ label }) => label !== 0)
    .map((pair) => pair.label * differenceOf(pair))
    .filter((difference) => !Number.isNaN(difference));
  return {
    groups: Object.fromEntries(groups),
    pairAccuracy:
      differences.length === 0
        ? null
        : differences.filter((difference) => difference > 0).length / differences.length,
  };
}

const groupsOf = ({ period, season, light }: StationPhoto): string[] => [
  period,
  `season ${season}`,
  `light ${light}`,
];

/** Whether the interval of each photo's rank holds its true rank; null where the pairs tell nothing of how far scores may be off. */
function holdsTruth(
  scored: readonly { photo: StationPhoto; score: number }[],
  judgments: readonly JudgedDifference[],
): boolean[] | null {
  const error = scoreError(judgments.filter(({ difference }) => !Number.isNaN(difference)));
  if (error === null) return null;
  const { low, high } = rankIntervals(
    Float64Array.from(scored, ({ score }) => score),
    error.halfWidth,
  );
  const truth = percentileRanks(Float64Array.from(scored, ({ photo }) => photo.trueValue));
  return [...truth].map((rank, index) => rank >= (low[index] as number) && rank <= (high[index] as number));
}

function orderMeasures(
  rows: readonly { photo: StationPhoto; score: number; isHeld: boolean | null }[],
): OrderMeasures {
  const scores = Float64Array.from(rows, ({ score }) => score);
  const truth = Float64Array.from(rows, ({ photo }) => photo.trueValue);
  const observed = Float64Array.from(rows, ({ photo }) => photo.observed);
  const { n, rho, high, low } = measuresOf({ values: truth, scores });
  return {
    n,
    tauTrue: kendallTauB(scores, truth),
    tauObserved: kendallTauB(scores, observed),
    rho,
    precisionHigh: high?.mean ?? null,
    precisionLow: low?.mean ?? null,
    coverage: rows.some(({ isHeld }) => isHeld === null)
      ? null
      : rows.filter(({ isHeld }) => isHeld).length / rows.length,
  };
}
