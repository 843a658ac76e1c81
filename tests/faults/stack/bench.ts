import { deepStrictEqual } from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { ExecutionRecord } from '../../../local/step-functions/executions.ts';
import { ClaimLost, DatasetCodeInUse, ModelCodeInUse, ModelReplaced } from '../../../shared/errors.ts';
import type { MachineKind } from '../../../shared/inputs/machines.ts';
import type { RefreshSummary } from '../../../shared/refresh/state.ts';
import { commandLineOf } from '../../support/process-tree.ts';
import { fillDisk, freeDisk } from './disk.ts';
import { AT_ONCE, PHASES, type Phase, type StackOutcome, type StackStrike } from './faults.ts';
import { LocalStack } from './local-stack.ts';
import {
  type Exports,
  refreshing,
  requireNoWorse,
  type Shown,
  scoring,
  shownBy,
  training,
} from './station.ts';

const DAY_MS = 86_400_000;
/** How long a full disk stays full when nothing ends. */
const FULL_MS = 20_000;
const POLL_MS = 20;
/** A notification goes out when the execution has ended. */
const TOLD_LIMIT_MS = 30_000;
const MOST_REDRIVES = 3;
/** The machine may be quicker than it was at first. */
const MOST_ATTEMPTS = 5;
/** Errors with which an execution ends that somebody else was before. */
const YIELDING = new Set(
  [ModelCodeInUse, DatasetCodeInUse, ClaimLost, ModelReplaced].map(({ name }) => name),
);
const FUNCTIONS: Partial<Record<Phase, RegExp>> = {
  ExportStation: /lambda-runtime.*export-?station/i,
  PublishModel: /lambda-runtime.*publish-?model/i,
};

type Strike = 'done' | 'stack started' | 'too late';

/** A stack with a station that has a model, on which one fault follows another. */
export class Bench {
  readonly #stack: LocalStack;
  readonly #exports: Exports;
  /** How long an execution usually is in a state. */
  #usualMs = new Map<string, number>();

  /** @param folder of the stack; the disk of its parent is what is filled */
  constructor(folder: string, exports: Exports) {
    this.#stack = new LocalStack(folder);
    this.#exports = exports;
  }

  async open(): Promise<void> {
    const stack = this.#stack;
    await stack.start();
    await this.#import(this.#exports.older);
    const name = await stack.startExecution('train-station', training());
    const { status, error, cause } = await stack.untilEnded(name);
    deepStrictEqual({ status, error, cause }, { status: 'SUCCEEDED', error: undefined, cause: undefined });
    const entered = stack
      .history(name)
      .flatMap(({ stateEnteredEventDetails, timestamp }) =>
        stateEnteredEventDetails ? [{ name: stateEnteredEventDetails.name, timestamp }] : [],
      );
    for (const [index, state] of entered.entries()) {
      const next = entered[index + 1] ?? state;
      this.#usualMs.set(state.name, 1000 * (next.timestamp - state.timestamp));
    }
    for (const phase of PHASES) if (!this.#usualMs.has(phase)) throw new Error(`No ${phase} in ${name}`);
  }

  /** Stops the stack in good order. @throws Error when something of it is left running */
  close(): Promise<void> {
    return this.#stack.stop();
  }

  /** After a trial that failed. */
  abandon(): Promise<void> {
    return this.#stack.end();
  }

  /**
   * One execution, or several at once, to which all of it happens.
   *
   * @param onOutcome told what came of each strike
   * @throws Error of the promise that is broken
   */
  async try(
    trial: readonly StackStrike[],
    onOutcome: (strike: StackStrike, outcome: StackOutcome) => void,
  ): Promise<void> {
    const stack = this.#stack;
    const before = await shownBy(stack);
    const [first] = trial as [StackStrike];
    // For a station without new photos there would be nothing to score.
    if (trial.some(({ fault }) => fault === 'scoring')) await this.#import(this.#exports.newest);
    if (AT_ONCE.has(first.fault)) onOutcome(first, await this.#atOnce(first));
    else {
      let name = await stack.startExecution('train-station', training());
      for (const strike of trial) {
        const met = await this.#meetInTime(name, strike, before);
        onOutcome(strike, met.outcome);
        name = met.name;
      }
      await this.#finish(await stack.untilEnded(name));
    }
    await requireNoWorse(stack, before);
    const { stations, findings, faults, unchecked } = await stack.verify();
    if (faults + unchecked > 0) throw new Error(JSON.stringify({ stations, findings }, null, 1));
  }

  /** @returns what came of it, and the execution that has met it: another one where the first was through the phase too soon */
  async #meetInTime(
    first: string,
    strike: StackStrike,
    before: Shown,
  ): Promise<{ outcome: StackOutcome; name: string }> {
    const stack = this.#stack;
    let name = first;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const outcome = await this.#meet(name, { ...strike, where: strike.where / 2 ** attempt }, before);
      if (outcome) return { outcome, name };
      await this.#finish(await stack.untilEnded(name));
      name = await stack.startExecution('train-station', training());
    }
    throw new Error(`${strike.phase} is always over before it happens`);
  }

  /**
   * Has something happen somewhere in the phase, and waits until the execution has left it, if need be by a redrive.
   *
   * @returns null when the phase was over before it could happen
   */
  async #meet(name: string, strike: StackStrike, before: Shown): Promise<StackOutcome | null> {
    const stack = this.#stack;
    const { phase, where } = strike;
    await this.#untilIn(name, phase);
    // The process of a job is there later than its state, and gone earlier.
    const share = /^(trainer|server)/.test(strike.fault) ? where / 2 : where;
    const until = performance.now() + share * (this.#usualMs.get(phase) as number);
    while (performance.now() < until && !stack.hasLeft(name, phase)) await sleep(POLL_MS);
    const events = stack.history(name).length;
    const came = await this.#strike(name, strike);
    if (came === 'too late') return null;
    if (came === 'done') await stack.untilLeft(name, phase);
    stack.setClock(0);
    await requireNoWorse(stack, before);
    const { status, error } = stack.record(name);
    const later = stack.history(name).slice(events);
    if (status !== 'RUNNING' && status !== 'SUCCEEDED') await this.#redrive(stack.record(name));
    if (came === 'stack started') return 'start';
    if (error !== undefined) return 'redrive';
    return later.some(({ type }) => /(Failed|TimedOut)$/.test(type)) ? 'retries' : 'goes';
  }

  async #strike(name: string, { fault, phase }: StackStrike): Promise<Strike> {
    const stack = this.#stack;
    switch (fault) {
      case 'stack killed':
        await stack.kill();
        return this.#startAfter(name, 'nothing is left');
      case 'stack and watchdog killed':
        await stack.kill((tree) => killAll(tree.filter((pid) => /watchdog/.test(commandLineOf(pid)))));
        return this.#startAfter(name, 'something is left');
      case 'stack stopped':
        await stack.stop();
        return this.#startAfter(name, 'nothing is left');
      case 'database killed':
        killAll(stack.processesOf(/bin\/postgres -D /));
        return 'done';
      case 'function killed':
        killAll(stack.processesOf(FUNCTIONS[phase] as RegExp));
        return 'done';
      case 'trainer killed':
        return this.#killJob(name, phase, /train\.py/);
      case 'server killed':
        return this.#killJob(name, phase, /code\/serve/);
      case 'disk full': {
        const disk = join(stack.folder, '..');
        fillDisk(disk);
        const full = AbortSignal.timeout(FULL_MS);
        while (!full.aborted && stack.record(name).status === 'RUNNING') await sleep(100);
        freeDisk(disk);
        return 'done';
      }
      case 'clock ahead':
      case 'clock back':
        stack.setClock(fault === 'clock ahead' ? DAY_MS : -DAY_MS);
        return 'done';
      case 'two stacks':
        await this.#startOthers();
        return 'done';
      case 'scoring':
        await this.#score();
        return 'done';
      case 'import':
        await this.#import(this.#exports.newer);
        return 'done';
      default:
        throw new Error(`${fault} happens to several executions`);
    }
  }

  async #startAfter(name: string, left: 'nothing is left' | 'something is left'): Promise<'stack started'> {
    const stack = this.#stack;
    const { status, executionArn } = stack.record(name);
    if (left === 'nothing is left') await stack.requireNoOrphans();
    const said = await stack.start();
    await stack.requireNoOrphans();
    if (status === 'RUNNING' && !said.includes(`To go on: ./fpe redrive ${executionArn}`))
      throw new Error(`The start does not tell of ${name}:\n${said}`);
    return 'stack started';
  }

  /** With the command that is printed. */
  async #redrive({ name, error }: ExecutionRecord): Promise<void> {
    const stack = this.#stack;
    const limit = AbortSignal.timeout(TOLD_LIMIT_MS);
    let command = this.#findRedrive(name);
    for (; !command; command = this.#findRedrive(name)) {
      if (limit.aborted) throw new Error(`Nobody is told how to redrive ${name}: ${error}`);
      await sleep(POLL_MS);
    }
    const { text } = await stack.fpe('redrive', command, '--detach');
    if (!text.includes('Redriving')) throw new Error(`fpe redrive says: ${text}`);
  }

  #findRedrive(name: string): string | null {
    const told = `${this.#stack.said}${this.#stack.notifications}`;
    const commands = [...told.matchAll(/\.\/fpe redrive (\S*[\da-f])/g)].map(([, given]) => given as string);
    return commands.find((given) => given.endsWith(name)) ?? null;
  }

  /** Redrives until the execution has succeeded. @throws Error when it never does */
  async #finish(first: ExecutionRecord): Promise<void> {
    let record = first;
    for (let redrives = 0; record.status !== 'SUCCEEDED' && redrives < MOST_REDRIVES; redrives++) {
      await this.#redrive(record);
      record = await this.#stack.untilEnded(record.name);
    }
    const { status, error, cause } = record;
    deepStrictEqual({ status, error, cause }, { status: 'SUCCEEDED', error: undefined, cause: undefined });
  }

  /** Waits until the execution is in a state, if need be by a redrive. @throws Error when it never is */
  async #untilIn(name: string, phase: Phase): Promise<void> {
    const stack = this.#stack;
    for (let redrives = 0; !(await stack.untilIn(name, phase)); redrives++) {
      const { status, error, cause } = stack.record(name);
      if (status === 'SUCCEEDED' || redrives === MOST_REDRIVES)
        throw new Error(`${name} ends before ${phase}: ${status} ${error} ${cause}`);
      await this.#redrive(stack.record(name));
    }
  }

  async #import(folder: string): Promise<void> {
    const { code, text } = await this.#stack.fpe('import', folder);
    if (code !== 0) throw new Error(`fpe import says: ${text}`);
  }

  /** Scores new photos with the default model, which may be another one before they are published. */
  async #score(): Promise<void> {
    const stack = this.#stack;
    const name = await stack.startExecution('score-station', scoring());
    const record = await stack.untilEnded(name);
    if (!stack.hasEntered(name, 'ScoreImages')) throw new Error(`${name} has scored nothing`);
    if (record.error !== ModelReplaced.name) await this.#finish(record);
  }

  async #killJob(name: string, phase: Phase, words: RegExp): Promise<Strike> {
    for (;;) {
      const found = this.#stack.processesOf(words);
      killAll(found);
      if (found.length > 0) return 'done';
      if (this.#stack.hasLeft(name, phase)) return 'too late';
      await sleep(POLL_MS);
    }
  }

  async #startOthers(): Promise<void> {
    const stack = this.#stack;
    const second = await stack.fpe('local', '--folder', stack.folder);
    if (second.code !== 0 || !second.text.includes('The local stack is already running'))
      throw new Error(`A second start says: ${second.text}`);
    const other = new LocalStack(`${stack.folder}-other`);
    try {
      await other.start();
      await other.stop();
    } finally {
      await other.end();
    }
  }

  async #atOnce({ fault }: StackStrike): Promise<StackOutcome> {
    const stack = this.#stack;
    const isRefresh = fault === 'two refreshes';
    const count = fault === 'fifty executions' ? 50 : 2;
    const names = await this.#startAtOnce(
      isRefresh ? 'refresh-stations' : 'train-station',
      Array.from({ length: count }, isRefresh ? refreshing : training),
    );
    const records = await Promise.all(names.map((name) => stack.untilEnded(name)));
    return isRefresh ? requireOneRefresh(records) : this.#requireOneTraining(records);
  }

  async #startAtOnce(machine: MachineKind, inputs: readonly object[]): Promise<string[]> {
    const { env, machines } = this.#stack.description;
    const client = new SFNClient({
      endpoint: env.AWS_ENDPOINT_URL_SFN as string,
      region: env.AWS_REGION as string,
      credentials: {
        accessKeyId: env.AWS_ACCESS_KEY_ID as string,
        secretAccessKey: env.AWS_SECRET_ACCESS_KEY as string,
      },
    });
    const stateMachineArn = machines.find(({ name }) => name.endsWith(machine))?.arn as string;
    return Promise.all(
      inputs.map(async (input) => {
        const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) });
        return (await client.send(command)).executionArn?.split(':').at(-1) as string;
      }),
    );
  }

  async #requireOneTraining(records: readonly ExecutionRecord[]): Promise<StackOutcome> {
    const won = records.filter(({ status }) => status === 'SUCCEEDED');
    const others = records.filter(({ status }) => status !== 'SUCCEEDED');
    const strange = others.filter(({ error }) => !YIELDING.has(String(error)));
    deepStrictEqual(
      strange.map(({ error, cause }) => ({ error, cause })),
      [],
    );
    if (won.length === 0) throw new Error('None of the executions succeeds');
    if (others.length === 0) return 'goes';
    deepStrictEqual(won.length, 1, `${won.length} executions have succeeded`);
    // What was refused may be done afterward.
    await this.#finish(others[0] as ExecutionRecord);
    return 'one works';
  }
}

/** The other one says that it has left it to the first. @throws Error when it is not so */
function requireOneRefresh(records: readonly ExecutionRecord[]): StackOutcome {
  const told = records.map(({ output = '{}', error, cause }) => {
    const { status, counts } = JSON.parse(output) as Partial<RefreshSummary>;
    return { status, succeeded: counts?.succeeded, failed: counts?.failed, error, cause };
  });
  const well = { failed: 0, error: undefined, cause: undefined };
  deepStrictEqual(
    told.sort((one, other) => String(one.status).localeCompare(String(other.status))),
    [
      { status: 'already_running', succeeded: 0, ...well },
      { status: 'refreshed', succeeded: 1, ...well },
    ],
  );
  return 'one works';
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}
