import type { RankedPair } from '../filters/filter-pairs.ts';

/** Columns of pairs.csv (contract 5.2). */
export const PAIR_COLUMNS = [
  'split',
  'pair',
  'image_id_1',
  'timestamp_1',
  'filename_1',
  'value_1',
  'image_id_2',
  'timestamp_2',
  'filename_2',
  'value_2',
  'label',
] as const;

/** 1: the first photo shows more; −1: the second; 0: the same. */
const LABELS = { LEFT: 1, RIGHT: -1, SAME: 0 } as const;

/**
 * Lines of pairs.csv: each pair twice, the second time with sides swapped and label negated, which for SAME stays a plain
 * 0 (Q-I6); one by one, as all of them take more than the pairs.
 *
 * @param formatInstant of milliseconds since 1970
 */
export function* pairLines(
  pairs: readonly RankedPair[],
  isTrain: readonly boolean[],
  formatInstant: (epochMs: number) => string,
) {
  for (const [index, row] of pairs.entries()) {
    const side = (name: 'left' | 'right') => ({
      image_id: row[`${name}.imageId`],
      timestamp: formatInstant(row[`${name}.timestamp`]),
      filename: row[`${name}.filename`],
      value: row[`${name}.value`],
    });
    const split = isTrain[index] ? 'train' : 'val';
    const label = LABELS[row.rank];
    const line = (one: ReturnType<typeof side>, two: ReturnType<typeof side>, label: number) => ({
      split,
      pair: index + 1,
      image_id_1: one.image_id,
      timestamp_1: one.timestamp,
      filename_1: one.filename,
      value_1: one.value,
      image_id_2: two.image_id,
      timestamp_2: two.timestamp,
      filename_2: two.filename,
      value_2: two.value,
      label,
    });
    const [left, right] = [side('left'), side('right')];
    yield line(left, right, label);
    yield line(right, left, label === 0 ? 0 : -label);
  }
}
