/** A model's server, started and called as by batch transform: `serve` of the model's code, GET /ping, POST /invocations. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../postgres.ts';
import { type Container, inFolder, startContainer } from './container.ts';
import { JobFailure } from './job-data.ts';

const PING_INTERVAL_MS = 50;
const EXIT_NOTICE_MS = 200;
const PING_TIMEOUT_MS = 2000;
export const MODEL_START_TIMEOUT_MS = 300_000;
/** Length of its last output that is kept: enough for a complete message of ours. */
const REASON_CHARACTERS = 900;
const DEFAULT_CODE = '/opt/ml/model/code';

export type InvocationAnswer = { status: number; body: Buffer };

export class ModelServer {
  readonly #container: Container;
  readonly #port: number;
  /** The header that `serve` requires of its clients; pages in a browser cannot send it. */
  readonly #token: string;
  readonly #agent: Agent;
  /** Why it has ended; null while it runs. */
  #ending: string | null = null;

  private constructor(container: Container, port: number, token: string, connections: number) {
    this.#container = container;
    this.#port = port;
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    const end = (reason: string) => {
      this.#ending = reason;
    };
    container.exited.then(
      ({ exitCode }) => end(`exit code ${exitCode}; ${container.errorTail().slice(-REASON_CHARACTERS)}`),
      (error) => end(error.message),
    );
  }

  /**
   * Starts the server of an unpacked model and waits until it answers.
   *
   * @param options.folder stands for /opt/ml; the model lies in its `model`
   * @throws JobFailure if the model has no server, or if it ends or stays silent
   */
  static async start(options: {
    python: string;
    folder: string;
    env: Record<string, string>;
    log: string;
    stopGraceMs: number;
    connections: number;
    signal: AbortSignal;
    startTimeoutMs?: number;
  }): Promise<ModelServer> {
    const { folder, env } = options;
    const code = inFolder(env.SAGEMAKER_SUBMIT_DIRECTORY ?? DEFAULT_CODE, folder);
    if (!existsSync(join(code, 'serve')))
      throw new JobFailure('ClientError: The model has no server: model.tar.gz must hold code/serve');
    const port = await freePort();
    const token = randomBytes(24).toString('base64url');
    const container = startContainer({
      command: [options.python, join(code, 'serve')],
      cwd: code,
      env: {
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, inFolder(value, folder)])),
        SM_MODEL_DIR: join(folder, 'model'),
        // In a container it listens on 0.0.0.0:8080.
        SERVE_HOST: '127.0.0.1',
        SERVE_TOKEN: token,
        SAGEMAKER_BIND_TO_PORT: String(port),
        PYTHONPATH: code,
      },
      log: options.log,
      stopGraceMs: options.stopGraceMs,
    });
    const server = new ModelServer(container, port, token, options.connections);
    try {
      await server.#untilReady(options.signal, options.startTimeoutMs ?? MODEL_START_TIMEOUT_MS);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get hasEnded(): boolean {
    return this.#ending !== null;
  }

  /** @throws JobFailure once the server has ended; Error for a lost connection and after the time limit */
  async invoke(
    body: Uint8Array,
    headers: Record<string, string>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<InvocationAnswer> {
    try {
      return await this.#ask('POST', '/invocations', { body, headers, timeoutMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      // A broken connection is noticed before the end of the process that caused it.
      await Promise.race([this.#container.exited.catch(() => undefined), sleep(EXIT_NOTICE_MS)]);
      this.#requireRunning();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    if (!this.hasEnded) this.#container.terminate();
    await this.#container.exited.catch(() => undefined);
  }

  async #untilReady(signal: AbortSignal, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      signal.throwIfAborted();
      this.#requireRunning();
      const answer = await this.#ask('GET', '/ping', { timeoutMs: PING_TIMEOUT_MS, signal }).catch(
        () => null,
      );
      if (answer?.status === 200) return;
      await sleep(PING_INTERVAL_MS);
    }
    throw new JobFailure(`ClientError: The model server did not answer /ping within ${timeoutMs / 1000} s`);
  }

  #requireRunning(): void {
    if (this.#ending !== null)
      throw new JobFailure(`AlgorithmError: The model server ended (${this.#ending})`);
  }

  /** Without `fetch`, whose own time limits are shorter than SageMaker's hour. */
  #ask(
    method: string,
    path: string,
    options: { body?: Uint8Array; headers?: Record<string, string>; timeoutMs: number; signal: AbortSignal },
  ): Promise<InvocationAnswer> {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
    return new Promise((resolve, reject) => {
      const length = options.body?.byteLength ?? 0;
      const asked = request({
        host: '127.0.0.1',
        port: this.#port,
        agent: this.#agent,
        method,
        path,
        headers: { ...options.headers, 'content-length': length, 'x-serve-token': this.#token },
        signal,
      });
      asked.once('error', reject).once('response', (response) => {
        buffer(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      asked.end(options.body);
    });
  }
}
