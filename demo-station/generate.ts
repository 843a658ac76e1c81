import { annotate } from './annotators.ts';
import { simulateStream } from './hydrograph.ts';
import { observeFlow } from './observations.ts';
import { planPhotographs } from './photographs.ts';
import { type DrawingOptions, writeStation } from './write-station.ts';

/** Changes whenever the same seed gives other files. */
const VERSION = 8;
/** Names version, seed and days of what the folder holds. */
const STAMP = 'demo-station.json';
/** Midnight at the station's cameras, 1 February 2022. */
export const START = Date.UTC(2022, 1, 1, 5);
export const SEED = 1691;
const DAYS = 365;

export type DemoStationOptions = DrawingOptions & {
  seed?: number;
  /** Days of photos and observations, about three photos a day. */
  days?: number;
};

/**
 * Generates the demo station: the photos, annotations and observed flow of an imaginary stream, as an export of FPE for
 * `fpe import`. The same options give the same files. A folder that already holds them is left as it is; an
 * unfinished or older one is made anew.
 *
 * @throws {ExportFolderInvalid} if the folder holds anything else; the signal's reason, if it was aborted
 */
export function generateDemoStation(folder: string, options: DemoStationOptions = {}): Promise<void> {
  const { seed = SEED, days = DAYS } = options;
  const stampText = (complete: boolean) => `${JSON.stringify({ version: VERSION, seed, days, complete })}\n`;
  const stamp = { name: STAMP, complete: stampText(true), unfinished: stampText(false) };
  const plan = () => {
    const states = simulateStream(START, days, seed);
    const { imagesets, photographs } = planPhotographs(states, seed);
    const [datasets, sessions] = [observeFlow(states, seed), annotate(photographs, seed)];
    return { imagesets, photographs, datasets, sessions };
  };
  return writeStation(folder, { seed, stamp, plan }, options);
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (!folder) {
    console.error('Usage: node demo-station/generate.ts FOLDER');
    process.exit(2);
  }
  await generateDemoStation(folder, {
    onProgress: (done, total) => {
      if (done % 100 === 0 || done === total) console.log(`${done} of ${total} photos`);
    },
  });
}
