import { credentialsFault, LOG_IN } from '../shared/aws/service-faults.ts';
import { AccessDenied, RequestRefused, ServiceUnreachable } from '../shared/errors.ts';

/** A condition that a deployment or a run depends on. */
export type Check = {
  name: string;
  /** The condition that must hold. */
  needs: string;
  /** unknown: the credentials lack the permission to ask, or there is nothing to ask about yet. */
  status: 'ok' | 'warning' | 'failed' | 'unknown';
  found: string;
  fix?: string;
  /** A stack can be created without it, but an execution would fail. */
  isForRuns?: boolean;
};

export type CheckOutcome = Pick<Check, 'status' | 'found' | 'fix'>;
/** What is checked, and what to do if its outcome does not say so. */
export type Subject = Pick<Check, 'name' | 'needs' | 'isForRuns'> & { fix: string };

export const ok = (found: string): CheckOutcome => ({ status: 'ok', found });
export const warning = (found: string, fix?: string): CheckOutcome => ({
  status: 'warning',
  found,
  ...told(fix),
});
export const failed = (found: string, fix?: string): CheckOutcome => ({
  status: 'failed',
  found,
  ...told(fix),
});
export const unknown = (found: string, fix?: string): CheckOutcome => ({
  status: 'unknown',
  found,
  ...told(fix),
});

const told = (fix: string | undefined) => (fix === undefined ? {} : { fix });

/** A negative answer of a service is an answer; a denied request is none. */
export const checkThat = async (
  subject: Subject,
  look: () => Promise<CheckOutcome> | CheckOutcome,
): Promise<Check> => (await checkAnswer(subject, look, (outcome) => outcome)).check;

/** A check of an answer that is needed afterward, too. @returns null as the answer if there is none */
export async function checkAnswer<Answer>(
  subject: Subject,
  look: () => Promise<Answer> | Answer,
  judge: (answer: Answer) => CheckOutcome,
): Promise<{ check: Check; answer: Answer | null }> {
  try {
    const answer = await look();
    return { check: checked(subject, judge(answer)), answer };
  } catch (error) {
    return { check: checked(subject, outcomeOfError(error)), answer: null };
  }
}

export function checked({ fix, ...subject }: Subject, outcome: CheckOutcome): Check {
  if (outcome.status === 'ok') return { ...subject, ...outcome };
  return { ...subject, fix, ...outcome };
}

/** The outcome of a question that was not answered. */
export function outcomeOfError(error: unknown): CheckOutcome {
  const fault = error instanceof AccessDenied ? credentialsFault(error) : null;
  if (fault) return failed(fault === 'expired' ? 'they have expired' : 'there are none', LOG_IN);
  if (error instanceof AccessDenied)
    return unknown(
      `could not be checked, as these credentials may not ask: ${toldBy(error)}`,
      'ask somebody who may, or go on without knowing',
    );
  if (error instanceof ServiceUnreachable)
    return failed(
      toldBy(error).split('. Found: ')[0] as string,
      'check the network, and the endpoint if the environment names one',
    );
  return failed(toldBy(error));
}

/** In the service's own words; the check itself knows better what to do about it. */
export function toldBy(error: unknown): string {
  const isAnswer = error instanceof AccessDenied || error instanceof RequestRefused;
  const { name, message } = (isAnswer ? error.cause : error) as Error;
  return `${name}: ${message}`;
}
