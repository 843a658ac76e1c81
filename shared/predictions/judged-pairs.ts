import * as z from 'zod';
import { FileInvalid } from '../errors.ts';
import { numberCell, optionalTextCell, textCell } from '../formats/csv.ts';
import type { Decision } from '../quality/annotators.ts';
import { type Choice, type JudgedPairs, PAIR_SPLITS } from './pair-accuracy.ts';

/** What the report reads from the input's annotations.csv; comments are not read (Q-P8). */
export const judgment = z.object({
  user_id: optionalTextCell,
  rank: z.enum(['LEFT', 'RIGHT', 'SAME']),
  'left.imageId': numberCell,
  'right.imageId': numberCell,
});
export type Judgment = z.output<typeof judgment>;
/** What it reads from pairs.csv: `pair` is the row of annotations.csv, counted from 1. */
export const pairSplitRow = z.object({ pair: numberCell, split: textCell });

/** Pairs whose annotator decided, without the columns that no page shows. */
export const judgmentsOf = (lines: readonly Record<keyof Judgment, unknown>[]): Judgment[] =>
  lines.flatMap(({ user_id, rank, 'left.imageId': left, 'right.imageId': right }) =>
    Object.hasOwn(CHOICES, String(rank))
      ? [{ user_id, rank, 'left.imageId': left, 'right.imageId': right } as Judgment]
      : [],
  );

const CHOICES = { LEFT: 1, RIGHT: -1, SAME: 0 } as const satisfies Record<string, Choice>;

/**
 * Annotation pairs of the run in the form that the report's statistics use.
 *
 * @param imageIds ids of the run's photos, in the order of its rows
 * @throws FileInvalid if one file names a photo or a pair that the other one lacks
 */
export function judgedPairs(
  judgments: readonly Judgment[],
  splitRows: readonly z.output<typeof pairSplitRow>[],
  imageIds: Uint32Array,
): JudgedPairs {
  const rows = new Map(Array.from(imageIds, (id, row) => [id, row]));
  const rowOf = (id: number) =>
    rows.get(id) ?? inconsistent(`photo ${id} in annotations.csv, not in predictions.csv`);
  const splits = new Map(splitRows.map(({ pair, split }) => [pair, split]));
  const annotatorOf = annotatorNumbers();
  return {
    left: Uint32Array.from(judgments, (row) => rowOf(row['left.imageId'])),
    right: Uint32Array.from(judgments, (row) => rowOf(row['right.imageId'])),
    choices: Int8Array.from(judgments, ({ rank }) => CHOICES[rank]),
    splits: Uint8Array.from(judgments, (_, index) => {
      const split = PAIR_SPLITS.indexOf(splits.get(index + 1) as 'train');
      return split >= 0 ? split : inconsistent(`pair ${index + 1} of annotations.csv is not in pairs.csv`);
    }),
    annotators: Uint16Array.from(judgments, ({ user_id }) => annotatorOf(user_id)),
  };
}

/** The same judgments in the form that the checks of annotators use. */
export function decisionsOf(judgments: readonly Judgment[]): Decision[] {
  const annotatorOf = annotatorNumbers();
  return judgments.map(({ user_id, rank, 'left.imageId': left, 'right.imageId': right }) => ({
    annotator: annotatorOf(user_id),
    left,
    right,
    rank,
  }));
}

/** Numbers annotators from 1, in the order in which they are looked up. */
function annotatorNumbers(): (userId: string | null) => number {
  const annotators = new Map<string | null, number>();
  return (userId) => {
    const known = annotators.get(userId) ?? annotators.size + 1;
    annotators.set(userId, known);
    return known;
  };
}

function inconsistent(found: string): never {
  throw new FileInvalid({
    what: 'The files of the input do not belong together',
    where: 'input/annotations.csv, input/pairs.csv and transform/predictions.csv of the model',
    found,
    expected: 'the files of one run',
    fix: 'start a new execution, so that the files are written again',
  });
}
