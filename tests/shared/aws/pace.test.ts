import { expect, test } from '@jest/globals';
import { Pace } from '../../../shared/aws/pace.ts';

type Limits = { perSecond: number; latencyMs: number; inFlight: number; requests: number };

/**
 * Requests against a service that refuses those above its rate, on a clock of its own: each is asked again half a second to a second
 * after it was refused, as the client does.
 */
function simulate({ perSecond, latencyMs, inFlight, requests }: Limits) {
  const pace = new Pace();
  let tokens = perSecond;
  let countedAtMs = 0;
  let refused = 0;
  let answered = 0;
  let nowMs = 0;
  /** When each request in flight arrives at the service. */
  const arrivals: number[] = [];
  const send = (fromMs: number) => {
    arrivals.push(fromMs + pace.turnMs(fromMs) + latencyMs);
    arrivals.sort((one, other) => one - other);
  };
  for (let sent = 0; sent < inFlight; sent++) send(0);
  let left = requests - inFlight;
  while (answered < requests) {
    nowMs = arrivals.shift() as number;
    tokens = Math.min(perSecond, tokens + ((nowMs - countedAtMs) * perSecond) / 1000);
    countedAtMs = nowMs;
    if (tokens >= 1) {
      tokens -= 1;
      answered += 1;
      pace.answered(nowMs);
      if (left-- > 0) send(nowMs);
    } else {
      refused += 1;
      pace.refused(nowMs);
      send(nowMs + 500 + 500 * ((refused * 0.618) % 1));
    }
  }
  return { seconds: nowMs / 1000, refused };
}

test.each([
  [200, 200],
  [200, 55],
  [500, 200],
  [20, 55],
])('%i requests a second are found with %i in flight, at little loss', (perSecond, inFlight) => {
  const requests = 25 * perSecond;

  const { seconds, refused } = simulate({ perSecond, latencyMs: 150, inFlight, requests });

  expect(seconds).toBeLessThan(1.4 * 25);
  expect(refused).toBeLessThan(requests / 2);
});

test('a service that refuses nothing is asked as fast as there are requests', () => {
  const { seconds, refused } = simulate({
    perSecond: 100_000,
    latencyMs: 100,
    inFlight: 200,
    requests: 2_000,
  });

  expect(refused).toBe(0);
  expect(seconds).toBeCloseTo(1, 1);
});

test('a refusal is forgotten after a minute', () => {
  const pace = new Pace();
  for (let ms = 0; ms < 1000; ms += 50) pace.answered(ms);
  pace.refused(1_000);
  const slowed = Array.from({ length: 10 }, () => pace.turnMs(1_000));

  const later = Array.from({ length: 10 }, () => pace.turnMs(62_000));

  expect(slowed.at(-1)).toBeGreaterThan(300);
  expect(later).toEqual(Array(10).fill(0));
});

test('many refusals of one moment slow it down once', () => {
  const turns = (refusals: number) => {
    const pace = new Pace();
    for (let ms = 0; ms < 1000; ms += 10) pace.answered(ms);
    for (let refusal = 0; refusal < refusals; refusal++) pace.refused(1_000 + refusal);
    pace.turnMs(2_000);
    return pace.turnMs(2_000);
  };

  expect(turns(50)).toBe(turns(1));
});
