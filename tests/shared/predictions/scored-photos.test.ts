import { describe, expect, test } from '@jest/globals';
import type { Prediction } from '../../../shared/predictions/columns.ts';
import {
  collectPhotos,
  countWithValue,
  dailyMeans,
  type ScoredPhotos,
  wallDate,
} from '../../../shared/predictions/scored-photos.ts';

const HOUR_MS = 3_600_000;
const NOON = Date.UTC(2026, 2, 1, 12);

const prediction = (image_id: number, more: Partial<Prediction> = {}): Prediction => ({
  split: 'train',
  image_id,
  timestamp: NOON + image_id * HOUR_MS,
  filename: `${image_id}.jpg`,
  url: null,
  value: 2 * image_id,
  score: image_id / 10,
  ...more,
});
async function* batches(...parts: Prediction[][]) {
  yield* parts;
}
type Photo = { at: number; value?: number; score?: number; split?: ScoredPhotos['splits'][number] };
const photosOf = (photos: Photo[]): ScoredPhotos => ({
  timestamps: Float64Array.from(photos, ({ at }) => at),
  values: Float64Array.from(photos, ({ value = Number.NaN }) => value),
  scores: Float64Array.from(photos, ({ score = Number.NaN }) => score),
  splits: photos.map(({ split = 'test-in' }) => split),
});

test('photos are collected from all batches in their order, and a missing number becomes NaN', async () => {
  const photos = await collectPhotos(
    batches(
      [prediction(1), prediction(2, { value: null })],
      [],
      [prediction(3, { score: null, split: 'test-out' })],
    ),
  );

  expect(photos).toEqual({
    timestamps: Float64Array.of(NOON + HOUR_MS, NOON + 2 * HOUR_MS, NOON + 3 * HOUR_MS),
    values: Float64Array.of(2, Number.NaN, 6),
    scores: Float64Array.of(0.1, 0.2, Number.NaN),
    imageIds: Uint32Array.of(1, 2, 3),
    splits: ['train', 'train', 'test-out'],
    keys: ['1.jpg', '2.jpg', '3.jpg'],
  });
});

describe('means of a day', () => {
  test('are of its scored photos, of the values that exist, on the dates of the station', () => {
    const photos = photosOf([
      { at: NOON, value: 1, score: 4 },
      { at: NOON + HOUR_MS, score: 8 },
      { at: NOON + 2 * HOUR_MS, value: 100 },
      { at: NOON + 11 * HOUR_MS, value: 3, score: 0 },
    ]);

    const days = dailyMeans(photos, (epochMs) => wallDate(epochMs + 2 * HOUR_MS));

    expect(days.dates).toEqual(['2026-03-01', '2026-03-02']);
    expect([...days.scores]).toEqual([6, 0]);
    expect([...days.values]).toEqual([1, 3]);
  });

  test('have no value where no photo has one', () => {
    const days = dailyMeans(photosOf([{ at: NOON, score: 1 }]), wallDate);

    expect([...days.values]).toEqual([Number.NaN]);
  });

  test('ascend, in whatever order photos come', () => {
    const photos = photosOf([48, 0, 24].map((hours) => ({ at: NOON + hours * HOUR_MS, score: hours })));

    const { dates, scores } = dailyMeans(photos, wallDate);

    expect(dates).toEqual(['2026-03-01', '2026-03-02', '2026-03-03']);
    expect([...scores]).toEqual([0, 24, 48]);
  });

  test.each([
    [['test-out', 'test-in', 'val', 'train'], 'train'],
    [['test-out', 'val', 'test-in'], 'val'],
    [['test-out', 'test-in'], 'test-in'],
    [['test-out'], 'test-out'],
  ] as const)('of the splits %j are of the first in the order of learning: %s (Q-R8)', (splits, expected) => {
    const days = dailyMeans(photosOf(splits.map((split) => ({ at: NOON, score: 1, split }))), wallDate);

    expect(days.splits).toEqual([expected]);
  });

  test('ignore the split of a photo without score', () => {
    const photos = photosOf([
      { at: NOON, split: 'train' },
      { at: NOON, score: 1, split: 'val' },
    ]);

    expect(dailyMeans(photos, wallDate).splits).toEqual(['val']);
  });
});

test('rows with a value are counted, zero among them', () => {
  expect(countWithValue({ values: Float64Array.of(0, Number.NaN, -1) })).toBe(2);
});
