import { AccessDenied, RequestRefused } from '../shared/errors.ts';

/** One thing that a deployment or a run needs. */
export type Check = {
  name: string;
  /** What must be so. */
  needs: string;
  /** unknown: the credentials may not ask, or there is nothing yet to be asked about. */
  status: 'ok' | 'warning' | 'failed' | 'unknown';
  found: string;
  fix?: string;
  /** A stack can be made without it, but an execution would fail. */
  isForRuns?: boolean;
};

export type Finding = Pick<Check, 'status' | 'found' | 'fix'>;
/** What is asked about, and what to do where a finding does not say it. */
export type Subject = Pick<Check, 'name' | 'needs' | 'isForRuns'> & { fix: string };

export const ok = (found: string): Finding => ({ status: 'ok', found });
export const warning = (found: string, fix?: string): Finding => ({ status: 'warning', found, ...told(fix) });
export const failed = (found: string, fix?: string): Finding => ({ status: 'failed', found, ...told(fix) });
export const unknown = (found: string, fix?: string): Finding => ({ status: 'unknown', found, ...told(fix) });

const told = (fix: string | undefined) => (fix === undefined ? {} : { fix });

/** A service that says no is an answer; one that does not let us ask is none. */
export async function checkThat(subject: Subject, look: () => Promise<Finding> | Finding): Promise<Check> {
  try {
    return checked(subject, await look());
  } catch (error) {
    return checked(subject, findingOf(error));
  }
}

export function checked({ fix, ...subject }: Subject, finding: Finding): Check {
  if (finding.status === 'ok') return { ...subject, ...finding };
  return { ...subject, fix, ...finding };
}

/** What came of a question that was not answered. */
export function findingOf(error: unknown): Finding {
  if (error instanceof AccessDenied)
    return unknown(
      `could not be checked, as these credentials may not ask: ${toldBy(error)}`,
      'ask somebody who may, or go on without knowing',
    );
  return failed(toldBy(error));
}

/** In the service's own words: what to do about it, a check knows better. */
export function toldBy(error: unknown): string {
  const isAnswer = error instanceof AccessDenied || error instanceof RequestRefused;
  const { name, message } = (isAnswer ? error.cause : error) as Error;
  return `${name}: ${message}`;
}
