import { TaskFailure } from '../../local/task.ts';
import type { Interference } from '../interleavings/gated-machines.ts';
import type { Disturbance } from './edge.ts';
import type { TaskState } from './states.ts';

/** What can happen to a state, and the words that the table has for it. */
export const FAULTS = {
  'fails before': 'an error before its effect that the machine does not try again',
  'answer lost': 'its process ends after its effect, before its answer',
  'runs twice': 'it runs twice, one after the other',
  'twice at once': 'it runs twice at once',
  'times out': 'it is cut off by its time limit somewhere in its work',
  killed: 'its process ends somewhere in its work',
  'S3 lost': 'S3 cannot be reached from somewhere in its work on, whatever the SDK tries',
  'S3 unheard': 'S3 does a command and the answer is lost, or is asked for once more',
  'database lost': 'the database goes away somewhere in its work, having got the last message or not',
  throttled: 'AWS throttles: the call of the function or service, or S3 from somewhere in its work on',
  'service lost': 'SageMaker, SNS or Step Functions cannot be reached, or its answer is lost',
  overtaken: 'the execution is stopped there and redriven after another one has published',
} as const;
export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** @returns whether a state can meet the fault: a service is called once, only functions have an inside */
export function applies(fault: FaultName, { kind }: TaskState): boolean {
  const ofServices: FaultName[] = [
    'fails before',
    'answer lost',
    'times out',
    'throttled',
    'service lost',
    'overtaken',
  ];
  return kind === 'function' ? fault !== 'service lost' : ofServices.includes(fault);
}

/** Faults that may last; the others are over when they have happened. */
export const LASTING: ReadonlySet<FaultName> = new Set([
  'answer lost',
  'times out',
  'killed',
  'S3 lost',
  'S3 unheard',
  'database lost',
  'throttled',
  'service lost',
]);

/** How much a state asks of S3 and the database when all is well. */
export type Work = { commands: number; messages: number };

/** Runs the work of a state once more or less disturbed. */
export type Attempt = (work: () => Promise<unknown>, disturbance: Disturbance | null) => Promise<unknown>;

/**
 * What stands between the machine and the state.
 *
 * @param where in the work it happens: 0 at its beginning, 1 at its end
 * @returns null where the state asks nothing of the service
 */
export function interferenceOf(
  fault: Exclude<FaultName, 'overtaken'>,
  state: TaskState,
  where: number,
  { commands, messages }: Work,
  attempt: Attempt,
): Interference | null {
  const atCommand = Math.min(Math.floor(where * commands), commands - 1);
  const atMessage = Math.min(Math.floor(where * messages), messages - 1);
  /** The last digits decide between the two forms of a fault. */
  const isOdd = Math.floor(where * 10_000) % 2 === 1;
  const disturbed = (disturbance: Disturbance, uses: number): Interference | null =>
    uses === 0 ? null : (work) => attempt(work, disturbance);
  const failing =
    (error: string, isAfter: boolean): Interference =>
    async (work) => {
      if (isAfter) await attempt(work, null);
      throw new TaskFailure(error, isAfter ? 'all was done' : 'nothing was done');
    };
  const isFunction = state.kind === 'function';
  const service = serviceOf(state);
  const killed = (error: string): Interference =>
    disturbed({ kind: isOdd ? 'killed before' : 'killed after', at: atCommand, error }, commands) ??
    failing(error, isOdd);
  switch (fault) {
    case 'fails before':
      return failing('ConfigurationMissing', false);
    case 'answer lost':
      return failing(isFunction ? 'Runtime.ExitError' : `${service}.SdkClientException`, true);
    case 'runs twice':
      return async (work) => {
        await attempt(work, null);
        return attempt(work, null);
      };
    case 'twice at once':
      return async (work) => {
        const [first, second] = await Promise.allSettled([attempt(work, null), attempt(work, null)]);
        const heard = isOdd ? first : second;
        if (heard.status === 'rejected') throw heard.reason;
        return heard.value;
      };
    case 'times out':
      return isFunction ? killed('Sandbox.Timedout') : failing('States.Timeout', isOdd);
    case 'killed':
      return killed('Runtime.ExitError');
    case 'S3 lost':
      return disturbed({ kind: 'S3 lost', at: atCommand }, commands);
    case 'S3 unheard':
      return disturbed({ kind: isOdd ? 'answer of S3 lost' : 'S3 asked twice', at: atCommand }, commands);
    case 'database lost':
      return disturbed(
        { kind: isOdd ? 'answer of database lost' : 'database lost', at: atMessage },
        messages,
      );
    case 'throttled':
      if (!isFunction) return failing(`${service}.ThrottlingException`, false);
      return isOdd
        ? failing('Lambda.TooManyRequestsException', false)
        : disturbed({ kind: 'S3 throttles', at: atCommand }, commands);
    case 'service lost':
      return failing(`${service}.SdkClientException`, isOdd);
  }
}

function serviceOf({ kind, work }: TaskState): string {
  if (kind === 'function') return 'Lambda';
  if (work === 'publish') return 'Sns';
  return /station$/i.test(work) ? 'StepFunctions' : 'SageMaker';
}
