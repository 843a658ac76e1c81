/** Generates a member of the family of stations, or lists them: [NAME FOLDER [SEED]]. */
import { formatCsv } from '../shared/formats/csv.ts';
import { DAY_MS } from '../shared/formats/durations.ts';
import { annotate, isDaytime } from './annotators.ts';
import { FAMILY, type Member, phenomenaOf, turbidityOf } from './family.ts';
import { SEED, START } from './generate.ts';
import { STEP_MINUTES, type StreamState, simulateStream } from './hydrograph.ts';
import { observeFlow } from './observations.ts';
import { type Effects, type Photograph, planPhotographs } from './photographs.ts';
import { randomSource } from './random.ts';
import { PHOTO_HEIGHT, PHOTO_WIDTH } from './render.ts';
import { sunAt } from './sun.ts';
import { type DrawingOptions, writeStation } from './write-station.ts';

const DAYS = 730;
const ANNOTATED_DAYS = 365;
/** Changes whenever the same seed gives other files. */
const VERSION = 3;
/** Below this share of the zenith's height the sun stands less than about 9° high. */
const LOW_SUN = 0.15;
/** Says what the folder holds, once all of it is there. */
const MEMBER_FILE = 'member.json';

const NO_EFFECTS: Effects = {
  width: PHOTO_WIDTH,
  height: PHOTO_HEIGHT,
  cast: [1, 1, 1],
  dirt: 0,
  drops: 0,
  glare: 0,
  flood: 0,
  trunk: false,
  stakeSnow: null,
};

export type MemberOptions = DrawingOptions & {
  seed?: number;
  days?: number;
  /** Photos are taken on every so many days; a member's own number unless given. */
  everyDays?: number;
};

/** A member's photos with their true values, before anything is drawn. */
export function planMember({ climate, mud, plan, valueIn, ...member }: Member, options: MemberOptions) {
  const { seed = SEED, days = DAYS, everyDays = plan.everyDays } = options;
  const states = simulateStream(START, days, seed, climate);
  const { imagesets, photographs } = planPhotographs(states, seed, { ...plan, everyDays });
  const stateAt = (time: number) =>
    states[Math.floor((time - START) / (STEP_MINUTES * 60_000))] as StreamState;
  const taken = photographs.map((photograph): Photograph => {
    const { scene, imageset } = photograph;
    const moment = {
      scene,
      state: stateAt(scene.time),
      day: (scene.time - START) / DAY_MS,
      camera: imageset,
      random: randomSource(scene.seed + 9),
    };
    const turbidity = turbidityOf(moment, mud, seed);
    const seen = { ...scene, turbidity, ...member.change?.({ ...moment, scene: { ...scene, turbidity } }) };
    const effects = { ...NO_EFFECTS, ...member.effects?.({ ...moment, scene: seen }) };
    return { ...photograph, scene: seen, effects };
  });
  const trueValue = ({ scene }: Photograph) => valueIn(stateAt(scene.time), plan.stageOf);
  const isShown = (photograph: Photograph) => trueValue(photograph) >= (member.least ?? 0);
  const isUsable = (photograph: Photograph) => isReadable(photograph) && isShown(photograph);
  return { seed, days, states, imagesets, photographs: taken, trueValue, isShown, isUsable };
}

/**
 * Generates a member of the family (family.ts) as an export of FPE for `fpe import`, with truth.csv (image_id, timestamp,
 * true_value, light, usable, phenomena) and member.json beside it. The same options give the same files; what is there already
 * is left as it is.
 *
 * @throws {ExportFolderInvalid} if the folder holds anything else; Error for a name that no member has
 */
export async function generateMember(
  name: string,
  folder: string,
  options: MemberOptions = {},
): Promise<void> {
  const member = FAMILY[name];
  if (!member)
    throw new Error(`No station is called ${name}; expected any of ${Object.keys(FAMILY).join(', ')}`);
  const planned = planMember(member, options);
  const { seed, days, states, imagesets, photographs, trueValue, isShown } = planned;
  const { amountOf, annotators, observed, plan, valueIn } = member;
  const end = START + Math.min(ANNOTATED_DAYS, days) * DAY_MS;
  const complete = `${JSON.stringify({
    name,
    version: VERSION,
    seed,
    variable: observed.variable,
    annotation_period: [new Date(START).toISOString(), new Date(end).toISOString()],
    photos: photographs.length,
    about: member.about,
  })}\n`;
  const unfinished = `${JSON.stringify({ name, unfinished: true })}\n`;
  const station = () => ({
    imagesets,
    photographs,
    observed,
    truth: truth(planned),
    datasets: observeFlow(states, seed, (state) => valueIn(state, plan.stageOf)),
    sessions: annotate(
      photographs.filter((each) => each.scene.time < end && isShown(each)),
      seed,
      {
        amountOf: (photograph) => amountOf(trueValue(photograph)),
        ...(annotators && { annotators }),
      },
    ),
  });
  const stamp = { name: MEMBER_FILE, complete, unfinished };
  await writeStation(folder, { seed, stamp, plan: station }, options);
}

const truth = ({ photographs, trueValue, isUsable }: ReturnType<typeof planMember>): string =>
  formatCsv(
    ['image_id', 'timestamp', 'filename', 'true_value', 'light', 'usable', 'phenomena'],
    photographs.map((photograph) => ({
      image_id: photograph.id,
      timestamp: new Date(photograph.scene.time).toISOString(),
      filename: photograph.filename,
      true_value: Math.round(trueValue(photograph) * 10_000) / 10_000,
      light: lightOf(photograph),
      usable: isUsable(photograph),
      phenomena: phenomenaOf(photograph).join(' '),
    })),
  );

/** By day, readable, and not left out by the website. */
const isReadable = ({ scene, failed, person, defect }: Photograph): boolean =>
  isDaytime(scene.time) && !failed && !person && defect === undefined;

function lightOf({ scene, gray }: Photograph): string {
  if (scene.exposure > 2) return 'over-exposed';
  if (gray) return 'gray';
  return sunAt(scene.time).z < LOW_SUN ? 'low' : 'day';
}

function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}

if (import.meta.main) {
  const [name, folder, seed] = process.argv.slice(2);
  if (name && !Object.hasOwn(FAMILY, name))
    refuse(`No station is called ${name}. Expected: any of ${Object.keys(FAMILY).join(', ')}.`);
  if (seed && !/^\d{1,9}$/.test(seed)) refuse(`${seed} is no seed. Expected: a whole number.`);
  if (name && folder)
    await generateMember(name, folder, {
      ...(seed && { seed: Number(seed) }),
      onProgress: (done, total) => {
        if (done % 100 === 0 || done === total) console.log(`${done} of ${total} photos`);
      },
    });
  else {
    console.log('Usage: node demo-station/generate-member.ts NAME FOLDER [SEED]\n\nNames:');
    for (const [each, { about }] of Object.entries(FAMILY)) console.log(`  ${each.padEnd(10)} ${about}`);
    if (process.argv.length > 2) process.exitCode = 2;
  }
}
