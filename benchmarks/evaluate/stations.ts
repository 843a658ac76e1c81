import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotate, isDaytime } from '../../demo-station/annotators.ts';
import { generateDemoStation } from '../../demo-station/generate.ts';
import { simulateStream } from '../../demo-station/hydrograph.ts';
import { planPhotographs } from '../../demo-station/photographs.ts';
import { sunAt } from '../../demo-station/sun.ts';
import { formatCsv } from '../../shared/formats/csv.ts';
import { DAY_MS } from '../../shared/formats/durations.ts';

/** Midnight at the cameras of the demo station, 1 February 2022. */
const START = Date.UTC(2022, 1, 1, 5);
const YEARS = 2;
const ANNOTATED_DAYS = 365;
/** Below this share of the zenith's height the sun stands less than about 9° high. */
const LOW_SUN = 0.15;

/** Seeds of the stations that recipes are judged by: other weather, floods, light and annotators at a like stream. */
export const STATIONS: Record<string, number> = {
  'brook-1691': 1691,
  'brook-7': 7,
  'brook-23': 23,
  'brook-42': 42,
};

/**
 * Generates a station to judge recipes by, unless it is there: the demo station over two years, of which only the first is
 * annotated. Its camera hangs in another place from day 243 and again from day 487 on.
 *
 * Writes truth.csv (image_id, timestamp, true_value, light, usable) and, last, member.json.
 */
export async function generateStation(name: string, folder: string): Promise<void> {
  if (existsSync(join(folder, 'member.json'))) return;
  const seed = STATIONS[name] as number;
  const days = YEARS * 365;
  await generateDemoStation(folder, { seed, days });
  const { photographs } = planPhotographs(simulateStream(START, days, seed), seed);
  const end = START + ANNOTATED_DAYS * DAY_MS;

  const [user] = readdirSync(join(folder, 'users')) as [string];
  const [station] = readdirSync(join(folder, 'users', user, 'stations')) as [string];
  const sessions = join(folder, 'users', user, 'stations', station, 'storage', 'annotations');
  for (const file of readdirSync(sessions)) rmSync(join(sessions, file));
  const annotated = photographs.filter(({ scene }) => scene.time < end);
  for (const { uuid, pairs } of annotate(annotated, seed))
    writeFileSync(join(sessions, `${uuid}.json`), JSON.stringify(pairs));

  const columns = ['image_id', 'timestamp', 'true_value', 'light', 'usable'] as const;
  const rows = photographs.map(({ id, scene, failed, person, defect, gray }) => ({
    image_id: id,
    timestamp: new Date(scene.time).toISOString(),
    true_value: Math.round(scene.flowCfs * 10_000) / 10_000,
    light:
      scene.exposure > 2 ? 'over-exposed' : gray ? 'gray' : sunAt(scene.time).z < LOW_SUN ? 'low' : 'day',
    usable: isDaytime(scene.time) && !failed && !person && defect === undefined,
  }));
  writeFileSync(join(folder, 'truth.csv'), formatCsv(columns, rows));
  writeFileSync(
    join(folder, 'member.json'),
    `${JSON.stringify({
      name,
      seed,
      variable: 'FLOW_CFS',
      annotation_period: [new Date(START).toISOString(), new Date(end).toISOString()],
      photos: photographs.length,
      generator: readFileSync(join(folder, 'demo-station.json'), 'utf8').trim(),
    })}\n`,
  );
}
