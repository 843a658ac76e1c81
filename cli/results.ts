import { join } from 'node:path';

/** Below the folder of a stack: what `npm start` leaves of each model, in a folder of its code. Reports know it by this name, too. */
export const resultsFolder = (stackFolder: string): string => join(stackFolder, 'results');

/** Names of the files that a person opens of a model. */
export const resultFiles = (modelCode: string) => ({
  report: `${modelCode}.html`,
  input: 'input.html',
  dataset: 'dataset.html',
  predictions: 'predictions.csv',
  intervals: 'predictions-intervals.csv',
});
