import { DAY_MS } from '../shared/formats/durations.ts';
import type { AnnotationPlan } from './annotators.ts';
import type { Observed } from './export-folder.ts';
import type { Climate, StreamState } from './hydrograph.ts';
import { DEMO_PLAN, type Effects, type Photograph, type PhotographPlan } from './photographs.ts';
import { type Random, randomSource } from './random.ts';
import { type Scene, stageAt, turbidityAt } from './scene.ts';
import type { Valley } from './terrain.ts';
import type { Camera } from './view.ts';

/** A photo of a member of the family, before its effects are decided. */
export type Moment = {
  scene: Scene;
  state: StreamState;
  /** Days since the first photo. */
  day: number;
  /** Position of its camera in the plan. */
  camera: number;
  random: Random;
};

/**
 * A station to judge models by: the demo's brook, changed in the ways that are named. Two years of photos, of which annotators
 * saw the first: what a model knows of the second it has learned from the first.
 */
export type Member = {
  about: string;
  observed: Observed;
  /** What is measured and ordered, in units of `observed.variable`. */
  valueIn: (state: StreamState, stageOf: (flowCfs: number) => number) => number;
  /** A number that varies with the value as log10 of a flow does: what annotators' deviations are about. */
  amountOf: (value: number) => number;
  /** Photos of less are neither compared nor ordered: nothing is there to see. */
  least?: number;
  climate: Climate;
  /** How far the water's color is from that of the flow: standard deviation of the log10 of the flow that it looks like. */
  mud: number;
  plan: PhotographPlan;
  annotators?: AnnotationPlan['annotators'];
  change?: (moment: Moment) => Partial<Scene>;
  effects?: (moment: Moment) => Partial<Effects>;
};

const TEMPERATE: Climate = { warmerC: 0, recession: 1, rain: 1 };
const FEET = 3.2808;
const SPELL_DAYS = 6;
const LOOKING_UPSTREAM: Camera = { x: 0.9, height: 2.6, yaw: -1, pitch: 21, fieldOfView: 54 };
const HANGING = [
  { camera: LOOKING_UPSTREAM, description: 'first year' },
  { camera: { ...LOOKING_UPSTREAM, x: 0.96, yaw: -1.6 }, description: 'second year, hung up again' },
];
const PLAN: PhotographPlan = {
  cameras: HANGING,
  dayHours: [7, 9, 11, 13, 15, 17],
  everyDays: 2,
  stageOf: stageAt,
};

/** The same brook with other banks: two cameras of one valley. */
const inValley = (valley: Valley, cameras: PhotographPlan['cameras'] = HANGING) =>
  cameras.map(({ camera, description }) => ({ camera: { ...camera, valley }, description }));

const FLOW = {
  observed: { variable: 'FLOW_CFS', annotated: 'FLOW', waterbody: 'ST' },
  valueIn: ({ flowCfs }: StreamState) => flowCfs,
  amountOf: Math.log10,
  climate: TEMPERATE,
  mud: 0.7,
  plan: PLAN,
} satisfies Partial<Member>;

/**
 * The color of the water, which must not tell the flow by itself: what there is to carry depends on what earlier floods have left,
 * and a thaw runs clearer than a thunderstorm, so that the same flow carries more or less mud (Williams 1989,
 * doi:10.1016/0022-1694(89)90254-0). It changes with each spell of weather.
 */
export function turbidityOf({ scene, state, day }: Moment, mud: number, seed: number): number {
  const spell = randomSource(seed + 6001 + Math.floor(day / SPELL_DAYS));
  return turbidityAt(Math.log10(scene.flowCfs) + spell.normal(mud), state.rise);
}

/** 0 up to `from`, 1 from `to` on. */
const ramp = (from: number, to: number, value: number): number =>
  Math.max(0, Math.min(1, (value - from) / (to - from)));

/** Seasonal snow settles to about 300 kg/m³ (Sturm et al. 2010, doi:10.1175/2010JHM1202.1). */
const SNOW_DENSITY = 0.3;
/** Nobody reads more from a stake than its length (lens.ts draws it). */
const STAKE_METERS = 2;
/** At the stake. Wind takes snow from it and brings it, by a factor of two to three (Pomeroy and Gray 1995, Snowcover). */
function snowMeters({ snowMm, time }: StreamState): number {
  const drift = randomSource(7001 + Math.floor(time / (SPELL_DAYS * DAY_MS))).normal(0.4);
  return Math.min(STAKE_METERS, (10 ** drift * snowMm) / 1000 / SNOW_DENSITY);
}

/** Scattered by a lens that looks toward the low sun; strongest just above the horizon, and none behind clouds. */
const glareOf = ({ scene }: Moment): number =>
  scene.sunLight < 0.1 ? 0 : ramp(0.6, 0.05, scene.sun.z) * Math.min(1, 1.6 * scene.sunLight);

export const FAMILY: Record<string, Member> = {
  brook: {
    ...FLOW,
    about: 'the demo station over two years; its camera is moved after eight months and again after sixteen',
    mud: 0,
    plan: DEMO_PLAN,
  },
  moved: {
    ...FLOW,
    about:
      'the brook; the camera is moved aside and closer in the first year, and hung up lower and turned in the second',
    plan: {
      ...PLAN,
      cameras: [
        { camera: LOOKING_UPSTREAM, description: 'winter and spring' },
        {
          camera: { ...LOOKING_UPSTREAM, x: 1.25, yaw: -5, pitch: 23 },
          description: 'moved after a flood',
        },
        {
          camera: { ...LOOKING_UPSTREAM, x: 0.5, height: 2.2, yaw: 5, pitch: 17 },
          description: 'hung up lower',
        },
      ],
    },
  },
  replaced: {
    ...FLOW,
    about:
      'a wide, slow river; the camera is replaced after a year, by one of 5 megapixels with a wider lens and bluish colors',
    climate: { ...TEMPERATE, recession: 3 },
    plan: {
      ...PLAN,
      cameras: inValley({ width: 1.7, bank: 1.2, rocks: 0.6 }, [
        { camera: { ...LOOKING_UPSTREAM, height: 3.1 }, description: 'first camera' },
        { camera: { ...LOOKING_UPSTREAM, height: 3.1, fieldOfView: 68 }, description: 'second camera' },
      ]),
    },
    effects: ({ camera }) =>
      camera === 0
        ? { width: 1280, height: 960, cast: [1.06, 1, 0.9] }
        : { width: 2592, height: 1944, cast: [0.92, 0.98, 1.12] },
  },
  flashy: {
    ...FLOW,
    about:
      'a narrow, steep creek that rises fast; its floods stand before the lens until they fill the frame, and drops stay on it',
    climate: { warmerC: 1, recession: 0.35, rain: 1.3 },
    plan: {
      ...PLAN,
      // The same water stands higher in a narrower channel (Leopold and Maddock 1953, USGS PP 252).
      stageOf: (flowCfs) => 1.35 * stageAt(flowCfs),
      cameras: inValley({ width: 0.65, bank: 1.3, rocks: 1.4 }),
    },
    effects: ({ scene, random }) => ({
      flood: ramp(0.62, 1.05, scene.stage) * random.uniform(0.85, 1),
      drops: scene.rain > 0 ? random.uniform(0.2, 1) : 0,
    }),
  },
  overgrown: {
    ...FLOW,
    about: 'the brook; leaves of a near tree grow into the view, more of them each year, and fall late',
    change: ({ scene, day }) => ({
      greenness: scene.greenness + 0.3 * ramp(90, 700, day),
      autumn: scene.autumn * (1 + 0.3 * ramp(0, 365, day)),
    }),
  },
  dirty: {
    ...FLOW,
    about:
      'the brook with much fog; dirt dries on the lens from the first autumn on, is wiped off after a year, and comes again',
    change: ({ scene, random }) => ({ fog: random.chance(0.12) ? random.uniform(0.2, 0.8) : scene.fog }),
    effects: ({ day, scene, random }) => ({
      dirt: day < 365 ? ramp(180, 360, day) : ramp(420, 720, day),
      drops: scene.rain > 0 ? random.uniform(0, 0.7) : 0,
    }),
  },
  frozen: {
    ...FLOW,
    about: 'a brook of the north: snow and ice for months, and the sun low',
    climate: { warmerC: -4.5, recession: 1.5, rain: 1 },
  },
  storm: {
    ...FLOW,
    about:
      'the brook; a storm in the first month of the second year moves rocks and bank, and leaves a trunk across the stream',
    plan: {
      ...PLAN,
      cameras: [
        { camera: LOOKING_UPSTREAM, description: 'before the storm' },
        {
          camera: {
            ...LOOKING_UPSTREAM,
            pitch: 20.2,
            groundSeed: 977,
            valley: { width: 1.12, bank: 0.9, rocks: 1.2 },
          },
          description: 'after the storm',
        },
      ],
    },
    effects: ({ camera }) => ({ trunk: camera === 1 }),
  },
  glaring: {
    ...FLOW,
    about:
      'the brook from the other side of the valley: low sun in the lens, photos from the first to the last light, and over-exposed ones',
    plan: { ...PLAN, dayHours: [7, 8, 12, 16, 17, 18] },
    change: ({ scene, random }) => ({
      exposure: random.chance(0.08) ? scene.exposure * 3 : scene.exposure * (scene.sun.z < 0.15 ? 0.7 : 1),
    }),
    effects: (moment) => ({ glare: glareOf(moment) * moment.random.uniform(0.4, 1) }),
  },
  novices: {
    ...FLOW,
    about:
      'the brook, compared by people who are new to it: they see less, prefer one side, call much the same, tire, and contradict each other',
    annotators: {
      anna: { deviation: 0.12, threshold: 0.05, slips: 0.03, bias: 0.03, fatigue: 2 },
      ben: { deviation: 0.2, threshold: 0.1, slips: 0.05, bias: -0.05, fatigue: 3 },
      chris: { deviation: 0.25, threshold: 0.02, slips: 0.1, bias: 0, fatigue: 4 },
      dana: { deviation: 0.1, threshold: 0.15, slips: 0.02, bias: 0.02, fatigue: 1 },
    },
  },
  lake: {
    ...FLOW,
    about: 'a pond with a weir: its level in feet, which rises and falls for weeks; still water, no rapids',
    observed: { variable: 'STAGE_FT', annotated: 'STAGE', waterbody: 'LK' },
    valueIn: ({ flowCfs }, stageOf) => FEET * stageOf(flowCfs),
    amountOf: (feet) => 1.1 * feet,
    climate: { ...TEMPERATE, recession: 5 },
    plan: {
      ...PLAN,
      stageOf: (flowCfs) => 0.1 + 0.9 * stageAt(flowCfs),
      cameras: inValley({ width: 1.5, bank: 0.8, rocks: 0.5 }),
    },
    change: () => ({ speed: 0.02, turbidity: 0.12 }),
  },
  snow: {
    ...FLOW,
    about: 'a stake in the snow beside a brook of the north: the depth of the snow in feet, while it lies',
    observed: { variable: 'SNOW_FT', annotated: 'SNOW', waterbody: 'ST' },
    valueIn: (state) => FEET * snowMeters(state),
    amountOf: (feet) => Math.log10(0.15 + feet),
    least: 0.05,
    climate: { warmerC: -1.5, recession: 1, rain: 1 },
    effects: ({ state }) => ({ stakeSnow: snowMeters(state) }),
  },
};

/** Names of what is special in a photo, for truth.csv. */
export function phenomenaOf({ scene, effects, gray, defect }: Photograph): string[] {
  const seen: Record<string, boolean> = {
    ice: scene.ice > 0.2,
    snow: scene.snowCover > 0.5,
    fog: scene.fog > 0.15,
    rain: scene.rain > 0,
    'leaf-fall': scene.autumn > 0.5,
    overgrown: scene.greenness > 1.05,
    'over-exposed': scene.exposure > 2,
    gray,
    dirt: (effects?.dirt ?? 0) > 0.2,
    drops: (effects?.drops ?? 0) > 0.1,
    glare: (effects?.glare ?? 0) > 0.2,
    flood: (effects?.flood ?? 0) > 0.1,
    trunk: effects?.trunk === true,
    broken: defect !== undefined,
  };
  return Object.keys(seen).filter((name) => seen[name]);
}
