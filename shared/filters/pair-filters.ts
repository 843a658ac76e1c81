import * as z from 'zod';
import type { AnnotationRow } from '../dataset/columns.ts';
import { reason } from '../dataset/reasons.ts';
import type { StationClock } from '../formats/local-time.ts';
import type { SeededRandom } from '../statistics/seeded-random.ts';
import { dateRange, type Filter, type FilterParameters, type Given } from './filter.ts';

/** What the filters go by, besides their parameters. */
export type PairSurroundings = {
  /** Photos that the filters of photos keep. */
  imageIds: ReadonlySet<number>;
  clock: StationClock;
  random: SeededRandom;
};

/** @returns the pairs that stay, in the order of the file */
export type Keep<Parameters extends FilterParameters> = (
  pairs: readonly AnnotationRow[],
  given: Given<Parameters>,
  surroundings: PairSurroundings,
) => readonly AnnotationRow[];

const filter = <Parameters extends FilterParameters>(
  definition: Filter<Parameters> & { keep: Keep<Parameters> },
) => definition;

const annotations = dateRange('annotations');

/** Pairs of the dataset that the input of the run leaves out, each under the first filter that does (contract 6.2). */
export const PAIR_FILTERS = {
  not_ranked: filter({
    ...reason(
      'Not ranked',
      'not ranked by the annotator',
      'pairs of the dataset that the annotator did not rank',
    ),
    parameters: {},
    keep: (pairs) => pairs.filter(({ rank }) => rank !== null && rank !== 'UNKNOWN'),
  }),
  photo_filtered: filter({
    ...reason(
      'Photo not in this run',
      'with a photo that is left out',
      'pairs of the dataset with a photo that the filters of the input leave out',
    ),
    parameters: {},
    keep: (pairs, _, { imageIds }) =>
      pairs.filter((pair) => imageIds.has(pair['left.imageId']) && imageIds.has(pair['right.imageId'])),
  }),
  outside_dates: filter({
    ...reason(
      'Outside the dates',
      'outside the dates of the input',
      'pairs of the dataset with a photo before annotations_start or after annotations_end',
    ),
    parameters: annotations.parameters,
    faultOf: annotations.faultOf,
    keep(pairs, given, { clock }) {
      // A photo of the run has a time.
      const isInDates = (epochMs: number | null) =>
        annotations.contains(given, clock.calendar(epochMs as number).date);
      return pairs.filter((pair) => isInDates(pair['left.timestamp']) && isInDates(pair['right.timestamp']));
    },
  }),
  not_sampled: filter({
    ...reason(
      'Not sampled',
      'beyond annotations_max_n',
      'pairs that the random sample of annotations_max_n leaves out',
    ),
    parameters: {
      annotations_max_n: z.int().min(1).optional().describe('random sample of this many annotation pairs'),
    },
    absent: ['annotations_max_n'],
    // The sample stays in the order of the file (Q-I9).
    keep(pairs, { annotations_max_n: n }, { random }) {
      if (n === undefined || pairs.length <= n) return pairs;
      const chosen = new Set(random.shuffle(pairs.keys().toArray()).slice(0, n));
      return pairs.filter((_, index) => chosen.has(index));
    },
  }),
};
export type PairFilter = keyof typeof PAIR_FILTERS;
