import { StageInvalid } from '../config/stage.ts';
import { StackFailed } from '../deployment/stack.ts';
import { credentialsFault, LOG_IN } from '../shared/aws/service-faults.ts';
import { AccessDenied, PipelineError } from '../shared/errors.ts';
import { UsageError } from './usage-error.ts';

/** A mistake of the user, or a fault of the place, is reported without a stack trace; ours with it. */
export function describeError(error: unknown): string {
  if (error instanceof UsageError || error instanceof StageInvalid || error instanceof StackFailed)
    return error.message;
  if (error instanceof AccessDenied) return describeDenial(error);
  if (error instanceof PipelineError) return `${error.name}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return describeSystemError(error) ?? error.stack ?? error.message;
}

function describeDenial(error: AccessDenied): string {
  const fault = credentialsFault(error);
  if (fault === null) return `${error.name}: ${error.message}`;
  const { message } = error.cause as Error;
  return fault === 'expired'
    ? `Your AWS credentials have expired. To go on, ${LOG_IN} anew. Found: ${message}`
    : `There are no AWS credentials. To go on, ${LOG_IN}. Found: ${message}`;
}

/** What the system refuses about a file or a folder, by its code. */
const OF_FILES: Record<string, string> = {
  EACCES: 'this user may not do that there; give another folder or its rights',
  EPERM: 'this user may not do that there; give another folder or its rights',
  EROFS: 'the disk is read-only; give a folder on another one',
  ENOENT:
    'it is not there, and cannot be made where its folder is missing or takes nothing; give another one',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a file is there, where a folder is needed',
  EISDIR: 'it is a folder, where a file is needed',
  ENOSPC: 'the disk is full; free space, or give a folder on another one',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle',
};

/** What only reads. */
const READING = ['access', 'lstat', 'readlink', 'realpath', 'scandir', 'stat'];

/** Null for an error that is not the system's about a file. */
function describeSystemError(error: NodeJS.ErrnoException): string | null {
  const { code = '', path, syscall } = error;
  const words = code === 'ENOENT' && READING.includes(syscall ?? '') ? 'it is not there' : OF_FILES[code];
  return words && path !== undefined ? `Cannot use ${path} (${syscall}, ${code}): ${words}.` : null;
}
