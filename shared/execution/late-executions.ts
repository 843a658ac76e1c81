import { HOUR_MS } from '../formats/durations.ts';

/** An execution that has not ended. */
export type RunningExecution = {
  execution_arn: string;
  /** Time of its start, or of the last redrive; milliseconds since 1970. */
  running_since: number;
};

/** An execution that has been running for longer than a stage expects of any. */
export type LateExecution = { execution_arn: string; hours: number };

/** Hours that the oldest execution has been running; 0 if none is running. */
export const oldestHours = (running: readonly RunningExecution[], now: number): number =>
  running.reduce((oldest, { running_since }) => Math.max(oldest, (now - running_since) / HOUR_MS), 0);

/** The oldest first. @param maxHours maximum that is expected (maxRunHours of the stage) */
export const lateExecutions = (
  running: readonly RunningExecution[],
  maxHours: number,
  now: number,
): LateExecution[] =>
  running
    .map(({ execution_arn, running_since }) => ({ execution_arn, hours: (now - running_since) / HOUR_MS }))
    .filter(({ hours }) => hours > maxHours)
    .sort((one, other) => other.hours - one.hours)
    .map(({ execution_arn, hours }) => ({ execution_arn, hours: Math.round(10 * hours) / 10 }));
