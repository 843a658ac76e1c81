import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { UsageError } from '../../cli/usage-error.ts';
import { interpolate, observedSeries } from '../../shared/dataset/observations.ts';
import { instantCell, numberCell, parseCsv, textCell } from '../../shared/formats/csv.ts';
import { MINUTE_MS } from '../../shared/formats/durations.ts';
import { parseJsonAs } from '../../shared/formats/json.ts';

/** A daytime photo that can be read, what it truly shows and what was measured then; NaN where nothing was. */
export type StationPhoto = {
  imageId: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  /** Below `storage`. */
  filename: string;
  trueValue: number;
  observed: number;
  period: 'before' | 'within' | 'after';
  season: string;
  light: string;
};
export type StationPair = { one: number; two: number; label: -1 | 0 | 1 };
export type JudgedStation = {
  name: string;
  /** What the folder holds, as its generator says; results of other photos have another text. */
  stamp: string;
  storage: string;
  photos: StationPhoto[];
  /** Decided pairs of photos that can be read, in the order of the sessions. */
  pairs: StationPair[];
};

/** Largest distance of an observation on either side of a photo, as the pipeline's default. */
const MAX_GAP_MS = 65 * MINUTE_MS;
const SEASONS = ['winter', 'spring', 'summer', 'autumn'];

const member = z.object({ name: z.string(), annotation_period: z.tuple([z.string(), z.string()]) });
const truthRow = z.object({
  image_id: numberCell,
  timestamp: instantCell,
  true_value: numberCell,
  light: textCell,
  usable: textCell.transform((text) => text.toLowerCase() === 'true'),
});
const imageRows = z.array(z.object({ id: z.number(), full_s3: z.string() }));
const seriesRows = z.array(z.object({ timestamp: z.string(), value: z.number().optional() }));
const judgments = z.array(
  z.object({
    rank: z.enum(['LEFT', 'RIGHT', 'SAME', 'UNKNOWN']),
    left: z.object({ imageId: z.number() }),
    right: z.object({ imageId: z.number() }),
  }),
);

/**
 * Reads what a generated station's folder holds: truth.csv, member.json and the export of FPE beside them.
 *
 * @throws UsageError if it does not hold all of it
 */
export function readStation(folder: string): JudgedStation {
  try {
    return readWhole(folder);
  } catch (error) {
    const why = (error as Error).message.split('\n')[0];
    throw new UsageError(
      `The station in ${folder} is damaged (${why}). Remove that folder: it is drawn anew.`,
      {
        cause: error,
      },
    );
  }
}

function readWhole(folder: string): JudgedStation {
  const read = (path: string) => readFileSync(path, 'utf8');
  const files = (pattern: string) => globSync(join(folder, 'users/*/stations/*', pattern)).toSorted();
  const stamp = read(join(folder, 'member.json'));
  const { name, annotation_period } = parseJsonAs(stamp, member);
  const [start, end] = annotation_period.map((text) => Date.parse(text)) as [number, number];

  const filenames = new Map(
    files('db/imagesets/*/images.json').flatMap((path) =>
      parseJsonAs(read(path), imageRows).map(
        ({ id, full_s3 }) => [id, parseJsonAs(full_s3, z.object({ Key: z.string() })).Key] as const,
      ),
    ),
  );
  const usable = parseCsv(read(join(folder, 'truth.csv')), truthRow, 'truth.csv').filter((row) => row.usable);
  const observations = files('db/datasets/*/series/*.json')
    .flatMap((path) => parseJsonAs(read(path), seriesRows))
    .map(({ timestamp, value = Number.NaN }) => ({
      timestamp: Date.parse(`${timestamp.replace(' ', 'T')}Z`),
      value,
    }));
  // truth.csv is in the order of time.
  const times = usable.map(({ timestamp }) => timestamp);
  const observed = interpolate(observedSeries(observations, times), times, MAX_GAP_MS);
  const photos = usable.map(
    ({ image_id, timestamp, true_value, light }, index): StationPhoto => ({
      imageId: image_id,
      timestamp,
      filename: filenames.get(image_id) as string,
      trueValue: true_value,
      observed: observed[index] ?? Number.NaN,
      period: timestamp < start ? 'before' : timestamp < end ? 'within' : 'after',
      season: SEASONS[Math.floor(((new Date(timestamp).getUTCMonth() + 1) % 12) / 3)] as string,
      light,
    }),
  );
  const readable = new Set(photos.map(({ imageId }) => imageId));
  const pairs = files('storage/annotations/*.json')
    .flatMap((path) => parseJsonAs(read(path), judgments))
    .filter(
      ({ rank, left, right }) =>
        rank !== 'UNKNOWN' && readable.has(left.imageId) && readable.has(right.imageId),
    )
    .map(
      ({ rank, left, right }): StationPair => ({
        one: left.imageId,
        two: right.imageId,
        label: rank === 'LEFT' ? 1 : rank === 'RIGHT' ? -1 : 0,
      }),
    );
  const storage = dirname(files('storage/annotations')[0] as string);
  return { name, stamp, storage, photos, pairs };
}
