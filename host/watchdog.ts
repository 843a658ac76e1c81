/**
 * Ends the children of a process that was killed; otherwise PostgreSQL, trainings and model servers would run on for hours.
 *
 * A separate process for each process that needs it. It holds the other end of a pipe, which the system closes when that process
 * ends, for whatever reason; then it ends the registered children, each only if it is still the same process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isSameProcess, type ProcessIdentity } from './process.ts';

const POLL_MS = 50;

type Ending = {
  /** Signal to end it with. */
  signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  /** Including its whole process group, which it leads. */
  isGroup: boolean;
  /** Milliseconds until SIGKILL. */
  graceMs: number;
};
type Message = { watch: ProcessIdentity & Ending } | { forget: number };

let watchdog: ChildProcess | null = null;

/** Makes a child end when this process does, however that ends. */
export function endWithThisProcess(child: ChildProcess, ending: Ending): void {
  const identity = child.pid === undefined ? null : identify(child.pid);
  if (!identity) return;
  tell({ watch: { ...identity, ...ending } });
  child.once('exit', () => tell({ forget: identity.pid }));
}

function tell(message: Message): void {
  if (!watchdog || watchdog.exitCode !== null || watchdog.signalCode !== null) watchdog = start();
  watchdog.stdin?.write(`${JSON.stringify(message)}\n`);
}

function start(): ChildProcess {
  const started = spawn(process.execPath, [import.meta.filename], {
    cwd: '/',
    env: {},
    // Detached from the terminal's Ctrl-C and from signals to this process's group.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // The stack must not end because the computer cannot start another process or because the watchdog was killed.
  started.on('error', () => undefined);
  started.stdin?.on('error', () => undefined);
  started.unref();
  (started.stdin as unknown as { unref(): void }).unref();
  return started;
}

/** What the process does: listens until the pipe closes. */
async function watch(): Promise<void> {
  const watched = new Map<number, ProcessIdentity & Ending>();
  for await (const line of createInterface({ input: process.stdin })) {
    const message: Message = JSON.parse(line);
    if ('watch' in message) watched.set(message.watch.pid, message.watch);
    else watched.delete(message.forget);
  }
  await Promise.all([...watched.values()].map(end));
}

async function end(child: ProcessIdentity & Ending): Promise<void> {
  const send = (signal: NodeJS.Signals) => {
    try {
      if (isSameProcess(child)) process.kill(child.isGroup ? -child.pid : child.pid, signal);
    } catch {
      // It has already ended.
    }
  };
  send(child.signal);
  for (
    const deadline = performance.now() + child.graceMs;
    isSameProcess(child) && performance.now() < deadline;
  )
    await sleep(POLL_MS);
  send('SIGKILL');
}

if (import.meta.main) await watch();
