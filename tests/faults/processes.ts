import { join } from 'node:path';
import { runProcess } from '../support/trial-processes.ts';
import { applies, FAULT_NAMES, LASTING } from './faults.ts';
import { MACHINES, type TaskState, taskStates } from './states.ts';
import type { Trial } from './trial.ts';
import type { Result, Task } from './trial-process.ts';

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

/** Tries in a process of its own. @param onResult told each as it comes @throws Error when the process ends early */
export const runTrials = (task: Task, onResult: (result: Result) => void): Promise<void> =>
  runProcess(join(import.meta.dirname, 'trial-process.ts'), task, onResult);
