import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler } from '../../functions/resume-job.ts';
import * as errors from '../../shared/errors.ts';
import { startTestSageMaker, type TestSageMaker } from '../fixtures/sagemaker.ts';

let sageMaker: TestSageMaker;
beforeAll(async () => {
  sageMaker = await startTestSageMaker();
});
afterAll(() => sageMaker.stop());
beforeEach(() => {
  sageMaker.running = ['a-train-1-0', 'a-train-1-2', 'a-train-10-0', 'b-a-train-1-0'];
  sageMaker.stopped = [];
});

const call = (event: object) => handler(event as never, {} as never);
const timedOut = (kind: 'training' | 'transform', redrive_count = 1) => ({
  kind,
  job: { job: 'a-train-1-', status: 'TimedOut', redrive_count: 1 },
  redrive_count,
  limit_seconds: 9000,
});

describe('a job whose time is over', () => {
  test.each([
    ['training', errors.TrainingTimedOut, 'after the last complete epoch'],
    ['transform', errors.ScoringTimedOut, 'if the model does not load'],
  ] as const)('of %s is stopped, whichever attempt it was, and no other one', async (kind, error, said) => {
    const attempt = call(timedOut(kind));

    await expect(attempt).rejects.toThrow(error);
    await expect(attempt).rejects.toThrow(said);
    await expect(attempt).rejects.toThrow('no end after 2.5 h; a-train-1-0, a-train-1-2 are stopped now');
    expect(sageMaker.stopped).toEqual(['a-train-1-0', 'a-train-1-2']);
  });

  test('is named alone where it is the only one', async () => {
    sageMaker.running = ['a-train-1-2'];

    await expect(call(timedOut('transform'))).rejects.toThrow(
      'no end after 2.5 h; a-train-1-2 is stopped now',
    );
  });

  test('is named also where it has ended by itself meanwhile', async () => {
    sageMaker.running = [];

    await expect(call(timedOut('transform'))).rejects.toThrow('it is stopped, or has just ended');
  });

  test('is stopped before the next one begins, and a redrive goes on', async () => {
    expect(await call(timedOut('training', 2))).toBeNull();
    expect(sageMaker.stopped).toEqual(['a-train-1-0', 'a-train-1-2']);
  });
});

test('a job that somebody has stopped is left alone', async () => {
  const job = { job: 'a-train-1-0', status: 'Stopped', redrive_count: 0 };

  const attempt = call({ kind: 'training', job, redrive_count: 0, max_hours: 3.9041 });

  await expect(attempt).rejects.toThrow(errors.TrainingStopped);
  await expect(attempt).rejects.toThrow('its limit (3.9 h: training_max_hours');
  expect(sageMaker.stopped).toEqual([]);
});
