import { setTimeout as sleep } from 'node:timers/promises';
import { decideFault, isPassing, nameFault, type ServiceCall } from './service-faults.ts';

const FIRST_PAUSE_MS = 100;
const FIRST_PAUSE_THROTTLED_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/**
 * How long a passing fault is waited out: attempts go on until the time is over, however many they are. Counted in attempts, and
 * against a bucket of tokens, as the SDK does it, two dozen requests at once use up what all of them may repeat within a second.
 */
export class Patience {
  #limitMs: number;
  readonly #beganAtMs = performance.now();
  #pauses = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * @param atLeastMs what the service or the pace asks for
   * @returns milliseconds to wait before the next attempt; null when the time is over
   */
  nextPause(error: unknown, atLeastMs = 0): number | null {
    const isThrottled = decideFault(error) === 'ServiceThrottled';
    const first = isThrottled ? FIRST_PAUSE_THROTTLED_MS : FIRST_PAUSE_MS;
    const longest = Math.min(first * 2 ** this.#pauses, LONGEST_PAUSE_MS);
    this.#pauses += 1;
    // Half of it by chance, so that those that failed together do not come back together.
    const pauseMs = Math.max(longest * (0.5 + Math.random() / 2), atLeastMs);
    return performance.now() - this.#beganAtMs + pauseMs > this.#limitMs ? null : pauseMs;
  }

  /** Time that was spent on waiting for a turn, and says nothing of the fault. */
  allow(ms: number): void {
    this.#limitMs += ms;
  }
}

/**
 * Repeats work whose fault passes, such as reading a body that broke off: the SDK's own retries end where a body begins.
 *
 * @throws the error of our vocabulary that the last fault becomes
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
      // What the client has named, it has been patient with already.
      const pauseMs = isPassing(error) ? patience.nextPause(error) : null;
      if (pauseMs === null) throw nameFault(error, call);
      await sleep(pauseMs);
    }
}
