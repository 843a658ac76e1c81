import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { applies, FAULT_NAMES, LASTING } from './faults.ts';
import { MACHINES, type TaskState, taskStates } from './states.ts';
import type { Trial } from './trial.ts';
import type { Result, Task } from './trial-process.ts';

/** The work of one process fills one processor. */
export const PROCESSES = Math.min(availableParallelism(), 4);

/** States that write what the public or FPE's tools read. */
const PUBLISHING = new Set(['publishModel', 'withdrawPhotos', 'publishPredictions', 'recordPredictions']);
export const publishingStates = (): TaskState[] =>
  MACHINES.flatMap(taskStates).filter(({ work }) => PUBLISHING.has(work));

/**
 * Each fault of each state, once as one that passes and, where it can, once as one that lasts.
 *
 * @param random from 0 to 1: where in a state's work
 */
export const allTrials = (random: () => number): Trial[] =>
  MACHINES.flatMap(taskStates).flatMap((state) =>
    FAULT_NAMES.filter((fault) => applies(fault, state)).flatMap((fault) =>
      [false, ...(LASTING.has(fault) ? [true] : [])].map((lasts) => ({
        state,
        fault,
        where: random(),
        lasts,
      })),
    ),
  );

const running = new Set<ChildProcess>();

/** Ends those that are still at work. */
export function endProcesses(): void {
  for (const child of running) child.kill();
}

/** Tries in a process of its own. @param onResult told each as it comes @throws Error when the process ends early */
export async function runTrials(task: Task, onResult: (result: Result) => void): Promise<void> {
  const program = join(import.meta.dirname, 'trial-process.ts');
  const child = fork(program, [JSON.stringify(task)], {
    execArgv: ['--no-warnings', '--max-semi-space-size=64'],
  });
  running.add(child);
  let isDone = false;
  child.on('message', (result: Result | null) => {
    if (result) onResult(result);
    else isDone = true;
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject).once('exit', (code, signal) => {
      running.delete(child);
      if (isDone) resolve();
      else reject(new Error(`a process that tried faults ended with ${code ?? signal}`));
    });
  });
}
