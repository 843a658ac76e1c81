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
export const LABELS = { LEFT: 1, RIGHT: -1, SAME: 0 } as const;

type Side = { image_id: number; timestamp: string | null; filename: string; value: number | null };
type Label = -1 | 0 | 1;
/** A pair as it stands in pairs.csv; its number counts from 1. */
export type NumberedPair = { split: 'train' | 'val'; pair: number; left: Side; right: Side; label: Label };

/** A pair's two lines: the second has its sides swapped and its label negated, which for SAME stays a plain 0 (Q-I6). */
export function* mirroredLines({ split, pair, left, right, label }: NumberedPair) {
  const line = (one: Side, two: Side, label: number) => ({
    split,
    pair,
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
  yield line(left, right, label);
  yield line(right, left, label === 0 ? 0 : -label);
}

/**
 * Lines of pairs.csv: each pair twice, one by one, as all of them take more than the pairs.
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
    yield* mirroredLines({
      split: isTrain[index] ? 'train' : 'val',
      pair: index + 1,
      left: side('left'),
      right: side('right'),
      label: LABELS[row.rank],
    });
  }
}
