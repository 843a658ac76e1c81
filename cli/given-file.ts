import { readFileSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

/** What keeps a person's file from being read, by the system's code. */
const FAULTS: Record<string, string> = {
  ENOENT: 'There is no file',
  ENOTDIR: 'There is no file',
  EISDIR: 'This is a folder, not a file:',
  EACCES: 'You may not read the file',
  EPERM: 'You may not read the file',
};

/**
 * Text of a file that a person has named.
 *
 * @param expected what to give instead
 * @throws UsageError
 */
export const readGivenFile = (file: string, expected: string): string =>
  readGivenBytes(file, expected).toString('utf8');

/** The same of a file that is no text. @throws UsageError */
export function readGivenBytes(file: string, expected: string): Buffer {
  if (file === '-') throw new UsageError(`Standard input (-) is not read here. ${expected}`);
  try {
    return readFileSync(file);
  } catch (error) {
    const fault = FAULTS[String((error as NodeJS.ErrnoException).code)];
    throw fault ? new UsageError(`${fault} ${file}. ${expected}`) : error;
  }
}
