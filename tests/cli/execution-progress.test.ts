import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { executionProgress, runningMs } from '../../cli/progress/execution-progress.ts';
import {
  formatDuration,
  type JobProgress,
  progressLines,
  withPace,
} from '../../cli/progress/progress-lines.ts';
import type { HistoryEvent } from '../../shared/aws/executions.ts';

const STATES = ['PrepareRun', 'FetchObservations', 'TrainModel', 'MergeBatches'];
const second = (n: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, n));
const event = (n: number, type: string, details: object = {}): HistoryEvent =>
  ({ id: n, type, timestamp: second(n), ...details }) as HistoryEvent;
const entered = (n: number, type: string, name: string, input: object = {}) =>
  event(n, type, { stateEnteredEventDetails: { name, input: JSON.stringify(input) } });
const exited = (n: number, type: string, name: string, output: object = {}) =>
  event(n, type, { stateExitedEventDetails: { name, output: JSON.stringify(output) } });

const prepared = [
  event(0, 'ExecutionStarted'),
  entered(1, 'TaskStateEntered', 'PrepareRun'),
  event(1, 'LambdaFunctionScheduled'),
  exited(3, 'TaskStateExited', 'PrepareRun'),
];
const trainingScheduled = event(5, 'TaskScheduled', {
  taskScheduledEventDetails: { parameters: '{"TrainingJobName": "fpe-rank-1"}' },
});
const training = [...prepared, entered(5, 'TaskStateEntered', 'TrainModel'), trainingScheduled];
const linesOf = (events: HistoryEvent[], jobs: [string, JobProgress][] = []) =>
  progressLines(executionProgress(STATES, events), new Map(jobs), second(65)).map(stripVTControlCharacters);

describe('progress of an execution', () => {
  test('is read from its history: done, passed by, running and waiting states', () => {
    const states = executionProgress(STATES, training);

    expect(states.map(({ status }) => status)).toEqual(['done', 'skipped', 'running', 'waiting']);
    expect(states[2]).toMatchObject({
      startedAt: second(5),
      request: { TrainingJobName: 'fpe-rank-1' },
    });
  });

  test('counts attempts that were tried again, and forgets their error', () => {
    const refused = event(6, 'TaskFailed', {
      taskFailedEventDetails: { error: 'SageMaker.ThrottlingException', cause: 'slow down' },
    });

    const waiting = executionProgress(STATES, [...training, refused])[2];
    const again = executionProgress(STATES, [...training, refused, trainingScheduled])[2];

    expect(waiting?.error).toEqual({ name: 'SageMaker.ThrottlingException', cause: 'slow down' });
    expect(again).toMatchObject({ status: 'running', retries: 1, error: null });
  });

  test('ends with the state that failed, or that was running when it was stopped', () => {
    const failed = event(9, 'ExecutionFailed', {
      executionFailedEventDetails: { error: 'NotEnoughPairs', cause: 'few' },
    });
    const aborted = event(9, 'ExecutionAborted', { executionAbortedEventDetails: {} });

    expect(executionProgress(STATES, [...training, failed])[2]).toMatchObject({
      status: 'failed',
      error: { name: 'NotEnoughPairs' },
      endedAt: second(9),
    });
    expect(executionProgress(STATES, [...training, aborted])[2]?.status).toBe('stopped');
  });

  test('goes on after a redrive', () => {
    const failed = event(9, 'ExecutionFailed', { executionFailedEventDetails: { error: 'X', cause: '' } });

    const states = executionProgress(STATES, [...training, failed, event(20, 'ExecutionRedriven')]);

    expect(states[2]).toMatchObject({ status: 'running', startedAt: second(20), endedAt: null });
  });

  test('does not count the attempt after a redrive as a retry', () => {
    const refused = event(6, 'TaskFailed', { taskFailedEventDetails: { error: 'X', cause: '' } });
    const failed = event(9, 'ExecutionFailed', { executionFailedEventDetails: { error: 'X', cause: '' } });
    const redriven = [...training, refused, failed, event(20, 'ExecutionRedriven')];

    expect(linesOf(redriven)[2]).toMatch(/^▸ TrainModel +49\.0s$/);
    expect(linesOf([...redriven, trainingScheduled])[2]).toMatch(/^▸ TrainModel +49\.0s$/);
    expect(executionProgress(STATES, [...redriven, trainingScheduled])[2]?.retries).toBe(0);
    expect(linesOf([...redriven, trainingScheduled, refused, trainingScheduled])[2]).toMatch(/\(1 retry\)$/);
  });

  test('takes as long as it has run: the pause before a redrive counts neither for it nor for its states', () => {
    const events = [
      ...training,
      event(9, 'ExecutionFailed', { executionFailedEventDetails: { error: 'X', cause: '' } }),
      event(20, 'ExecutionRedriven'),
      exited(23, 'TaskStateExited', 'TrainModel'),
    ];

    expect(linesOf(events)[2]).toMatch(/^✔ TrainModel +7\.0s$/);
    expect(runningMs(events, second(30))).toBe(19_000);
    expect(runningMs([...events, event(24, 'ExecutionSucceeded')], second(30))).toBe(13_000);
  });

  test('shows states that were not entered as skipped once it has succeeded, and as not reached if it failed', () => {
    const succeeded = [...prepared, event(4, 'ExecutionSucceeded')];
    const failed = [...prepared, event(4, 'ExecutionFailed', { executionFailedEventDetails: {} })];
    const statuses = (events: HistoryEvent[]) =>
      executionProgress(STATES, events).map(({ status }) => status);

    expect(statuses(succeeded)).toEqual(['done', 'skipped', 'skipped', 'skipped']);
    expect(statuses(failed)).toEqual(['done', 'waiting', 'waiting', 'waiting']);
  });

  test('counts the batches of a Map', () => {
    const merging = [
      ...training,
      exited(6, 'TaskStateExited', 'TrainModel'),
      entered(7, 'MapStateEntered', 'MergeBatches'),
      event(7, 'MapStateStarted', { mapStateStartedEventDetails: { length: 3 } }),
      event(8, 'MapIterationSucceeded'),
    ];

    expect(linesOf(merging)[3]).toMatch(/^▸ MergeBatches +58\.0s {2}█+░+ 1 of 3 batches$/);
  });
});

describe('lines for a person', () => {
  test('show mark, name, duration and how far a job is', () => {
    const job: JobProgress = {
      kind: 'training',
      epochs: 8,
      metrics: new Map([
        ['epoch', 3],
        ['train_loss', 0.4567],
        ['val_loss', 0.5],
      ]),
    };

    const lines = linesOf(training, [['TrainModel', job]]);

    expect(lines[0]).toBe('✔ PrepareRun               2.0s');
    expect(lines[1]).toBe('– FetchObservations              skipped');
    expect(lines[2]).toBe(
      '▸ TrainModel             1m 00s  ████████░░░░░░░░░░░░ 3 of 8 epochs, loss 0.457, validation loss 0.500',
    );
    expect(lines[3]).toBe('· MergeBatches');
  });

  test('name the error that a failed job has told, not that a job has failed', () => {
    const failed = event(9, 'ExecutionFailed', {
      executionFailedEventDetails: {
        error: 'States.TaskFailed',
        cause: '{"FailureReason":"AlgorithmError: TrainingDiverged: It diverged, exit code: 1"}',
      },
    });

    expect(linesOf([...training, failed])[2]).toMatch(/^✖ TrainModel .* TrainingDiverged$/);
  });

  test('tell the time that a job needs by its pace since something was done, not since it was started', () => {
    const scoring = (scored: number): JobProgress => ({ kind: 'scoring', scored, photos: 1000 });
    const leftOf = (job: JobProgress) =>
      / photos(.*)$/.exec(linesOf(training, [['TrainModel', job]])[2] as string)?.[1];
    const first = withPace(scoring(0), undefined, second(5));
    const begun = withPace(scoring(100), first, second(45));
    const going = withPace(scoring(300), begun, second(65));

    expect(leftOf(first)).toBe('');
    expect(leftOf(begun)).toBe('');
    // 200 photos in 20 s, 700 are left.
    expect(leftOf(going)).toBe(', about 1m 10s left');
    expect(leftOf(withPace(scoring(1000), begun, second(65)))).toBe('');
  });

  test.each([
    [4210, '4.2s'],
    [59_940, '59.9s'],
    [59_960, '1m 00s'],
    [75_300, '1m 15s'],
    [3_600_000, '1h 00m'],
    [9_015_000, '2h 30m'],
  ])('%i milliseconds are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});
