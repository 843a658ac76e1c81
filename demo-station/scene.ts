import { DAY_MS } from '../shared/formats/durations.ts';
import type { StreamState } from './hydrograph.ts';
import { STEP_MINUTES } from './hydrograph.ts';
import { smoothStep } from './noise.ts';
import { randomSource } from './random.ts';
import { type Sun, sunAt } from './sun.ts';

/** Everything that a photo shows besides the ground, as plain numbers that can be sent to a worker. Shares are 0–1. */
export type Scene = {
  /** Milliseconds since 1970. */
  time: number;
  flowCfs: number;
  temperatureC: number;
  /** Height of the water above the bed, meters; what it was when higher within the last day wets the ground. */
  stage: number;
  wetStage: number;
  /** Share of suspended earth: clear water 0, a flood's brown 1. */
  turbidity: number;
  /** How fast and rough the water runs. */
  speed: number;
  ice: number;
  sun: Sun;
  /** Strength of direct and of scattered light; full sun is 1. */
  sunLight: number;
  skyLight: number;
  /** The camera's own lamp: a gray photo in the dark. */
  infrared: boolean;
  rain: number;
  snowfall: number;
  snowCover: number;
  fog: number;
  greenness: number;
  autumn: number;
  /** Light that the camera takes in, relative to the right amount. */
  exposure: number;
  /** Pixels by which the camera has moved. */
  shiftX: number;
  shiftY: number;
  /** Seed of ripples, grain and rain drops. */
  seed: number;
};

/**
 * Stage of the stream at a flow: a rating curve of the usual form Q = C·(h − h₀)^b with b = 4 (a wide, rough channel).
 *
 * @param flowCfs cubic feet per second
 * @returns meters above the bed
 */
export const stageAt = (flowCfs: number): number => 0.33 * flowCfs ** 0.25 - 0.255;

/** Share of the most mud that the water can carry, 0–1: more of it the higher the flow, and the faster it rises. */
export const turbidityAt = (logFlow: number, rise: number): number =>
  Math.max(0.04, Math.min(1, 0.92 * smoothStep(0.35, 1.75, logFlow) + 0.7 * Math.max(0, rise)));

/** What a camera sees at a time between two steps of the stream's states. */
export function sceneAt(
  states: readonly StreamState[],
  time: number,
  seed: number,
  stageOf: (flowCfs: number) => number = stageAt,
): Scene {
  const random = randomSource(seed);
  const position = (time - (states[0] as StreamState).time) / (STEP_MINUTES * 60_000);
  const before = states[Math.floor(position)] as StreamState;
  const after = states[Math.min(states.length - 1, Math.floor(position) + 1)] as StreamState;
  const share = position - Math.floor(position);
  const flowCfs = before.flowCfs * (1 - share) + after.flowCfs * share;
  const lastDay = states.slice(Math.max(0, Math.floor(position) - 24), Math.floor(position) + 1);
  const highestCfs = lastDay.reduce((most, state) => Math.max(most, state.flowCfs), flowCfs);

  const sun = sunAt(time);
  const infrared = sun.z < -0.06;
  const daylight = smoothStep(-0.1, 0.35, sun.z);
  const fog = random.chance(before.rainMmPerHour > 0 ? 0.3 : 0.04) ? random.uniform(0.15, 0.6) : 0;
  const overcast = smoothStep(0.35, 0.8, before.cloud + fog * 0.5);
  const logFlow = Math.log10(flowCfs);
  const date = new Date(time);
  const day = (time - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS;
  return {
    time,
    flowCfs,
    temperatureC: before.temperatureC,
    stage: stageOf(flowCfs),
    wetStage: stageOf(highestCfs),
    turbidity: turbidityAt(logFlow, before.rise),
    speed: Math.max(0, Math.min(1, (logFlow + 0.1) / 2.1)),
    ice: before.ice,
    sun,
    sunLight: infrared ? 0 : daylight * (1 - 0.93 * overcast) * smoothStep(0.02, 0.3, sun.z),
    skyLight: infrared ? 0 : 0.03 + daylight * (0.3 + 0.25 * overcast),
    infrared,
    rain: before.rainMmPerHour > 0.3 ? Math.min(1, before.rainMmPerHour / 5) : 0,
    snowfall: before.snowfallMmPerHour > 0.2 ? Math.min(1, before.snowfallMmPerHour / 2) : 0,
    snowCover: smoothStep(0.5, 14, before.snowMm),
    fog,
    greenness: smoothStep(112, 150, day) - 0.9 * smoothStep(272, 305, day),
    autumn: smoothStep(262, 288, day) * (1 - 0.65 * smoothStep(305, 345, day)),
    exposure: Math.exp(random.normal(0.13)),
    shiftX: random.normal(3),
    shiftY: random.normal(2.2),
    seed,
  };
}
