import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { TaskFailure } from '../../local/task.ts';
import { s3 } from '../../shared/aws/object-store.ts';

/** What goes wrong between a function and a service. */
export type Disturbance =
  /** S3 cannot be reached, or throttles, from a command on, after all that the SDK has tried. */
  | { kind: 'S3 lost' | 'S3 throttles'; at: number }
  /** S3 has done a command, but its answer is lost; the SDK says so, or has asked once more. */
  | { kind: 'answer of S3 lost' | 'S3 asked twice'; at: number }
  /** The process ends at a command to S3, before or after that is done: nothing of it has an effect from then on. */
  | { kind: 'killed before' | 'killed after'; at: number; error: string }
  /** The database goes away before it has a message, or having it, and is not there until the attempt ends. */
  | { kind: 'database lost' | 'answer of database lost'; at: number };

/** What an attempt has asked of whom. */
export type Usage = { commands: number; messages: number };

/**
 * The edge between functions and the services that they use: commands of the SDK's S3 client are counted, as are messages to the
 * database, which go through a server of this class, and at any of them something can go wrong.
 */
export class Edge {
  readonly #attempts = new AsyncLocalStorage<Attempt>();
  readonly #proxy: Server;
  readonly #sockets = new Set<Socket>();
  /** The attempt that messages to the database are of: the one that began last. */
  #current: Attempt | null = null;

  private constructor(database: { host: string; port: number }) {
    this.#proxy = createServer((socket) => this.#forward(socket, dial(database)));
  }

  /** Has the functions of this process use the database that DB_HOST and DB_PORT name through the edge. */
  static async open(): Promise<Edge> {
    const edge = new Edge({ host: process.env.DB_HOST as string, port: Number(process.env.DB_PORT) });
    await new Promise<void>((resolve) => {
      edge.#proxy.listen(0, '127.0.0.1', resolve);
    });
    const { port } = edge.#proxy.address() as { port: number };
    Object.assign(process.env, { DB_HOST: '127.0.0.1', DB_PORT: String(port) });
    s3().middlewareStack.add(
      (next) => (args) => {
        const attempt = edge.#attempts.getStore();
        return attempt ? attempt.command(args.input, () => next(args)) : next(args);
      },
      { step: 'initialize', name: 'disturb' },
    );
    return edge;
  }

  /**
   * One attempt of a function.
   *
   * @param usage what it has asked for is added here
   * @param onKey told each key of S3 that it reads, writes or lists
   */
  async attempt(
    work: () => Promise<unknown>,
    disturbance: Disturbance | null,
    { usage, onKey }: { usage: Usage; onKey: (key: string) => void },
  ): Promise<unknown> {
    const attempt = new Attempt(disturbance, usage, onKey);
    this.#current = attempt;
    try {
      return await Promise.race([this.#attempts.run(attempt, work), attempt.killed]);
    } finally {
      if (attempt.isDead) for (const socket of this.#sockets) socket.destroy();
      if (this.#current === attempt) this.#current = null;
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#proxy.close(() => resolve());
    });
  }

  #forward(client: Socket, server: Socket): void {
    const attempt = this.#current;
    const end = () => {
      client.destroy();
      server.destroy();
      this.#sockets.delete(client);
    };
    this.#sockets.add(client);
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    if (attempt?.isDatabaseGone) end();
    let isUnheard = false;
    client.on('data', (data) => {
      const fate = attempt?.message() ?? 'passes';
      isUnheard ||= fate === 'unheard';
      if (fate === 'lost') end();
      else server.write(data);
    });
    server.on('data', (data) => {
      if (isUnheard) end();
      else client.write(data);
    });
  }
}

class Attempt {
  readonly #disturbance: Disturbance | null;
  readonly #usage: Usage;
  readonly #onKey: (key: string) => void;
  readonly #death = Promise.withResolvers<never>();
  readonly #bodies: Readable[] = [];
  #commands = 0;
  #messages = 0;
  isDead = false;
  isDatabaseGone = false;

  constructor(disturbance: Disturbance | null, usage: Usage, onKey: (key: string) => void) {
    this.#disturbance = disturbance;
    this.#usage = usage;
    this.#onKey = onKey;
    this.#death.promise.catch(() => undefined);
    this.isDatabaseGone = disturbance?.kind === 'database lost' && disturbance.at === 0;
  }

  get killed(): Promise<never> {
    return this.#death.promise;
  }

  async command<Answer>(input: object, send: () => Promise<Answer>): Promise<Answer> {
    if (this.isDead) return this.#die();
    const { Key, Prefix, CopySource } = input as Record<string, string | undefined>;
    for (const key of [Key, Prefix, CopySource && decodeURIComponent(CopySource.replace(/^\/?[^/]+\//, ''))])
      if (key) this.#onKey(key);
    const number = this.#commands++;
    this.#usage.commands += 1;
    const { kind, at } = this.#disturbance ?? { kind: null, at: 0 };
    const isHere = number === at;
    const isSince = number >= at;
    if (kind === 'S3 lost' && isSince) throw connectionLost();
    if (kind === 'S3 throttles' && isSince) throw slowDown();
    if (kind === 'killed before' && isHere) return this.#die();
    // What S3 answers, be it an error, is not heard.
    const [answer] = await Promise.allSettled([send()]);
    if (answer.status === 'fulfilled') this.#keepBody(answer.value);
    if (this.isDead || (kind === 'killed after' && isHere)) return this.#die();
    if (isHere && (kind === 'answer of S3 lost' || kind === 'S3 asked twice')) drop(this.#bodies.splice(-1));
    if (kind === 'answer of S3 lost' && isHere) throw connectionLost();
    if (kind === 'S3 asked twice' && isHere) return send();
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  }

  message(): 'passes' | 'lost' | 'unheard' {
    const number = this.#messages++;
    this.#usage.messages += 1;
    const { kind, at } = this.#disturbance ?? { kind: null, at: 0 };
    if (number !== at || (kind !== 'database lost' && kind !== 'answer of database lost')) return 'passes';
    this.isDatabaseGone = true;
    return kind === 'database lost' ? 'lost' : 'unheard';
  }

  #keepBody(answer: unknown): void {
    const { Body } = (answer as { output: { Body?: unknown } }).output;
    if (Body instanceof Readable) this.#bodies.push(Body);
  }

  /** Nobody reads what was not heard. */
  #dropBodies(): void {
    drop(this.#bodies.splice(0));
  }

  /** What calls it goes on no further. */
  #die(): Promise<never> {
    const { error } = this.#disturbance as { error: string };
    this.isDead = true;
    this.#dropBodies();
    this.#death.reject(new TaskFailure(error, 'the process ended'));
    return new Promise<never>(() => undefined);
  }
}

const drop = (bodies: Readable[]): void => {
  for (const body of bodies) body.on('error', () => undefined).destroy();
};

/** What the SDK throws after its last attempt. */
const connectionLost = () =>
  Object.assign(new Error('read ECONNRESET'), {
    name: 'Error',
    code: 'ECONNRESET',
    errno: -104,
    syscall: 'read',
  });
const slowDown = () =>
  Object.assign(new Error('Please reduce your request rate.'), {
    name: 'SlowDown',
    $fault: 'server',
    $metadata: { httpStatusCode: 503, attempts: 5 },
  });
