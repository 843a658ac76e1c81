/** The history of one execution, stored in a file with one event per line. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { asDiskFailure, DiskFailed, writeDurably } from '../../host/durable-file.ts';
import { TaskFailure } from '../task.ts';

/** As returned by GetExecutionHistory; the details are in a member named after the type of event. */
export type Event = {
  id: number;
  previousEventId: number;
  /** Seconds since 1970. */
  timestamp: number;
  type: string;
} & Record<string, unknown>;

/** Step Functions ends an execution that has more. */
const MAX_EVENTS = 25_000;

/** Events whose details are named after a whole group of types. */
const SHARED_DETAILS: [RegExp, string][] = [
  [/StateEntered$/, 'stateEnteredEventDetails'],
  [/StateExited$/, 'stateExitedEventDetails'],
];

/** Members that hold data of the execution, each described by a `…Details` member beside it. */
const DATA = ['input', 'output'] as const;

export class ExecutionHistory {
  readonly #file: string;
  /** Read on first use: most executions of earlier processes are never looked at again. */
  #read: Event[] | null = null;
  /** Whether the file lacks an event, or ends in the middle of one. */
  #isBehind = false;
  readonly #say: (line: string) => void;

  /** @param say called with a line for each thing that had to be repaired or that the disk refuses */
  constructor(file: string, say: (line: string) => void) {
    this.#file = file;
    this.#say = say;
  }

  get events(): readonly Event[] {
    return this.#events;
  }

  /** Id of the newest event; 0 before the first. */
  get lastId(): number {
    return this.#events.at(-1)?.id ?? 0;
  }

  get #events(): Event[] {
    this.#read ??= existsSync(this.#file) ? this.#readWhole() : [];
    return this.#read;
  }

  /** A killed process or a full disk may leave half a line; the next event must not be appended to it. */
  #readWhole(): Event[] {
    const text = readFileSync(this.#file, 'utf8');
    const lines = text.split('\n');
    const events = lines.flatMap(parseLine);
    this.#isBehind = lines.at(-1) !== '' || events.length < lines.length - 1;
    if (this.#isBehind) {
      this.#say(`Step Functions: removed what is no whole line from ${this.#file}`);
      this.#write(events);
    }
    return events;
  }

  /**
   * The execution continues even if the disk refuses an event; it is then written with the next one.
   *
   * @returns id of the event; ids count from 1
   */
  append(type: string, details: object | null, previousEventId: number): number {
    const id = this.lastId + 1;
    if (id > MAX_EVENTS && !type.startsWith('Execution'))
      throw new TaskFailure(
        'States.Runtime',
        `The execution reached the maximum number of history events (${MAX_EVENTS}).`,
      );
    const event: Event = { id, previousEventId, timestamp: Date.now() / 1000, type };
    if (details) event[detailsName(type)] = withDataDetails(details);
    this.#events.push(event);
    this.#write(this.#isBehind ? this.#events : [event]);
    return id;
  }

  /** Appends events, or replaces a file that is behind with all of them. */
  #write(events: readonly Event[]): void {
    const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    try {
      if (this.#isBehind) writeDurably(this.#file, text);
      else appendFileSync(this.#file, text);
      this.#isBehind = false;
    } catch (error) {
      const failure = asDiskFailure(error, dirname(this.#file));
      if (!(failure instanceof DiskFailed)) throw error;
      if (!this.#isBehind) this.#say(`Step Functions: ${failure.message}`);
      this.#isBehind = true;
    }
  }
}

/** One sequence of events: the execution's own, or that of one iteration of a Map. */
export class Thread {
  readonly #history: ExecutionHistory;
  readonly #signal: AbortSignal;
  #lastId: number;

  constructor(history: ExecutionHistory, signal: AbortSignal, lastId: number) {
    this.#history = history;
    this.#signal = signal;
    this.#lastId = lastId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Nothing more happens in a stopped execution. @throws the signal's reason */
  add(type: string, details: object | null = null): number {
    this.#signal.throwIfAborted();
    this.#lastId = this.#history.append(type, details, this.#lastId);
    return this.#lastId;
  }

  fork(): Thread {
    return new Thread(this.#history, this.#signal, this.#lastId);
  }
}

/** The same event without the execution's data, as requested by `includeExecutionData: false`. */
export function withoutData(event: Event): Event {
  return Object.fromEntries(
    Object.entries(event).map(([name, details]) => {
      if (!name.endsWith('EventDetails')) return [name, details];
      const hidden = new Set<string>([...DATA, 'parameters', 'error', 'cause']);
      return [
        name,
        Object.fromEntries(Object.entries(details as object).filter(([key]) => !hidden.has(key))),
      ];
    }),
  ) as Event;
}

function detailsName(type: string): string {
  const shared = SHARED_DETAILS.find(([pattern]) => pattern.test(type));
  return shared ? shared[1] : `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

function withDataDetails(details: object): object {
  const described = DATA.filter((name) => name in details);
  return {
    ...details,
    ...Object.fromEntries(described.map((name) => [`${name}Details`, { truncated: false }])),
  };
}

/** Nothing for an incomplete line. */
function parseLine(line: string): Event[] {
  try {
    const event = JSON.parse(line) as Event | null;
    return Number.isInteger(event?.id) ? [event as Event] : [];
  } catch {
    return [];
  }
}
