import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Verification } from '../../../cli/verify.ts';
import { identify, isSameProcess, type ProcessIdentity } from '../../../host/process.ts';
import type { StackDescription } from '../../../local/running-stack.ts';
import type { ExecutionRecord } from '../../../local/step-functions/executions.ts';
import type { MachineKind } from '../../../shared/inputs/machines.ts';
import { commandLineOf, processTree } from '../../support/process-tree.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FPE = join(ROOT, 'cli', 'fpe.ts');
const READY = 'Ctrl-C stops it.';
/** With the packaging of the functions, on a machine with other work. */
const START_LIMIT_MS = 600_000;
const COMMAND_LIMIT_MS = 600_000;
const EXECUTION_LIMIT_MS = 1_800_000;
/** PostgreSQL ends in good order, within ten seconds where nothing else happens; the rest at once. */
const ORPHANS_LIMIT_MS = 60_000;
const POLL_MS = 20;
const OPTIONS = ['--no-warnings', '--import', join(import.meta.dirname, 'clock.ts')];

export type Said = { code: number; text: string };
export type HistoryEvent = {
  timestamp: number;
  type: string;
  stateEnteredEventDetails?: { name: string };
  stateExitedEventDetails?: { name: string };
};

/** `fpe local` as a process of its own, used as a person uses it: with commands, and by what it writes into its folder. */
export class LocalStack {
  readonly folder: string;
  readonly #clock: string;
  #process: ChildProcess | null = null;
  /** Who ran with it when it ended. */
  #children: ProcessIdentity[] = [];
  #said = '';

  /** @param folder its data; a file for its clock is made beside it */
  constructor(folder: string) {
    this.folder = folder;
    this.#clock = `${folder}.clock`;
    mkdirSync(dirname(folder), { recursive: true });
    this.setClock(0);
  }

  /** @param shiftMs by how much the clock of all its processes, and of commands, is wrong from now on */
  setClock(shiftMs: number): void {
    writeFileSync(this.#clock, String(shiftMs));
  }

  /** @returns what it says until it is ready @throws Error when it ends before */
  async start(): Promise<string> {
    this.#said = '';
    const started = spawn(process.execPath, [...OPTIONS, FPE, 'local', '--folder', this.folder], {
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = started;
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    const limit = AbortSignal.timeout(START_LIMIT_MS);
    while (!this.#said.includes(READY)) {
      if (started.exitCode !== null || limit.aborted)
        throw new Error(`The stack does not start:\n${this.#said}`);
      await sleep(POLL_MS);
    }
    return this.#said;
  }

  /** All that it has said since its start. */
  get said(): string {
    return this.#said;
  }

  /** All that people were told of its executions. */
  get notifications(): string {
    const log = join(this.folder, 'logs', 'notifications.log');
    return existsSync(log) ? readFileSync(log, 'utf8') : '';
  }

  /** Kills it. @param before told its processes while it stands still */
  async kill(before: (tree: readonly number[]) => void = () => undefined): Promise<void> {
    const stack = this.#process as ChildProcess;
    // While it stands still it starts nothing that would be missed.
    stack.kill('SIGSTOP');
    const tree = processTree(stack.pid as number);
    this.#children = tree.flatMap((pid) => identify(pid) ?? []);
    before(tree);
    const ended = once(stack, 'exit');
    stack.kill('SIGKILL');
    await ended;
    this.#process = null;
  }

  /** @throws Error naming what it has started and still runs a while after its end */
  async requireNoOrphans(): Promise<void> {
    const left = () => this.#children.filter(isSameProcess);
    for (const deadline = Date.now() + ORPHANS_LIMIT_MS; left().length > 0; await sleep(POLL_MS))
      if (Date.now() > deadline)
        throw new Error(`Left running: ${left().map(({ pid }) => `${pid} ${commandLineOf(pid)}`)}`);
  }

  /** In good order. @throws Error when it does not say so, or leaves processes */
  async stop(): Promise<void> {
    const stack = this.#process;
    if (!stack) return;
    this.#children = processTree(stack.pid as number).flatMap((pid) => identify(pid) ?? []);
    const ended = stack.exitCode !== null ? null : once(stack, 'exit');
    const { text } = await this.fpe('local', 'stop', '--folder', this.folder);
    if (!text.includes('Stopped.')) throw new Error(`fpe local stop says: ${text}`);
    await ended;
    this.#process = null;
    await this.requireNoOrphans();
  }

  /** In whatever state it is. */
  async end(): Promise<void> {
    if (this.#process?.exitCode === null) await this.kill();
    await this.requireNoOrphans();
  }

  get env(): Record<string, string> {
    return this.description.env;
  }

  get description(): StackDescription {
    return JSON.parse(readFileSync(join(this.folder, 'stack.json'), 'utf8'));
  }

  /** Ids of its processes whose command line has these words. */
  processesOf(words: RegExp): number[] {
    const all = processTree(this.#process?.pid as number);
    return all.filter((pid) => words.test(commandLineOf(pid)));
  }

  /** Runs a command in a shell that is pointed at the stack. */
  async fpe(...args: string[]): Promise<Said> {
    const isRunning = existsSync(join(this.folder, 'stack.json'));
    const env = { ...this.#environment(), ...(isRunning && this.env) };
    return new Promise((resolve) =>
      execFile(
        process.execPath,
        [...OPTIONS, FPE, ...args],
        { env, timeout: COMMAND_LIMIT_MS, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code ?? 1) : 0, text: `${stdout}${stderr}` }),
      ),
    );
  }

  /** @returns the name of the execution */
  async startExecution(machine: MachineKind, input: object): Promise<string> {
    const { text } = await this.fpe('start', JSON.stringify(input), '--machine', machine, '--detach');
    const [, name] = /^Started (\S+) in/m.exec(text) ?? [];
    if (!name) throw new Error(`fpe start says: ${text}`);
    return name;
  }

  async verify(): Promise<Verification> {
    const { text } = await this.fpe('verify', '--all', '--json');
    if (!text.startsWith('{')) throw new Error(`fpe verify says: ${text}`);
    return JSON.parse(text);
  }

  record(name: string): ExecutionRecord {
    return JSON.parse(readFileSync(join(this.#executionFolder(name), 'execution.json'), 'utf8'));
  }

  history(name: string): HistoryEvent[] {
    const lines = readFileSync(join(this.#executionFolder(name), 'history.jsonl'), 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  }

  hasEntered(name: string, state: string): boolean {
    return this.history(name).some(({ stateEnteredEventDetails: entered }) => entered?.name === state);
  }

  /** Waits until the execution is in a state. @returns whether it is: else it has ended before */
  async untilIn(name: string, state: string): Promise<boolean> {
    for (; !this.hasEntered(name, state); await sleep(POLL_MS))
      if (this.record(name).status !== 'RUNNING') return this.hasEntered(name, state);
    return true;
  }

  /** @returns whether an execution has left a state, or has ended */
  hasLeft(name: string, state: string): boolean {
    if (this.record(name).status !== 'RUNNING') return true;
    return this.history(name).some(({ stateExitedEventDetails: left }) => left?.name === state);
  }

  /** Waits until the execution has left a state, or has ended. @throws Error when it does neither */
  async untilLeft(name: string, state: string): Promise<void> {
    const limit = AbortSignal.timeout(EXECUTION_LIMIT_MS);
    while (!this.hasLeft(name, state)) {
      if (limit.aborted) throw new Error(`${name} stays in ${state}`);
      await sleep(POLL_MS);
    }
  }

  /** Waits for the end of an execution. @throws Error when there is none */
  async untilEnded(name: string): Promise<ExecutionRecord> {
    for (const limit = AbortSignal.timeout(EXECUTION_LIMIT_MS); !limit.aborted; await sleep(POLL_MS)) {
      const record = this.record(name);
      if (record.status !== 'RUNNING') return record;
    }
    throw new Error(`${name} has no end: ${JSON.stringify(this.history(name).slice(-5))}`);
  }

  #executionFolder(name: string): string {
    const executions = join(this.folder, 'executions');
    const machine = readdirSync(executions).find((each) => existsSync(join(executions, each, name)));
    if (!machine) throw new Error(`There is no execution ${name} below ${executions}`);
    return join(executions, machine, name);
  }

  /** Trainings of few photos are quickest on one core, and the machine has other work. */
  #environment(): NodeJS.ProcessEnv {
    const { USGS_API_URL: _, ...host } = process.env;
    const own = Object.entries(host).filter(([name]) => !/^(AWS|DB)_|_BUCKET$/.test(name));
    return { ...Object.fromEntries(own), OMP_NUM_THREADS: '1', FPE_CLOCK: this.#clock };
  }
}
