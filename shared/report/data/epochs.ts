import type { Learnt } from '../../execution/train-station-state.ts';
import type { LearningCurve } from './learning-curve.ts';

/** Loss after one epoch; null where there is none, as when the training diverged. */
export type EpochLoss = {
  /** Counted from 1, as the log of the training does; metrics.csv counts from 0. */
  epoch: number;
  train: number | null;
  val: number | null;
};

/** How a training computed; null where it does not tell. */
export type Computation = {
  /** cuda or cpu. */
  device: string | null;
  threads: number | null;
  /** Version of PyTorch. */
  torch: string | null;
  /** Epochs that an earlier job had done. */
  resumedAfterEpochs: number;
};

export type TrainingOutput = {
  epochs: EpochLoss[];
  learningRate: number | null;
  /** By which the network learned; null of upstream’s trainings. */
  recipe: string | null;
  /** What it learned from, null where it does not tell. */
  learnt: Learnt | null;
  computation: Computation;
  learningCurve: LearningCurve;
};

/** Epochs whose network is the published one, that is with the least validation loss; none without validation. */
export function finalEpochs(epochs: readonly EpochLoss[]): EpochLoss[] {
  const least = epochs.reduce((min, { val }) => Math.min(min, val ?? min), Number.POSITIVE_INFINITY);
  return epochs.filter(({ val }) => val === least);
}
