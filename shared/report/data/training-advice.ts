import { formatCount, formatShare } from '../../formats/numbers.ts';
import type { PairAccuracy, PairSplitName } from '../../predictions/pair-accuracy.ts';
import { finalEpochs, type TrainingOutput } from './epochs.ts';

/** With more pairs than these, the method's paper found little gain (doi 10.5194/hess-29-6445-2025). */
const PAIRS_OF_PAPER = 1000;

type Sources = {
  training: Pick<TrainingOutput, 'epochs' | 'recipe'>;
  accuracy: Record<PairSplitName, PairAccuracy>;
};

/**
 * What the run itself tells of whether more epochs or more annotation pairs would help, in sentences: the course of the validation
 * loss, and how much better the model orders the pairs that it has learned from. How much better a model of so many pairs
 * more would be is not to be seen from a single training.
 */
export const trainingAdvice = ({ training, accuracy }: Sources): string[] => [
  ...epochAdvice(training),
  ...pairAdvice(accuracy),
];

/** Recipes whose learning rate goes by the validation loss, not by the number of epochs; null is that of earlier versions. */
const WITHOUT_END: TrainingOutput['recipe'][] = ['fpe', null];

function epochAdvice({ epochs, recipe }: Sources['training']): string[] {
  const [final] = finalEpochs(epochs);
  const last = epochs.at(-1);
  if (!final || !last || epochs.length < 2) return [];
  const after = last.epoch - final.epoch;
  const least = `The validation loss was least ${after === 1 ? 'one epoch' : `${after} epochs`} before the end`;
  if (after > 0 && !WITHOUT_END.includes(recipe))
    return [
      `${least}, but with this recipe each epoch depends on how many there are, so that a training of more (n_epochs) may still be better.`,
    ];
  return after === 0
    ? [
        'The validation loss was still falling at the last epoch: more epochs (n_epochs) may give a better model.',
      ]
    : [`${least}: more epochs would not help.`];
}

function pairAdvice({ train, val }: Record<PairSplitName, PairAccuracy>): string[] {
  if (!train.interval || !val.interval) return [];
  const figures = `${formatShare(train.share)} of its training pairs and ${formatShare(val.share)} of the held-out ones as the annotators did`;
  if (val.interval.high >= train.interval.low)
    return [
      `The model orders ${figures}, which is no clear difference: it has learned little by heart, and photos it cannot tell apart limit it more than the number of pairs.`,
    ];
  const pairs =
    train.n < PAIRS_OF_PAPER
      ? 'More annotation pairs will probably narrow it, best of seasons and values where the model does badly.'
      : `There are ${formatCount(train.n)} training pairs already, and the method’s paper found little gain beyond ${formatCount(PAIRS_OF_PAPER)}: look at the contradicted pairs first.`;
  return [`The model orders ${figures}: the difference is what it has learned by heart. ${pairs}`];
}
