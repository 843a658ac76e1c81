import {
  leftOutPhrases,
  PAIR_EXCLUSIONS,
  PHOTO_EXCLUSIONS,
  PHOTO_FAULTS,
  type Reason,
  VALUE_EXCLUSIONS,
} from '../../dataset/reasons.ts';
import type { Learnt, Split, StationExport } from '../../execution/train-station-state.ts';
import { countOf, formatCount } from '../../formats/numbers.ts';
import { MIN_TRAIN_PAIRS, MIN_VAL_PAIRS } from '../../model-input/pair-split.ts';
import type { ReportSources } from './report-data.ts';

type Remarked = Pick<ReportSources, 'state' | 'training'>;

/** What did not take part in a run and why, in sentences; for the notification. */
export function remarks({
  state: { export: exported, dataset, split, predictions },
  training,
}: Remarked): string[] {
  const { faults, missing } = predictions;
  const unscored = leftOutPhrases(PHOTO_FAULTS, faults, formatCount);
  if (missing > 0) unscored.push(`${formatCount(missing)} without an answer of the scoring job`);
  return [
    ...(unscored.length > 0 ? [`Photos without a score: ${unscored.join(', ')}.`] : []),
    ...learntRemarks(training.learnt, split),
    ...exclusionRemarks(exported, dataset.value_source === 'FPE'),
  ];
}

/** What the training really learned from, where that is less than what was divided, or less than a model wants. */
export function learntRemarks(learnt: Learnt | null, { pair_splits }: Pick<Split, 'pair_splits'>): string[] {
  if (learnt === null || (learnt.train === pair_splits.train && learnt.val === pair_splits.val)) return [];
  const pairs = `${countOf(learnt.train, 'training pair')} and ${countOf(learnt.val, 'validation pair')}`;
  const isTooFew = learnt.train < MIN_TRAIN_PAIRS || learnt.val < MIN_VAL_PAIRS;
  return [
    `The model really learned from ${pairs}, not from ${formatCount(pair_splits.train)} and ${formatCount(pair_splits.val)}, because ${countOf(learnt.photos_unreadable, 'photo')} of pairs could not be read.`,
    ...(isTooFew
      ? [
          `Warning: these are fewer than the ${MIN_TRAIN_PAIRS} and ${MIN_VAL_PAIRS} that a model needs to be trusted. Upload the photos again, or annotate more pairs, and train anew.`,
        ]
      : []),
  ];
}

/** Photos, pairs and values that the dataset does not have. */
export function exclusionRemarks(exported: StationExport, usesFpeValues: boolean): string[] {
  const left = (what: string, reasons: Record<string, Reason>, counts: Record<string, number>) => {
    const phrases = leftOutPhrases(reasons, counts, formatCount);
    return phrases.length > 0 ? [`${what} left out: ${phrases.join(', ')}.`] : [];
  };
  return [
    ...left('Photos', PHOTO_EXCLUSIONS, exported.images_excluded),
    ...left('Annotation pairs', PAIR_EXCLUSIONS, exported.pairs_excluded),
    ...(usesFpeValues ? left('Observed values', VALUE_EXCLUSIONS, exported.values_excluded) : []),
  ];
}
