import { DAY_MS, HOUR_MS } from '../shared/formats/durations.ts';
import type { StreamState } from './hydrograph.ts';
import { STEP_MINUTES } from './hydrograph.ts';
import { randomSource } from './random.ts';
import { type Scene, sceneAt, stageAt } from './scene.ts';
import type { Camera } from './view.ts';

export const STATION_NAME = 'Mill Brook';
/** The cameras' clocks stay on standard time. */
export const CAMERA_UTC_OFFSET_HOURS = -5;

/** What is wrong with a photo's file. */
export type Defect = 'truncated' | 'empty' | 'text';

/** A photo that was taken, and what the website knows about it. Plain values: it is sent to the workers that draw. */
export type Photograph = {
  /** `images.id`. */
  id: number;
  /** Position of its imageset in `imagesets`. */
  imageset: number;
  /** As the camera's card names it; the third imageset's lie in a sub-folder. */
  filename: string;
  scene: Scene;
  /** Failed while it was processed on upload: no time, no size, no annotations. */
  failed: boolean;
  /** A wader in front of the camera: nobody but the station's owner may see this photo. */
  person: boolean;
  /** A camera whose night filter is stuck takes gray photos by day. */
  gray: boolean;
  defect: Defect | undefined;
  /** What is between the scene and the file, at stations of the family (family.ts). */
  effects?: Effects;
};

/** What a camera, its lens and the flood do to a photo; shares are 0–1. */
export type Effects = {
  /** Pixels. */
  width: number;
  height: number;
  /** Gain of red, green and blue. */
  cast: readonly [red: number, green: number, blue: number];
  /** Of the lens: dried dirt, which stays where it is, and drops, which do not. */
  dirt: number;
  drops: number;
  /** Light that the low sun scatters in the lens. */
  glare: number;
  /** How far muddy water stands before the lens. */
  flood: number;
  /** A trunk that a storm has left across the stream. */
  trunk: boolean;
  /** Depth of the snow at a stake, meters; null: there is no stake. */
  stakeSnow: number | null;
};

export type Imageset = { uuid: string; camera: Camera; folder: string; description: string };

export type Photographs = { imagesets: Imageset[]; photographs: Photograph[] };

/** Local hours of the camera's clock at which photos are taken, by day and in the dark. */
const DAY_HOURS = [7, 9, 11, 13, 15, 17];
const DARK_HOURS = [21, 4];
/** Days without photos between two imagesets, while the camera was not at the station. */
const PAUSE_DAYS = 3;
/** People hang each camera up by hand, so that its view differs a little from the one before. */
const CAMERAS: readonly Camera[] = [
  { x: 0.9, height: 2.6, yaw: -1, pitch: 21, fieldOfView: 54 },
  { x: 1.05, height: 2.52, yaw: -3, pitch: 20.4, fieldOfView: 54 },
  { x: 0.82, height: 2.66, yaw: 0.5, pitch: 21.8, fieldOfView: 54 },
];
const DESCRIPTIONS = ['winter and spring', 'summer, camera moved after flood', 'autumn and winter'];

/** When and with which cameras photos are taken. Each camera hangs for an equal share of the days. */
export type PhotographPlan = {
  cameras: readonly { camera: Camera; description: string }[];
  dayHours: readonly number[];
  /** Photos are taken on every so many days. */
  everyDays: number;
  stageOf: (flowCfs: number) => number;
};
export const DEMO_PLAN: PhotographPlan = {
  cameras: CAMERAS.map((camera, index) => ({ camera, description: DESCRIPTIONS[index] as string })),
  dayHours: DAY_HOURS,
  everyDays: 1,
  stageOf: stageAt,
};

/**
 * Decides when photos are taken and what is wrong with some of them: two to four a day, three of four by day, in three
 * imagesets. The same seed gives the same photos.
 */
export function planPhotographs(
  states: readonly StreamState[],
  seed: number,
  { cameras, dayHours, everyDays, stageOf }: PhotographPlan = DEMO_PLAN,
): Photographs {
  const random = randomSource(seed + 301);
  const imagesets = cameras.map(({ camera, description }, index) => ({
    uuid: random.uuid(),
    camera,
    folder: index === 2 ? '100MEDIA/' : '',
    description,
  }));
  const start = (states[0] as StreamState).time;
  const days = (states.length * STEP_MINUTES * 60_000) / DAY_MS;
  const perImageset = days / imagesets.length;
  const photographs: Photograph[] = [];
  for (let day = 0; day < days; day += everyDays) {
    const imageset = Math.floor(day / perImageset);
    if (imageset > 0 && day - imageset * perImageset < Math.min(PAUSE_DAYS, perImageset / 8)) continue;
    for (const minutes of timesOfDay(random, dayHours)) {
      const time = start + day * DAY_MS + minutes * 60_000;
      const scene = sceneAt(states, time, seed + 1000 + photographs.length * 17, stageOf);
      photographs.push({
        id: 0,
        imageset,
        filename: '',
        scene: random.chance(0.02) ? overExposed(scene) : scene,
        failed: false,
        person: !scene.infrared && random.chance(0.007),
        gray: !scene.infrared && random.chance(0.015),
        defect: undefined,
      });
    }
  }
  nameFiles(photographs, imagesets);
  spoilSome(photographs, random);
  numberImages(photographs, imagesets.length);
  return { imagesets, photographs };
}

/** Minutes after midnight, in order: on the hour, or a quarter later when the camera woke up late. */
function timesOfDay(random: ReturnType<typeof randomSource>, dayHours: readonly number[]): number[] {
  const byDay = random.shuffle(dayHours).slice(0, 2 + random.integer(2));
  const inTheDark = random.chance(0.85) ? [random.pick(DARK_HOURS)] : [];
  return [...byDay, ...inTheDark]
    .toSorted((a, b) => a - b)
    .map((hour) => hour * 60 + 15 * random.integer(4) * Number(random.chance(0.3)));
}

const overExposed = (scene: Scene): Scene => ({ ...scene, exposure: scene.exposure * 3.4 });

/** `Mill Brook__2022-02-01__07-00-00(1).JPG`: the number in brackets counts the camera's card's photos of a day. */
function nameFiles(photographs: Photograph[], imagesets: readonly Imageset[]): void {
  let today = '';
  let count = 0;
  for (const photograph of photographs) {
    const [date, clock] = cameraClock(photograph.scene.time).split(' ') as [string, string];
    count = date === today ? count + 1 : 1;
    today = date;
    const { folder } = imagesets[photograph.imageset] as Imageset;
    photograph.filename = `${folder}${STATION_NAME}__${date}__${clock.replaceAll(':', '-')}(${count}).JPG`;
  }
}

/** Broken files and failed uploads: a few in each year, spread evenly. */
function spoilSome(photographs: Photograph[], random: ReturnType<typeof randomSource>): void {
  const defects: Defect[] = ['truncated', 'truncated', 'truncated', 'empty', 'empty', 'text'];
  const spoiled = random.shuffle(photographs).slice(0, Math.max(3, Math.round(photographs.length * 0.009)));
  spoiled.forEach((photograph, index) => {
    if (index % 2 === 0) photograph.defect = defects[(index / 2) % defects.length];
    else photograph.failed = true;
  });
}

/** Ids in the order of upload: the second imageset was uploaded first, and photos of other stations in between. */
function numberImages(photographs: Photograph[], imagesets: number): void {
  let id = 48_211;
  const order = Array.from({ length: imagesets }, (_, index) => index).toSorted(
    (one, other) => Number(other === 1) - Number(one === 1),
  );
  for (const imageset of order) {
    for (const photograph of photographs) if (photograph.imageset === imageset) photograph.id = id++;
    id += 1371;
  }
}

/** `2022-02-01 07:00:00` as the camera's clock shows it. */
export const cameraClock = (time: number): string =>
  new Date(time + CAMERA_UTC_OFFSET_HOURS * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ');
