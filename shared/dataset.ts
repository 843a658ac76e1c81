import type { AnnotationSession } from './annotation-sessions.ts';
import type { Cell } from './csv.ts';
import type { ANNOTATION_COLUMNS } from './dataset-files.ts';
import { formatInstant } from './local-time.ts';

export type ValuedImage = {
  image_id: number;
  timestamp: number;
  filename: string;
  url: string | null;
  value: number | null;
};

type AnnotationLine = Record<(typeof ANNOTATION_COLUMNS)[number], Cell>;

/**
 * Rows of annotations.csv: every pair of every session, joined with its photos (contract 5.1). Pairs with a photo that is
 * not selected are left out; `pair_id` is the place in the file before that.
 *
 * @param images selected photos by image id
 */
export function annotationLines(
  sessions: readonly AnnotationSession[],
  images: ReadonlyMap<number, ValuedImage>,
  station: { id: number; name: string },
): AnnotationLine[] {
  return sessions.flatMap(({ pairs, annotation_id, user_id, duration_sec, n, url }) =>
    pairs.flatMap((pair, index) => {
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
          pair_id: index + 1,
          'left.timestamp': formatInstant(left.timestamp),
          'left.value': left.value,
          'left.url': left.url,
          'left.filename': left.filename,
          'right.timestamp': formatInstant(right.timestamp),
          'right.value': right.value,
          'right.url': right.url,
          'right.filename': right.filename,
          ...compareValues(left.value, right.value),
          data_nrow: pairs.length,
        },
      ];
    }),
  );
}

/** What the observed values say of a pair; blank where one is missing. */
export function compareValues(left: number | null, right: number | null) {
  if (left === null || right === null)
    return { delta_value: null, avg_value: null, rel_delta_value: null, true_rank: null };
  const delta_value = Math.abs(left - right);
  const avg_value = (left + right) / 2;
  const true_rank = left > right ? 'LEFT' : left < right ? 'RIGHT' : 'SAME';
  return { delta_value, avg_value, rel_delta_value: delta_value / avg_value, true_rank };
}
