/** An execution that has not ended. */
export type RunningExecution = {
  execution_arn: string;
  /** Of its start, or of the last redrive; milliseconds since 1970. */
  running_since: number;
};

/** One that runs for longer than a stage expects of any. */
export type LateExecution = { execution_arn: string; hours: number };

const HOUR_MS = 3_600_000;

/** Hours that the oldest of them has been running; 0 where none runs. */
export const oldestHours = (running: readonly RunningExecution[], now: number): number =>
  running.reduce((oldest, { running_since }) => Math.max(oldest, (now - running_since) / HOUR_MS), 0);

/** The oldest first. @param maxHours that are expected at most (maxRunHours of the stage) */
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
