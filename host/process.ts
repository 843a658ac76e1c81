import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

const PS_TIMEOUT_MS = 10_000;

/** Whether a process with this id is running, including another user's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Identifies a process permanently: ids are reused, but never with the same start time. */
export type ProcessIdentity = { pid: number; startedAt: string };

/** @returns null if no such process is running */
export function identify(pid: number): ProcessIdentity | null {
  const startedAt = startOf(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export const isSameProcess = ({ pid, startedAt }: ProcessIdentity): boolean => startOf(pid) === startedAt;

/** Start time since boot, in the system's own ticks (proc_pid_stat(5), field 22); the time of day if there is no /proc. */
function startOf(pid: number): string | null {
  try {
    if (platform() !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
        stdio: 'pipe',
        timeout: PS_TIMEOUT_MS,
      })
        .toString()
        .trim();
    // The name, in parentheses, may contain anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' ? null : (startTicks as string);
  } catch {
    return null;
  }
}
