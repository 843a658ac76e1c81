import { AccessDenied, RequestRefused } from '../shared/errors.ts';

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

export type Finding = Pick<Check, 'status' | 'found' | 'fix'>;
/** What is checked, and what to do if a finding does not say so. */
export type Subject = Pick<Check, 'name' | 'needs' | 'isForRuns'> & { fix: string };

export const ok = (found: string): Finding => ({ status: 'ok', found });
export const warning = (found: string, fix?: string): Finding => ({ status: 'warning', found, ...told(fix) });
export const failed = (found: string, fix?: string): Finding => ({ status: 'failed', found, ...told(fix) });
export const unknown = (found: string, fix?: string): Finding => ({ status: 'unknown', found, ...told(fix) });

const told = (fix: string | undefined) => (fix === undefined ? {} : { fix });

/** A negative answer of a service is an answer; a denied request is none. */
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

/** The outcome of a question that was not answered. */
export function findingOf(error: unknown): Finding {
  if (error instanceof AccessDenied)
    return unknown(
      `could not be checked, as these credentials may not ask: ${toldBy(error)}`,
      'ask somebody who may, or go on without knowing',
    );
  return failed(toldBy(error));
}

/** In the service's own words; the check itself knows better what to do about it. */
export function toldBy(error: unknown): string {
  const isAnswer = error instanceof AccessDenied || error instanceof RequestRefused;
  const { name, message } = (isAnswer ? error.cause : error) as Error;
  return `${name}: ${message}`;
}
