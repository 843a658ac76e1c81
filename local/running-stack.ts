/**
 * How other processes find a running stack (stack.ts): by `stack.json` in its folder. Apart from the stack itself, which takes a
 * second to load.
 */
import { join } from 'node:path';
import { readJsonFile } from '../host/durable-file.ts';
import { isAlive, isSameProcess } from '../host/process.ts';

const ROOT = join(import.meta.dirname, '..');
export const PING_TIMEOUT_MS = 5_000;

/** Content of `stack.json`. */
export type StackDescription = {
  pid: number;
  /** Distinguishes the process from a later one with the same id; null if the system does not provide it. */
  pid_started: string | null;
  started_at: string;
  folder: string;
  endpoints: {
    stepFunctions: string;
    scheduler: string;
    sageMaker: string;
    s3: string;
    usgs: string;
    postgres: string;
  };
  machines: { name: string; arn: string }[];
  /** Whether the database is the stack's PostgreSQL or the user's own. */
  database: 'embedded' | 'own';
  /** Names of the schedules that `fpe local fire` starts. */
  schedules: string[];
  /** Environment under which the AWS SDK, the handlers and `fpe` use this stack. */
  env: Record<string, string>;
};

export const defaultFolder = (): string => join(ROOT, '.local');

/** The stack running on this folder, if there is one and it answers. */
export async function findRunningStack(folder: string = defaultFolder()): Promise<StackDescription | null> {
  const description = readDescription(folder);
  if (!description?.endpoints || !runsStill(description)) return null;
  return (await answersAt(description.endpoints.s3)) ? description : null;
}

export const stackFile = (folder: string): string => join(folder, 'stack.json');

export const readDescription = (folder: string): StackDescription | null => readJsonFile(stackFile(folder));

export const runsStill = ({ pid, pid_started }: StackDescription): boolean =>
  pid_started ? isSameProcess({ pid, startedAt: pid_started }) : isAlive(pid);

/** Whether a stack answers. @param s3 address of its S3 */
export async function answersAt(s3: string): Promise<boolean> {
  try {
    const response = await fetch(`${s3}/health`, { signal: AbortSignal.timeout(PING_TIMEOUT_MS) });
    return response.ok;
  } catch {
    return false;
  }
}
