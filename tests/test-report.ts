import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import {
  noneOf,
  PAIR_EXCLUSIONS,
  PHOTO_EXCLUSIONS,
  PHOTO_FAULTS,
  VALUE_EXCLUSIONS,
} from '../shared/dataset/reasons.ts';
import { IMAGE_SPLITS, type ImageSplit } from '../shared/model-input/image-split.ts';
import type { JudgedPairs } from '../shared/predictions/pair-accuracy.ts';
import type { NamedPhotos } from '../shared/predictions/scored-photos.ts';
import { decidedByInput } from '../shared/publication/promotion.ts';
import type { PreviousModel } from '../shared/report/data/comparison.ts';
import type { TrainingOutput } from '../shared/report/data/epochs.ts';
import {
  type ReportData,
  type ReportSources,
  type ReportState,
  reportData,
} from '../shared/report/data/report-data.ts';
import { testRun } from './test-run.ts';

export type TestPhoto = {
  at: string;
  value?: number | null;
  score?: number | null;
  split?: ImageSplit;
  key?: string;
};

/** One photo an hour from the morning of 1 March 2026; the scores follow the values but for every third photo. */
export const hourlyPhotos = (n: number): TestPhoto[] =>
  Array.from({ length: n }, (_, hour) => ({
    at: new Date(Date.UTC(2026, 2, 1, 12 + hour)).toISOString(),
    value: 100 + hour,
    score: hour % 3 === 0 ? n - hour : hour,
    split: IMAGE_SPLITS[hour % IMAGE_SPLITS.length] as ImageSplit,
  }));

export const scoredPhotos = (photos: readonly TestPhoto[]): NamedPhotos => ({
  timestamps: Float64Array.from(photos, ({ at }) => Date.parse(at)),
  values: Float64Array.from(photos, ({ value }) => value ?? Number.NaN),
  scores: Float64Array.from(photos, ({ score }) => score ?? Number.NaN),
  splits: photos.map(({ split }) => split ?? 'train'),
  imageIds: Uint32Array.from(photos, (_, index) => index + 1),
  keys: photos.map(({ key }, index) => key ?? testKey(index)),
});

export const testKey = (index: number): string => `imagesets/6f2c/images/Mill Brook (${index}).JPG`;

/** Pairs of photos of these rows, judged one by one. */
export const judgedPairs = (
  pairs: readonly {
    left: number;
    right: number;
    choice: 1 | -1 | 0;
    split?: 'train' | 'val';
    annotator?: number;
  }[],
): JudgedPairs => ({
  left: Uint32Array.from(pairs, ({ left }) => left),
  right: Uint32Array.from(pairs, ({ right }) => right),
  choices: Int8Array.from(pairs, ({ choice }) => choice),
  splits: Uint8Array.from(pairs, ({ split }) => (split === 'val' ? 1 : 0)),
  annotators: Uint16Array.from(pairs, ({ annotator }) => annotator ?? 1),
});

/** What the machine holds when it comes to BuildReport; counts that add up. */
export function testReportState(
  buckets: { storage: string; model: string },
  station: { id: number; name?: string; timezone?: string } = { id: 29 },
  parameters: Record<string, unknown> = {},
): ReportState {
  return {
    run: testRun(station, buckets, parameters),
    export: {
      images_found: 1203,
      images_excluded: {
        ...noneOf(PHOTO_EXCLUSIONS),
        imageset_not_done: 10,
        image_not_done: 2,
        no_timestamp: 1,
        pii: 3,
        repeated_object: 1,
      },
      images: 1186,
      images_start: '2026-03-01T12:00:00Z',
      images_end: '2026-03-31T12:00:00Z',
      annotation_sessions: 4,
      annotation_pairs: 412,
      pairs_excluded: { ...noneOf(PAIR_EXCLUSIONS), unknown_photo: 2 },
      snapshot_at: '2026-04-01T12:00:20.000Z',
      fpe_values: 2000,
      values_excluded: { ...noneOf(VALUE_EXCLUSIONS), fill_value: 7 },
    },
    dataset: { images: 1186, images_with_value: 1100, values: 2000, value_source: 'FPE', pairs: 410 },
    split: {
      images: 600,
      images_filtered: { outside_dates: 0, outside_months: 86, outside_hours: 500 },
      image_splits: { train: 320, val: 80, 'test-in': 150, 'test-out': 50 },
      pairs: 375,
      pairs_filtered: { not_ranked: 12, photo_filtered: 20, outside_dates: 3, not_sampled: 0 },
      pair_splits: { train: 300, val: 75 },
      method: 'graph',
      leaked_images: 0,
    },
    training: {
      job: 'fpe-rank-29-20260401-0a1b2c3d-0',
      status: 'Completed',
      artifact: `s3://${buckets.model}/rank/${station.id}/jobs/one/output/model.tar.gz`,
    },
    scoring: { job: 'fpe-rank-29-20260401-0a1b2c3d-score-0-0', status: 'Completed' },
    predictions: {
      images: 600,
      scored: 597,
      unreadable: 2,
      faults: { ...noneOf(PHOTO_FAULTS), truncated: 2 },
      missing: 1,
      unclear: 0,
      unmeasured: 0,
    },
    promotion: decidedByInput(true, true),
  };
}

export const TRAINING: TrainingOutput = {
  epochs: [
    { epoch: 1, train: 0.69, val: 0.68 },
    { epoch: 2, train: 0.5, val: 0.42 },
    { epoch: 3, train: 0.35, val: 0.45 },
  ],
  learningRate: 0.001,
  learnt: { train: 300, val: 75, photos_unreadable: 0 },
};

export const testReport = (
  photos: readonly TestPhoto[],
  more: {
    state?: ReportState;
    training?: TrainingOutput;
    period?: Partial<{ source: string; start: string; end: string }>;
    notes?: string;
    pairs?: JudgedPairs;
    previous?: PreviousModel;
    files?: ReportSources['files'];
    cost?: ReportSources['cost'];
    photoBase?: string;
    checks?: ReportSources['checks'];
  } = {},
): ReportData =>
  reportData({
    state: more.state ?? testReportState({ storage: 'storage', model: 'model' }),
    summary: {
      pairs: {
        source: 'human',
        start: '2026-03-01T07:00:00-0500',
        end: '2026-03-20T18:00:00-0400',
        ...more.period,
      },
      notes: more.notes,
    },
    photos: scoredPhotos(photos),
    training: more.training ?? TRAINING,
    pairs: more.pairs ?? judgedPairs([]),
    previous: more.previous ?? null,
    files: more.files ?? [],
    cost: more.cost ?? null,
    checks: more.checks ?? [],
    photoBase: more.photoBase ?? 'https://storage.s3.amazonaws.com/',
  });

/** output.tar.gz with these files. */
export async function packOutput(files: Record<string, string>): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) archive.entry({ name }, text);
  archive.finalize();
  return buffer(archive.pipe(createGzip()));
}
