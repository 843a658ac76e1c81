/**
 * Loaded with `--import`, it sets the clock of a process and of the Node.js processes that it forks as if somebody had set the
 * computer's: the file that FPE_CLOCK names holds the milliseconds by which it is wrong. Timers go by another clock, as they do then.
 */
import childProcess, { type ForkOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const FILE = process.env.FPE_CLOCK as string;
const LOOK_AGAIN_MS = 20;

const TrueDate = Date;
const now = Date.now;
let lookedAt = 0;
let shiftMs = 0;

function shifted(): number {
  const time = now();
  if (time - lookedAt > LOOK_AGAIN_MS) {
    shiftMs = Number(readFileSync(FILE, 'utf8'));
    lookedAt = time;
  }
  return time + shiftMs;
}

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [shifted()] : given, newTarget),
  apply: () => new TrueDate(shifted()).toString(),
  get: (target, name) => (name === 'now' ? shifted : Reflect.get(target, name)),
});

// Functions get no environment of the host's.
const { fork } = childProcess;
childProcess.fork = ((program: string, args: string[], options: ForkOptions) =>
  fork(program, args, {
    ...options,
    execArgv: [...(options.execArgv ?? []), '--import', import.meta.url],
    env: { ...options.env, FPE_CLOCK: FILE },
  })) as typeof fork;
syncBuiltinESMExports();
