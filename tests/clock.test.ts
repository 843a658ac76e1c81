import { expect, test } from '@jest/globals';
import { productSources, sourcesWith } from './support/product-sources.ts';

/** What compares with a time that somebody else has written. */
const OF_OTHERS = [
  'local/door.ts', // the time of a signature
  'local/sagemaker/job-data.ts', // when a file was changed
  'local/step-functions/state-interpreter.ts', // the Timestamp of a Wait
  'shared/aws/service-client.ts', // Retry-After
];

const LENGTH_BY_CLOCK =
  /(?<!new Date\()Date\.now\(\) *[-+<>]|[-<>] *Date\.now\(\)|(deadline|startedAt\w*) = (Date\.now|new Date)\(\)/;

test('no length of time is measured by the clock of the day, which may be set meanwhile', () => {
  const sources = productSources();

  const measuring = sourcesWith(LENGTH_BY_CLOCK, sources);

  expect(sources.length).toBeGreaterThan(100);
  expect(measuring.sort()).toEqual(OF_OTHERS);
});
