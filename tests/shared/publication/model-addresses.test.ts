import { expect, test } from '@jest/globals';
import { privateReportPlace } from '../../../shared/publication/model-addresses.ts';
import { TRAIN_ARN } from '../../fixtures/local-executions.ts';

test('the report of a model that is not drawn has an address on AWS, and on the local stack, where that leads nowhere, a command', () => {
  const report = { bucket: 'models', key: 'rank/29/models/A/versions/u/A.html' };

  expect(privateReportPlace(report, TRAIN_ARN)).toBe('./fpe open report try-1');
  expect(privateReportPlace(report, TRAIN_ARN.replace('000000000000', '123456789012'))).toBe(
    's3://models/rank/29/models/A/versions/u/A.html',
  );
});
