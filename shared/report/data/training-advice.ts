import { countOf, formatCount, formatShare, formatShareInterval, isOrAre } from '../../formats/numbers.ts';
import type { PairAccuracy, PairSplitName } from '../../predictions/pair-accuracy.ts';
import type { Interval } from '../../statistics/tau-bootstrap.ts';
import { finalEpochs, type TrainingOutput } from './epochs.ts';
import { isWide, whereEnough } from './too-few.ts';

/** With more pairs than these, the method's paper found little gain (doi 10.5194/hess-29-6445-2025). */
const PAIRS_OF_PAPER = 1000;

type Sources = {
  training: Pick<TrainingOutput, 'epochs' | 'recipe' | 'learnt'>;
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

function epochAdvice({ epochs, recipe, learnt }: Sources['training']): string[] {
  const [final] = finalEpochs(epochs);
  const last = epochs.at(-1);
  if (!final || !last || epochs.length < 2) return [];
  if (learnt && whereEnough(learnt.val, true) === null)
    return [
      `The validation loss is that of ${countOf(learnt.val, 'pair')}, which ${isOrAre(learnt.val)} too few to tell whether more epochs would help.`,
    ];
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
    : [`${least}: more epochs would hardly help.`];
}

function pairAdvice({ train, val }: Record<PairSplitName, PairAccuracy>): string[] {
  const [ofTrain, ofVal] = [train, val].map(({ n, interval }) => whereEnough(n, interval));
  if (train.n === 0 || val.n === 0) return [];
  if (!ofTrain || !ofVal) {
    const few = ofVal ? { n: train.n, pair: 'training pair' } : { n: val.n, pair: 'held-out pair' };
    return [
      `How much better the model orders the pairs that it has learned from cannot be told: ${countOf(few.n, few.pair)} with a decision ${isOrAre(few.n)} too few.`,
    ];
  }
  const part = ({ share, n }: PairAccuracy, interval: Interval, pairs: string) =>
    `${formatShare(share)} of ${pairs} (95 % interval ${formatShareInterval(interval)}, n ${formatCount(n)})`;
  const figures = `${part(train, ofTrain, 'its training pairs')} and ${part(val, ofVal, 'the held-out ones')} as the annotators did`;
  if (ofVal.high >= ofTrain.low)
    return [
      isWide(ofVal)
        ? `The model orders ${figures}: so few held-out pairs cannot tell whether it has learned some by heart.`
        : `The model orders ${figures}, which is no clear difference: it has learned little by heart, and photos it cannot tell apart limit it more than the number of pairs.`,
    ];
  const pairs =
    train.n < PAIRS_OF_PAPER
      ? 'More annotation pairs will probably narrow it, best of seasons and values where the model does badly.'
      : `There are ${formatCount(train.n)} training pairs already, and the method’s paper found little gain beyond ${formatCount(PAIRS_OF_PAPER)}: look at the contradicted pairs first.`;
  return [`The model orders ${figures}: the difference is what it has learned by heart. ${pairs}`];
}
