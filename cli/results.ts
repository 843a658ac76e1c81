import { join } from 'node:path';
import { RESULTS_FOLDER } from '../shared/execution/keys.ts';

/** What `npm start` leaves of the models of a stack. */
export const resultsFolder = (stackFolder: string): string => join(stackFolder, RESULTS_FOLDER);

/** Names of the files that a person opens of a model. */
export const resultFiles = (modelCode: string) => ({
  report: `${modelCode}.html`,
  input: 'input.html',
  dataset: 'dataset.html',
  predictions: 'predictions.csv',
  intervals: 'predictions-intervals.csv',
});
