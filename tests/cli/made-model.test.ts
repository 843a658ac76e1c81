import { describe, expect, test } from '@jest/globals';
import { findMadeModel } from '../../cli/made-model.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { REFRESH_ARN, TRAIN_ARN } from '../fixtures/local-executions.ts';
import { MADE_MODEL, TRAINED } from '../fixtures/made-model.ts';

const described = (output: object | undefined) => async () =>
  ({ status: 'FAILED', input: '{"station_id": 29}', output: output && JSON.stringify(output) }) as never;

describe('the model that an execution has made', () => {
  test('is known with the keys of its files', async () => {
    const model = await findMadeModel(TRAIN_ARN, described(TRAINED));

    expect(model).toEqual(MADE_MODEL);
    expect(model.keys.metrics).toBe('rank/29/models/RANK-FLOW-A/versions/0b2f6a8c/metrics.json');
  });

  test.each([
    ['has failed', TRAIN_ARN, /^try-1 has made no model: it is FAILED\. Details: \.\/fpe show try-1$/],
    [
      'is of another machine',
      REFRESH_ARN,
      /^nightly-1 is an execution of refresh-stations, which makes no model/,
    ],
  ])('is missed where it %s', async (_, arn, message) => {
    const found = findMadeModel(arn, described(undefined));

    await expect(found).rejects.toThrow(UsageError);
    await expect(found).rejects.toThrow(message);
  });
});
