/** A refusal says little that those of the same moment have not said. */
const SECOND_MS = 1_000;
const SLOWER = 0.8;
/** Requests a second that are added in each second. */
const FASTER = 5;
const SLOWEST = 5;
/** After a minute without a refusal the service is taken to have grown. */
const FORGET_MS = 60_000;

/**
 * Requests a second that a service takes: as many as there are until it refuses some, then less than it has answered, and a
 * little more each second until it refuses again (additive increase, multiplicative decrease). S3 allows more to a prefix
 * as it is used, and tells nobody how much.
 */
export class Pace {
  #perSecond = Number.POSITIVE_INFINITY;
  #nextAtMs = 0;
  #slowedAtMs = Number.NEGATIVE_INFINITY;
  #windowAtMs = 0;
  #answers = 0;
  #answersPerSecond = 0;

  /** Takes the next turn. @returns milliseconds until it comes */
  turnMs(nowMs: number): number {
    if (nowMs - this.#slowedAtMs > FORGET_MS) this.#perSecond = Number.POSITIVE_INFINITY;
    const atMs = Math.max(nowMs, this.#nextAtMs);
    this.#nextAtMs = atMs + SECOND_MS / this.#perSecond;
    return atMs - nowMs;
  }

  answered(nowMs: number): void {
    const windowMs = nowMs - this.#windowAtMs;
    if (windowMs >= SECOND_MS) {
      this.#answersPerSecond = (this.#answers * SECOND_MS) / windowMs;
      this.#windowAtMs = nowMs;
      this.#answers = 0;
    }
    this.#answers += 1;
    if (Number.isFinite(this.#perSecond)) this.#perSecond += FASTER / this.#perSecond;
  }

  refused(nowMs: number): void {
    if (nowMs - this.#slowedAtMs < SECOND_MS) return;
    this.#slowedAtMs = nowMs;
    const windowMs = nowMs - this.#windowAtMs;
    const lately = windowMs > 0 ? (this.#answers * SECOND_MS) / windowMs : 0;
    const answered = Math.max(lately, this.#answersPerSecond);
    this.#perSecond = Math.max(SLOWEST, SLOWER * Math.min(this.#perSecond, answered || SLOWEST));
  }
}
