import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

/** The work of one process fills one processor. */
export const PROCESSES = Math.min(availableParallelism(), 4);

/** Young objects are collected less often. */
const NODE_ARGUMENTS = ['--no-warnings', '--max-semi-space-size=64'];
/** Characters of what a process that ends early has said last. */
const LAST_WORDS = 4000;

const running = new Set<ChildProcess>();

/** Ends those that are still at work; they clean up when they are left alone. */
export function endProcesses(): void {
  for (const child of running) if (child.connected) child.disconnect();
}

/**
 * Runs a program in a process of its own; it gets the task as JSON in its argument, and sends null when it is done.
 *
 * @param onMessage told each other message as it comes
 * @throws Error with what it said last, when it ends before it is done
 */
export async function runProcess<Message>(
  program: string,
  task: object,
  onMessage: (message: Message) => void,
): Promise<void> {
  const child = fork(program, [JSON.stringify(task)], {
    execArgv: NODE_ARGUMENTS,
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  running.add(child);
  let isDone = false;
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
  });
  child.on('message', (message: Message | null) => {
    if (message === null) isDone = true;
    else onMessage(message);
  });
  const [code, signal] = await once(child, 'close');
  running.delete(child);
  if (!isDone)
    throw new Error(`${program} ended early, with ${code ?? signal}, and said last:\n${lastWords}`);
}
