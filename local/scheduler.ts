/**
 * Stands in for EventBridge Scheduler: starts the target of a compiled schedule on request, enabled or not, as if its time had
 * come (`fpe local fire NAME`).
 *
 * Offers ListSchedules and FireSchedule, operations of its own, on the loopback address. Starts state machines; any other target
 * is refused by name before anything starts. Not supported: the clock, retries, dead letters, roles, Scheduler's own API.
 */
import { randomUUID } from 'node:crypto';
import type { Credentials } from './door.ts';
import { ApiError, type ApiOptions, askJsonApi, type JsonApi, startJsonApi } from './json-api.ts';

/** A schedule of the compiled template with resolved references. */
export type Schedule = {
  name: string;
  arn: string;
  /** e.g. cron(0 3 * * ? *), in this time zone */
  expression: string;
  timezone: string;
  isEnabled: boolean;
  /** ARN of its target, and the input as text. */
  target: string;
  input: string;
};

/** @returns ARN of the execution */
export type StartMachine = (stateMachineArn: string, input: string) => Promise<string>;

/**
 * @param now the instant for which a schedule is fired
 * @throws Error naming a target that is not supported here
 */
export async function startScheduler(
  options: ApiOptions & {
    schedules: readonly Schedule[];
    startMachine: StartMachine;
    now?: () => Date;
  },
): Promise<JsonApi> {
  const { schedules, startMachine, now = () => new Date(), ...api } = options;
  for (const { name, target } of schedules)
    if (!target.startsWith('arn:aws:states:'))
      throw new Error(
        `The local stack cannot run the schedule ${name}: its target is ${target}. It starts state machines.`,
      );
  return startJsonApi(
    { target: 'LocalScheduler', version: '1.0' },
    {
      ListSchedules: () => ({ schedules }),
      async FireSchedule({ name }) {
        const schedule = findSchedule(schedules, String(name));
        const input = fillIn(schedule, now());
        return { name: schedule.name, input, executionArn: await startMachine(schedule.target, input) };
      },
    },
    api,
  );
}

/** Fires a schedule of a running stack. @throws ApiError, such as ResourceNotFoundException if there is no such schedule */
export const fireSchedule = (
  endpoint: string,
  name: string,
  credentials: Credentials,
): Promise<Record<string, unknown>> =>
  askJsonApi(
    endpoint,
    { service: 'scheduler', target: 'LocalScheduler.FireSchedule', body: { name } },
    credentials,
  );

/** By its name, or the part after a dash: nightly for fpe-local-rank-nightly. */
function findSchedule(schedules: readonly Schedule[], wanted: string): Schedule {
  const found = schedules.find(({ name }) => name === wanted || name.endsWith(`-${wanted}`));
  if (found) return found;
  const names = schedules.map(({ name }) => name).join(', ') || 'none';
  throw new ApiError('ResourceNotFoundException', `There is no schedule ${wanted}. There: ${names}.`);
}

/** What Scheduler inserts into an input (EventBridge Scheduler guide, "Adding context attributes"). */
function fillIn({ arn, input }: Schedule, at: Date): string {
  const attributes: Record<string, string> = {
    'schedule-arn': arn,
    'scheduled-time': `${at.toISOString().slice(0, 19)}Z`,
    'execution-id': randomUUID(),
    'attempt-number': '1',
  };
  return input.replaceAll(/<aws\.scheduler\.([a-z-]+)>/g, (text, name) => attributes[name] ?? text);
}
