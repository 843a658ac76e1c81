import { setTimeout as sleep } from 'node:timers/promises';
import { decideFault, isPassing, nameFault, type ServiceCall } from './service-faults.ts';

const FIRST_PAUSE_MS = 100;
const FIRST_PAUSE_THROTTLED_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/**
 * How long a temporary fault is waited out: attempts continue until the time is over, however many there are. If attempts were
 * counted and drew on a bucket of tokens, as in the SDK, two dozen parallel requests would use up the retries of all within a
 * second.
 */
export class Patience {
  #limitMs: number;
  readonly #beganAtMs = performance.now();
  #pauses = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * @param atLeastMs minimum that the service or the pace demands
   * @returns milliseconds to wait before the next attempt; null when the time is over
   */
  nextPause(error: unknown, atLeastMs = 0): number | null {
    const isThrottled = decideFault(error) === 'ServiceThrottled';
    const first = isThrottled ? FIRST_PAUSE_THROTTLED_MS : FIRST_PAUSE_MS;
    const longest = Math.min(first * 2 ** this.#pauses, LONGEST_PAUSE_MS);
    this.#pauses += 1;
    // Half of the pause is random, so that requests that failed together are not repeated together.
    const pauseMs = Math.max(longest * (0.5 + Math.random() / 2), atLeastMs);
    return performance.now() - this.#beganAtMs + pauseMs > this.#limitMs ? null : pauseMs;
  }

  /** Adds time spent waiting for a turn, which says nothing about the fault. */
  allow(ms: number): void {
    this.#limitMs += ms;
  }
}

/**
 * Repeats work that fails temporarily, such as reading a body that broke off: the SDK's own retries end where the body begins.
 *
 * @throws the pipeline's error for the last fault
 */
export async function patiently<Result>(
  limitMs: number,
  call: ServiceCall,
  work: () => Promise<Result>,
): Promise<Result> {
  const patience = new Patience(limitMs);
  for (;;)
    try {
      return await work();
    } catch (error) {
      // The client has already been patient with an error that it has named.
      const pauseMs = isPassing(error) ? patience.nextPause(error) : null;
      if (pauseMs === null) throw nameFault(error, call);
      await sleep(pauseMs);
    }
}
