import { decideFault } from './service-faults.ts';

/**
 * Clocks normally differ by less; services refuse requests signed five minutes ago, S3 after fifteen (SigV4, "Date and time").
 */
const SKEWED_MS = 240_000;
/** Also for servers that do not date their answers. */
const OF_CLOCK = /^Request(TimeTooSkewed|Expired|InTheFuture)$/;

type Headers = { [name: string]: string | undefined };
/** Closest to the network, where the request is already signed. */
export type WireMiddleware = (
  next: (args: { request: { headers: Headers } }) => Promise<{ response: object }>,
) => (args: { request: { headers: Headers } }) => Promise<{ response: object }>;

/** Answers → `x-amz-date` of their requests. */
const signedAt = new WeakMap<object, string>();

/** Remembers when the request of each answer was signed, because an answer to HEAD cannot say why it refuses. */
export const noteSigningTime: WireMiddleware = (next) => async (args) => {
  const answered = await next(args);
  const time = args.request.headers['x-amz-date'];
  if (time !== undefined) signedAt.set(answered.response, time);
  return answered;
};

/**
 * Whether a request was refused because of its signature's time: one of the two clocks was set while it was under way, or it
 * waited long for its turn. The SDK has set its clock by the answer, so the next signature has the right time.
 */
export function isOfClock(error: unknown): boolean {
  if (decideFault(error) !== 'AccessDenied') return false;
  const { name = '', $response } = error as { name?: string; $response?: { headers: Headers } };
  if (OF_CLOCK.test(name)) return true;
  if (!$response) return false;
  const skewMs = Date.parse($response.headers.date ?? '') - parseTime(signedAt.get($response) ?? '');
  return Math.abs(skewMs) >= SKEWED_MS;
}

/** @param text 20261126T101500Z @returns milliseconds since 1970; NaN for anything else */
const parseTime = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5'));
