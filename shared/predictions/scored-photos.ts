import { IMAGE_SPLITS, type ImageSplit } from '../model-input/image-split.ts';
import type { Prediction } from './columns.ts';

/** What photos and days have in common: one row each, in columns; a missing number is NaN. */
export type ScoredRows = {
  /** Observed values in the unit of the variable. */
  values: Float64Array;
  scores: Float64Array;
  splits: ImageSplit[];
};

/** Rows of predictions.csv; only photos, never rows that pad days without any (Q-R3). */
export type ScoredPhotos = ScoredRows & {
  /** Milliseconds since 1970. */
  timestamps: Float64Array;
};

/** Photos with their identifiers: their ids, and the keys of their files in the storage bucket. */
export type NamedPhotos = ScoredPhotos & { imageIds: Uint32Array; keys: string[] };

/** Days with at least one scored photo, ascending. */
export type ScoredDays = ScoredRows & {
  /** yyyy-mm-dd in the station's time zone (Q-R1). */
  dates: string[];
};

/** Keeps the columns that the report needs. */
export async function collectPhotos(batches: AsyncIterable<readonly Prediction[]>): Promise<NamedPhotos> {
  const columns = {
    timestamps: [] as number[],
    values: [] as number[],
    scores: [] as number[],
    imageIds: [] as number[],
  };
  const splits: ImageSplit[] = [];
  const keys: string[] = [];
  for await (const rows of batches)
    for (const { timestamp, value, score, split, image_id, filename } of rows) {
      columns.timestamps.push(timestamp);
      columns.values.push(value ?? Number.NaN);
      columns.scores.push(score ?? Number.NaN);
      columns.imageIds.push(image_id);
      splits.push(split);
      keys.push(filename);
    }
  return {
    timestamps: Float64Array.from(columns.timestamps),
    values: Float64Array.from(columns.values),
    scores: Float64Array.from(columns.scores),
    imageIds: Uint32Array.from(columns.imageIds),
    splits,
    keys,
  };
}

/**
 * Means of each day's scored photos (contract 8.1): of the values that exist, and of the scores. A day takes the first of train,
 * val, test-in, test-out that any of its scored photos has (Q-R8).
 *
 * @param localDate converts milliseconds since 1970 to yyyy-mm-dd in the station's time zone
 */
export function dailyMeans(photos: ScoredPhotos, localDate: (epochMs: number) => string): ScoredDays {
  const days = new Map<string, { value: Mean; score: Mean; split: number }>();
  for (let photo = 0; photo < photos.scores.length; photo++) {
    const score = photos.scores[photo] as number;
    if (Number.isNaN(score)) continue;
    const date = localDate(photos.timestamps[photo] as number);
    let day = days.get(date);
    if (!day) {
      day = { value: new Mean(), score: new Mean(), split: IMAGE_SPLITS.length };
      days.set(date, day);
    }
    day.value.add(photos.values[photo] as number);
    day.score.add(score);
    day.split = Math.min(day.split, IMAGE_SPLITS.indexOf(photos.splits[photo] as ImageSplit));
  }
  const ascending = [...days].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    dates: ascending.map(([date]) => date),
    values: Float64Array.from(ascending, ([, { value }]) => value.result),
    scores: Float64Array.from(ascending, ([, { score }]) => score.result),
    splits: ascending.map(([, { split }]) => IMAGE_SPLITS[split] as ImageSplit),
  };
}

/** Date of wall-clock milliseconds, as yyyy-mm-dd. */
export const wallDate = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 10);

export const countWithValue = ({ values }: Pick<ScoredRows, 'values'>): number =>
  values.reduce((n, value) => (Number.isNaN(value) ? n : n + 1), 0);

/** Mean of the values that are not NaN; NaN if there are none. */
class Mean {
  private sum = 0;
  private count = 0;

  add(value: number): void {
    if (Number.isNaN(value)) return;
    this.sum += value;
    this.count += 1;
  }

  get result(): number {
    return this.count === 0 ? Number.NaN : this.sum / this.count;
  }
}
