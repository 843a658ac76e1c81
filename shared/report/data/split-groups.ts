import { IMAGE_SPLITS, type ImageSplit } from '../../model-input/image-split.ts';

/** Groups of photos, and of days, for which the report gives a Kendall tau, in its order (contract 8.1). */
export const SPLIT_GROUPS = [
  { id: 'train', label: 'Train', splits: ['train'], meaning: 'in pairs used for training' },
  { id: 'val', label: 'Val', splits: ['val'], meaning: 'in pairs used for validation only' },
  {
    id: 'test-in',
    label: 'Test (In)',
    splits: ['test-in'],
    meaning: 'in no pair, taken within the dates of the pairs',
  },
  {
    id: 'test-out',
    label: 'Test (Out)',
    splits: ['test-out'],
    meaning: 'in no pair, taken before or after the dates of the pairs',
  },
  {
    id: 'test-all',
    label: 'Test (All)',
    splits: ['test-in', 'test-out'],
    meaning: 'in no pair: Test (In) and Test (Out) together',
  },
  { id: 'overall', label: 'Overall', splits: IMAGE_SPLITS, meaning: 'all together' },
] as const satisfies { id: string; label: string; splits: readonly ImageSplit[]; meaning: string }[];

export type SplitGroup = (typeof SPLIT_GROUPS)[number];
export type ByGroup<Value> = Record<SplitGroup['id'], Value>;

/** One value for each group, by its id. */
export const forEachGroup = <Value>(compute: (group: SplitGroup) => Value): ByGroup<Value> =>
  Object.fromEntries(SPLIT_GROUPS.map((group) => [group.id, compute(group)])) as ByGroup<Value>;
