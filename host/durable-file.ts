/**
 * Files of the local stack that are complete at any instant: written under a temporary name, then renamed. A process killed in
 * between leaves the former file and an unfinished one, which the next start removes.
 *
 * A rename alone survives the end of a process (kill −9); `isSynced` makes it survive a power cut as well.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { PipelineError } from '../shared/errors.ts';
import { makeFolder } from './folder.ts';

const UNFINISHED = '.unfinished';
/** Includes the names used by version 0.1. */
const LEFT_BEHIND = /\.(unfinished|new)$/;

/** What is wrong with the disk, and what a person can do about it. */
const FIXES: Record<string, string> = {
  ENOSPC: 'free space on that disk; ./fpe local --reset empties the local stack',
  EDQUOT: 'free space, or have your quota raised; ./fpe local --reset empties the local stack',
  EFBIG: 'raise the limit on the size of files (ulimit -f) for the stack, and start it again',
  EROFS: 'make the disk writable, or keep the stack elsewhere: ./fpe local --folder FOLDER',
  EIO: 'check the disk, or keep the stack elsewhere: ./fpe local --folder FOLDER',
};

/**
 * The disk of the local stack is full, read-only or broken.
 *
 * Kind: set-up.
 * Operator: free space or make the disk writable, then start the stack again.
 */
export class DiskFailed extends PipelineError {
  override readonly name = 'DiskFailed';
  /** The system's, such as ENOSPC. */
  readonly code: string;

  constructor(cause: NodeJS.ErrnoException, folder: string) {
    const code = cause.code as string;
    super(
      {
        what: 'The local stack cannot write a file',
        where: folder,
        found: `${cause.message}${code === 'ENOSPC' ? `, ${freeBytes(folder)} bytes free` : ''}`,
        expected: 'a disk that takes it',
        fix: FIXES[code] as string,
      },
      { cause },
    );
    this.code = code;
  }

  /** Nothing is broken, but there is no room. */
  get isFull(): boolean {
    return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(this.code);
  }
}

/** The error itself, or DiskFailed if the disk is its cause. */
export function asDiskFailure(error: unknown, folder: string): unknown {
  const code = String((error as NodeJS.ErrnoException).code);
  return code in FIXES && !(error instanceof DiskFailed)
    ? new DiskFailed(error as NodeJS.ErrnoException, folder)
    : error;
}

type Content = string | Uint8Array;
type Options = {
  /** Mode of the file; 0600 for what other users must not read. */
  mode?: number;
  /** False for what may be lost in a power cut. */
  isSynced?: boolean;
  /** Where it lies until it is complete: on the same disk, by default beside the file. */
  unfinished?: string;
};

/**
 * Writes a file, or replaces it, as a whole; the folder must exist.
 *
 * @param parts the content, one after the other
 * @throws DiskFailed; then the former file is unchanged
 */
export function writeDurably(file: string, parts: Content | readonly Content[], options: Options = {}): void {
  const { unfinished = unfinishedName(file) } = options;
  try {
    writeUnfinished(unfinished, parts, options);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw asDiskFailure(error, dirname(file));
  }
}

function writeUnfinished(path: string, parts: Content | readonly Content[], options: Options): void {
  const { mode = 0o666, isSynced = true } = options;
  const descriptor = openSync(path, 'wx', mode);
  try {
    for (const part of Array.isArray(parts) ? parts : [parts]) writeFileSync(descriptor, part);
    if (isSynced) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

let written = 0;

/** Unique across processes, and across writes of one process. */
const unfinishedName = (file: string): string => {
  written += 1;
  return `${file}.${process.pid}-${written}${UNFINISHED}`;
};

/** Removes the unfinished files that a killed process left in a folder. @returns how many files */
export function removeUnfinished(folder: string): number {
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => LEFT_BEHIND.test(name)) : [];
  for (const name of found) rmSync(join(folder, name), { force: true });
  return found.length;
}

/** @returns null if there is no such file, or if it is not JSON */
export function readJsonFile<Value>(file: string): Value | null {
  try {
    return parseOrNull(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns null for anything but JSON, such as half a file */
function parseOrNull<Value>(text: string): Value | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Moves a damaged file out of the way without losing what a person may still need from it. */
export function setAside(file: string, to: string): void {
  makeFolder(dirname(to));
  rmSync(to, { recursive: true, force: true });
  renameSync(file, to);
}

function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
