import { parseAnnotationFile } from '../dataset/annotation-sessions.ts';
import type { ModelType } from './model-type.ts';

/** RankNet (Burges et al. 2005): a score for each photo, learned from pairs of which annotators chose the one that shows more. */
export const RANK: ModelType = {
  name: 'RankNet Model',
  prefix: 'rank/',
  programs: {
    training: 'train.py',
    serving: 'inference.py',
    metrics: ['epoch', 'train_loss', 'val_loss', 'val_accuracy'],
  },
  files: { dataset: 'rank-dataset.json', input: 'rank-input.json' },
  parseAnnotations: parseAnnotationFile,
};
