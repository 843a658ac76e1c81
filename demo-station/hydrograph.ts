import { DAY_MS, HOUR_MS } from '../shared/formats/durations.ts';
import { randomSource } from './random.ts';

/** Time step of weather and flow. */
export const STEP_MINUTES = 30;
const STEPS_PER_DAY = 1440 / STEP_MINUTES;
/** Steps before the first one that is kept, so that soil and snow do not start from nothing. */
const WARM_UP_DAYS = 60;
const CATCHMENT_CFS_PER_MM_HOUR = 100;
const QUICK_RECESSION_HOURS = 36;
const SLOW_RECESSION_HOURS = 12 * 24;

/** Weather and flow at one time; a step describes the half hour that begins there. */
export type StreamState = {
  /** Milliseconds since 1970. */
  time: number;
  flowCfs: number;
  /** Change of log10(flow) over the last six hours; positive on the rising limb. */
  rise: number;
  temperatureC: number;
  rainMmPerHour: number;
  snowfallMmPerHour: number;
  /** Water equivalent of the snow on the ground. */
  snowMm: number;
  /** Share of the water's surface under ice, 0–1. */
  ice: number;
  /** Share of the sky under cloud, 0–1. */
  cloud: number;
};

/** How a climate and a catchment differ from the demo's: in degrees, and in times as long or as much. */
export type Climate = { warmerC: number; recession: number; rain: number };
const DEMO_CLIMATE: Climate = { warmerC: 0, recession: 1, rain: 1 };

/**
 * A year or so of weather and of the flow of a small stream: storms that rise within hours and recede exponentially,
 * a base flow that follows the wetness of the soil, snow that waits for the thaw, and the daily swing of transpiration.
 *
 * @param start milliseconds since 1970, midnight of the station's winter
 */
export function simulateStream(
  start: number,
  days: number,
  seed: number,
  { warmerC, recession, rain }: Climate = DEMO_CLIMATE,
): StreamState[] {
  const random = randomSource(seed);
  const steps = (days + WARM_UP_DAYS) * STEPS_PER_DAY;
  const first = start - WARM_UP_DAYS * DAY_MS;
  const precipitation = storms(steps, seed + 1);
  const hours = STEP_MINUTES / 60;

  let weather = 0;
  let frostC = 5;
  let snowMm = 0;
  let soilMm = 60;
  let quickMm = 0;
  let cloud = 0.5;
  const states: StreamState[] = [];
  const logFlows: number[] = [];
  for (let step = 0; step < steps; step++) {
    const time = first + step * STEP_MINUTES * 60_000;
    const season = Math.cos((2 * Math.PI * (dayOfYear(time) - 22)) / 365);
    const hour = (time % DAY_MS) / HOUR_MS - 5;
    const dailySwing = Math.cos((2 * Math.PI * (hour - 15)) / 24);
    weather = weather * 0.993 + random.normal(0.55);
    const falling = (precipitation[step] as number) * rain;
    const clouded = falling > 0 ? 1 : 0.5 + 0.5 * Math.sin(weather * 0.9 + step / 130);
    cloud += (clouded - cloud) * 0.12;
    const temperatureC = 9.5 - 12.5 * season + weather + (5 - 3 * cloud) * dailySwing + warmerC;

    const isSnow = temperatureC < 0.8;
    const melt = Math.min(snowMm, Math.max(0, temperatureC - 0.5) * 0.16 * hours);
    snowMm += (isSnow ? falling * hours : 0) - melt;
    const water = (isSnow ? 0 : falling * hours) + melt;

    // The wetter the soil, the more of the rain runs off at once.
    const wetness = Math.min(1, soilMm / 130);
    const runoff = water * (0.06 + 0.6 * wetness ** 2);
    const transpiration = Math.max(0, temperatureC) * 0.0065 * hours * (1 + 0.8 * dailySwing);
    quickMm += runoff;
    soilMm = Math.max(4, soilMm + water - runoff - transpiration * wetness ** 0.5);
    const quick = (quickMm * hours) / (QUICK_RECESSION_HOURS * recession);
    const slow = (soilMm * wetness ** 1.6 * hours) / SLOW_RECESSION_HOURS;
    quickMm -= quick;
    soilMm -= slow;
    const swing = 1 - 0.05 * Math.max(0, -season) * dailySwing;
    const flowCfs = ((quick + slow) / hours) * CATCHMENT_CFS_PER_MM_HOUR * swing + 0.5;

    frostC = frostC * 0.994 + temperatureC * 0.006;
    const logFlow = Math.log10(flowCfs);
    logFlows.push(logFlow);
    const earlier = logFlows[Math.max(0, step - 12)] as number;
    states.push({
      time,
      flowCfs,
      rise: logFlow - earlier,
      temperatureC,
      rainMmPerHour: isSnow ? 0 : falling,
      snowfallMmPerHour: isSnow ? falling : 0,
      snowMm,
      ice: Math.min(1, Math.max(0, (-frostC - 4.5) / 5)) * Math.min(1, 30 / flowCfs),
      cloud,
    });
  }
  return states.slice(WARM_UP_DAYS * STEPS_PER_DAY);
}

/** Precipitation in mm per hour of each step: storms come at random and last from hours to a day. */
function storms(steps: number, seed: number): Float64Array {
  const random = randomSource(seed);
  const rain = new Float64Array(steps);
  for (let step = 0; step < steps; ) {
    step += Math.ceil(-Math.log(1 - random.uniform()) * 3.6 * STEPS_PER_DAY);
    const duration = Math.round(random.uniform(6, 50));
    const totalMm = -Math.log(1 - random.uniform()) * 15;
    const peak = random.uniform(0.2, 0.6);
    for (let n = 0; n < duration && step + n < steps; n++) {
      const at = (n + 0.5) / duration;
      const shape = at < peak ? at / peak : (1 - at) / (1 - peak);
      rain[step + n] = (rain[step + n] as number) + (totalMm * 2 * shape * (60 / STEP_MINUTES)) / duration;
    }
  }
  return rain;
}

function dayOfYear(time: number): number {
  return (time - Date.UTC(new Date(time).getUTCFullYear(), 0, 1)) / DAY_MS;
}
