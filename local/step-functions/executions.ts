/**
 * The executions of one state machine, each in a folder of its own: `execution.json`, `definition.json` (what it runs, even after
 * a redrive) and `history.jsonl`. They outlive the process; what was running when it ended is aborted at the next start.
 */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  DiskFailed,
  readJsonFile,
  removeUnfinished,
  setAside,
  writeDurably,
} from '../../host/durable-file.ts';
import { makeFolder } from '../../host/folder.ts';
import { executionArn, regionInArn } from '../../shared/execution/arns.ts';
import { type RunTask, TaskFailure } from '../task.ts';
import { ExecutionHistory, Thread } from './execution-history.ts';
import { after, causeOf, type Position, runStates, type Scope } from './state-interpreter.ts';
import type { Definition } from './states-language.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** What DescribeExecution returns; times in milliseconds since 1970. */
export type ExecutionRecord = {
  executionArn: string;
  stateMachineArn: string;
  name: string;
  status: ExecutionStatus;
  startDate: number;
  stopDate?: number;
  input: string;
  output?: string;
  error?: string;
  cause?: string;
  redriveCount: number;
  redriveDate?: number;
  /** Its position, or where a redrive continues. */
  position: Position;
};

export type MachineSettings = {
  name: string;
  arn: string;
  roleArn: string;
  /** Amazon States Language, checked. */
  definition: string;
  runTask: RunTask;
  waitFactor: number;
  /** Called at each start, end and redrive, like EventBridge. */
  onChange?: (record: Readonly<ExecutionRecord>) => void;
  /** Called with a line for each thing that had to be repaired or that the disk refuses. */
  onNotice?: (line: string) => void;
};

/** States that can be in progress when an execution is stopped. */
const LASTING = new Set(['Task', 'Map', 'Wait']);

export class Execution {
  readonly record: ExecutionRecord;
  readonly definitionText: string;
  readonly history: ExecutionHistory;
  readonly #folder: string;
  readonly #definition: Definition;
  readonly #settings: MachineSettings;
  #controller = new AbortController();
  #ended = Promise.withResolvers<void>();
  #isBehind = false;

  private constructor(
    folder: string,
    record: ExecutionRecord,
    definition: string,
    settings: MachineSettings,
  ) {
    this.#folder = folder;
    this.record = record;
    this.definitionText = definition;
    this.#definition = JSON.parse(definition);
    this.#settings = settings;
    this.history = new ExecutionHistory(join(folder, 'history.jsonl'), settings.onNotice ?? console.warn);
  }

  /** @param input JSON text */
  static start(folder: string, name: string, input: string, settings: MachineSettings): Execution {
    makeFolder(folder);
    writeDurably(join(folder, 'definition.json'), settings.definition);
    const definition: Definition = JSON.parse(settings.definition);
    const execution = new Execution(
      folder,
      {
        executionArn: executionArn(settings.arn, name),
        stateMachineArn: settings.arn,
        name,
        status: 'RUNNING',
        startDate: Date.now(),
        input,
        redriveCount: 0,
        position: { state: definition.StartAt, input: JSON.parse(input), iterations: {} },
      },
      settings.definition,
      settings,
    );
    const firstId = execution.history.append('ExecutionStarted', { input, roleArn: settings.roleArn }, 0);
    execution.#run(firstId, false);
    return execution;
  }

  /** Reads an execution of an earlier process; if it was running then, it is aborted now. Null if its files are damaged. */
  static load(folder: string, settings: MachineSettings): Execution | null {
    removeUnfinished(folder);
    const record = readJsonFile<ExecutionRecord>(join(folder, 'execution.json'));
    if (!record?.executionArn || !readJsonFile<Definition>(join(folder, 'definition.json'))?.States)
      return null;
    const definition = readFileSync(join(folder, 'definition.json'), 'utf8');
    const execution = new Execution(folder, record, definition, settings);
    if (record.status === 'RUNNING') {
      execution.stop(
        'LocalStackStopped',
        'The local stack ended while the execution ran. Redrive it to go on.',
      );
      const { onNotice = console.warn } = settings;
      onNotice(
        `Step Functions: the stack ended while execution ${record.name} of ${settings.name} ran. To go on: ./fpe redrive ${record.executionArn}`,
      );
    }
    return execution;
  }

  get isRunning(): boolean {
    return this.record.status === 'RUNNING';
  }

  /** Resolves when the current run has ended, for whatever reason. */
  get whenEnded(): Promise<void> {
    return this.isRunning ? this.#ended.promise : Promise.resolve();
  }

  /** Ends it at once, and tells the running task to stop. */
  stop(error?: string, cause?: string): void {
    if (!this.isRunning) return;
    const reason = { ...(error && { error }), ...(cause && { cause }) };
    const type = this.#definition.States[this.record.position.state]?.Type as string;
    if (LASTING.has(type)) this.#append(`${type}StateAborted`, null);
    this.#append('ExecutionAborted', reason);
    this.#end({ status: 'ABORTED', ...reason });
    this.#controller.abort(new Error('The execution was stopped'));
  }

  /** Continues from the state that did not succeed. */
  redrive(): void {
    const { record } = this;
    for (const member of ['stopDate', 'output', 'error', 'cause'] as const) delete record[member];
    record.status = 'RUNNING';
    record.redriveCount += 1;
    record.redriveDate = Date.now();
    const wasEntered = this.history.events.some(({ type }) => type.endsWith('StateEntered'));
    const id = this.#append('ExecutionRedriven', { redriveCount: record.redriveCount });
    this.#run(id, wasEntered);
  }

  #run(lastEventId: number, isRedriven: boolean): void {
    const controller = new AbortController();
    this.#controller = controller;
    this.#ended = Promise.withResolvers();
    const { arn, name, roleArn, runTask, waitFactor } = this.#settings;
    const { record } = this;
    this.#save();
    this.#settings.onChange?.(record);
    const scope: Scope = {
      runTask,
      waitFactor,
      region: regionInArn(arn),
      signal: controller.signal,
      thread: new Thread(this.history, controller.signal, lastEventId),
      context: {
        Execution: {
          Id: record.executionArn,
          Input: JSON.parse(record.input),
          Name: record.name,
          RoleArn: roleArn,
          StartTime: new Date(record.startDate).toISOString(),
          RedriveCount: record.redriveCount,
          ...(record.redriveDate && { RedriveTime: new Date(record.redriveDate).toISOString() }),
        },
        StateMachine: { Id: arn, Name: name },
      },
      onPosition: (position) => {
        record.position = position;
        this.#save();
      },
    };
    const stopTimer = this.#limitDuration(controller);
    // Not in this turn of the event loop, so that the caller receives the answer before the first state runs.
    setImmediate(() => {
      runStates(this.#definition, record.position, isRedriven, scope)
        .then((output) => this.#succeed(output, scope.thread))
        .catch((error) => this.#fail(error, scope.thread, controller.signal))
        .finally(() => stopTimer?.());
    });
  }

  #limitDuration(controller: AbortController): (() => void) | undefined {
    const { TimeoutSeconds } = this.#definition;
    if (TimeoutSeconds === undefined) return undefined;
    return after(TimeoutSeconds * 1000, () => {
      this.#append('ExecutionTimedOut', { error: 'States.Timeout' });
      this.#end({ status: 'TIMED_OUT', error: 'States.Timeout' });
      controller.abort(new Error('The execution ran longer than its TimeoutSeconds'));
    });
  }

  #succeed(result: unknown, thread: Thread): void {
    const output = JSON.stringify(result);
    thread.add('ExecutionSucceeded', { output });
    this.#end({ status: 'SUCCEEDED', output });
  }

  #fail(thrown: unknown, thread: Thread, signal: AbortSignal): void {
    if (signal.aborted) return;
    const failure =
      thrown instanceof TaskFailure ? causeOf(thrown) : { error: 'States.Runtime', cause: String(thrown) };
    thread.add('ExecutionFailed', failure);
    this.#end({ status: 'FAILED', ...failure });
  }

  #append(type: string, details: object | null): number {
    return this.history.append(type, details, this.history.lastId);
  }

  #end(change: Partial<ExecutionRecord>): void {
    Object.assign(this.record, change, { stopDate: Date.now() });
    this.#save({ isSynced: true });
    this.#settings.onChange?.(this.record);
    this.#ended.resolve();
  }

  /** The execution continues even if the disk refuses a change; the next change is written completely. */
  #save({ isSynced = false } = {}): void {
    const { onNotice = console.warn } = this.#settings;
    try {
      writeDurably(join(this.#folder, 'execution.json'), `${JSON.stringify(this.record)}\n`, { isSynced });
      this.#isBehind = false;
    } catch (error) {
      if (!(error instanceof DiskFailed)) throw error;
      if (!this.#isBehind) onNotice(`Step Functions: ${error.message}`);
      this.#isBehind = true;
    }
  }
}

/** All executions of a machine by name, in the order of their starts. */
export class Executions {
  readonly #folder: string;
  readonly #byName = new Map<string, Execution>();
  readonly settings: MachineSettings;

  constructor(folder: string, settings: MachineSettings) {
    this.settings = settings;
    this.#folder = join(folder, settings.name);
    makeFolder(this.#folder);
    const found = readdirSync(this.#folder, { withFileTypes: true })
      .flatMap((entry) => (entry.isDirectory() ? (this.#load(entry.name) ?? []) : []))
      .sort((one, other) => one.record.startDate - other.record.startDate);
    for (const execution of found) this.#byName.set(execution.record.name, execution);
  }

  /** Repairs what an earlier process left, and reports it. */
  #load(entry: string): Execution | null {
    const { onNotice = console.warn } = this.settings;
    const folder = join(this.#folder, entry);
    if (!existsSync(join(folder, 'execution.json'))) {
      rmSync(folder, { recursive: true });
      onNotice(`Step Functions: removed execution ${entry} of ${this.settings.name}, which had not begun`);
      return null;
    }
    const execution = Execution.load(folder, this.settings);
    if (execution) return execution;
    const damaged = join(this.#folder, '..', 'damaged', this.settings.name, entry);
    setAside(folder, damaged);
    onNotice(`Step Functions: execution ${entry} of ${this.settings.name} is not whole; moved to ${damaged}`);
    return null;
  }

  find(name: string): Execution | undefined {
    return this.#byName.get(name);
  }

  all(): Execution[] {
    return [...this.#byName.values()];
  }

  start(name: string, input: string): Execution {
    const execution = Execution.start(join(this.#folder, folderName(name)), name, input, this.settings);
    this.#byName.set(name, execution);
    return execution;
  }
}

/** Names may be `.` or contain characters that file names cannot. */
const folderName = (name: string): string =>
  encodeURIComponent(name).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
