import { csvHeader, csvRows } from '../shared/formats/csv.ts';
import { mirroredLines, type NumberedPair, PAIR_COLUMNS } from '../shared/model-input/pair-lines.ts';

/** One and two are ids of photos; label as in pairs.csv. */
export type TrainedPair = { one: number; two: number } & Pick<NumberedPair, 'split' | 'label'>;

/**
 * pairs.csv as SplitPairs writes it, but without times and values, which no training reads.
 *
 * @param filenames id of a photo → its file in the images channel
 */
export function pairsFile(pairs: readonly TrainedPair[], filenames: ReadonlyMap<number, string>): string {
  const side = (id: number) => ({
    image_id: id,
    timestamp: null,
    filename: filenames.get(id) as string,
    value: null,
  });
  const lines = pairs.flatMap(({ split, one, two, label }, index) => [
    ...mirroredLines({ split, pair: index + 1, left: side(one), right: side(two), label }),
  ]);
  return csvHeader(PAIR_COLUMNS) + csvRows(PAIR_COLUMNS, lines, 'NA');
}
