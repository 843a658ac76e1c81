/** Refusals within this time count as one. */
const SECOND_MS = 1_000;
const SLOWER = 0.8;
/** Requests per second that are added every second. */
const FASTER = 5;
const SLOWEST = 5;
/** After a minute without a refusal, the service is assumed to have scaled up. */
const FORGET_MS = 60_000;

/**
 * Requests per second that a service accepts: unlimited until it refuses some, then fewer than it has answered, then a few more
 * every second until it refuses again (additive increase, multiplicative decrease). S3 raises the limit of a prefix with its use,
 * but does not publish it.
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
