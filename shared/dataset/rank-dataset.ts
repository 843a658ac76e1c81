import type { Cell } from '../formats/csv.ts';
import { extremes, formatInstant, type StationClock } from '../formats/local-time.ts';
import type { AnnotationSession } from './annotation-sessions.ts';
import type { ANNOTATION_COLUMNS } from './columns.ts';
import { medianStepMinutes } from './observations.ts';

export type ValuedImage = {
  image_id: number;
  timestamp: number;
  filename: string;
  url: string | null;
  value: number | null;
};

type AnnotationLine = Record<(typeof ANNOTATION_COLUMNS)[number], Cell> & {
  'left.timestamp': string;
  'right.timestamp': string;
};

/**
 * Rows of annotations.csv: every pair of every session, joined with its photos (contract 5.1). Pairs with a photo that is
 * not selected are left out.
 *
 * @param images selected photos by image id
 */
export function annotationLines(
  sessions: readonly AnnotationSession[],
  images: ReadonlyMap<number, ValuedImage>,
  station: { id: number; name: string },
): AnnotationLine[] {
  return sessions.flatMap(({ pairs, elements, annotation_id, user_id, duration_sec, n, url }) =>
    pairs.flatMap((pair) => {
      const left = images.get(pair.left.imageId);
      const right = images.get(pair.right.imageId);
      if (!left || !right) return [];
      return [
        {
          annotation_id,
          user_id,
          station_id: station.id,
          station_name: station.name,
          duration_sec,
          n,
          url,
          rank: pair.rank,
          comment: pair.comment,
          'left.imageId': left.image_id,
          'left.attributes': pair.left.attributes.join(','),
          'right.imageId': right.image_id,
          'right.attributes': pair.right.attributes.join(','),
          pair_id: pair.pair_id,
          'left.timestamp': formatInstant(left.timestamp),
          'left.value': left.value,
          'left.url': left.url,
          'left.filename': left.filename,
          'right.timestamp': formatInstant(right.timestamp),
          'right.value': right.value,
          'right.url': right.url,
          'right.filename': right.filename,
          ...compareValues(left.value, right.value),
          data_nrow: elements,
        },
      ];
    }),
  );
}

/** What the observed values say of a pair; blank where one is missing. */
function compareValues(left: number | null, right: number | null) {
  if (left === null || right === null)
    return { delta_value: null, avg_value: null, rel_delta_value: null, true_rank: null };
  const delta_value = Math.abs(left - right);
  const avg_value = (left + right) / 2;
  const true_rank = left > right ? 'LEFT' : left < right ? 'RIGHT' : 'SAME';
  return { delta_value, avg_value, rel_delta_value: delta_value / avg_value, true_rank };
}

/** Of the run, what rank-dataset.json tells. */
export type DatasetRun = {
  dataset_code: string;
  /** ISO 8601 */
  started_at: string;
  station: { id: number };
  parameters: { variable_code: string; max_gap_minutes: number; overwrite: boolean };
};

/** How much a dataset has. */
export type DatasetSize = {
  images: number;
  images_with_value: number;
  values: number;
  value_source: string | null;
  pairs: number;
};

/**
 * Content of rank-dataset.json (contract 5.1); instants are station-local ISO 8601 with offset (Q-D14).
 *
 * @param times of photos, values and both photos of each pair, milliseconds since 1970, in any order
 */
export function rankDataset(
  run: DatasetRun,
  dataset: DatasetSize,
  clock: StationClock,
  times: {
    images: ArrayLike<number>;
    values: ArrayLike<number>;
    pairs: ArrayLike<number>;
  },
) {
  const { parameters, station } = run;
  const period = (instants: ArrayLike<number>) => {
    const [first, last] = extremes(instants);
    return { start: clock.iso(first), end: clock.iso(last) };
  };
  return {
    dataset_code: run.dataset_code,
    station_id: station.id,
    variable_id: parameters.variable_code,
    images: {
      count: dataset.images,
      count_missing_value: dataset.images - dataset.images_with_value,
      ...period(times.images),
    },
    values:
      dataset.values > 0
        ? {
            source: dataset.value_source,
            count: dataset.values,
            ...period(times.values),
            freq: medianStepMinutes(times.values),
          }
        : { count: 0 },
    annotations: dataset.pairs > 0 ? { count: dataset.pairs, ...period(times.pairs) } : { count: 0 },
    args: {
      options: {
        help: false,
        directory: '.',
        station_id: station.id,
        variable_id: parameters.variable_code,
        maxgap: parameters.max_gap_minutes,
        overwrite: parameters.overwrite,
      },
      args: run.dataset_code,
    },
    created: clock.iso(Date.parse(run.started_at)),
  };
}
