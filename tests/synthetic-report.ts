import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { ImageSplit } from '../shared/model-input/image-split.ts';
import type { JudgedPairs } from '../shared/predictions/pair-accuracy.ts';
import type { ReportSources, ReportState } from '../shared/report/data/report-data.ts';
import { TRAINING, testReportState } from './test-report.ts';

const SEED = 1691;
const HOUR_MS = 3_600_000;
/** Seven in the morning in Massachusetts, winter time. */
const FIRST_PHOTO = Date.parse('2023-10-01T12:00:00Z');
const HOURS_A_DAY = 12;

/** A station whose report looks like one: storms and recessions, noisy scores, pairs within a part of the period. */
export function syntheticReport(
  photoCount: number,
  {
    pairCount = 1500,
    photosAnHour = 1,
    state,
  }: { pairCount?: number; photosAnHour?: number; state?: ReportState } = {},
): ReportSources {
  const generator = xoroshiro128plus(SEED);
  const uniform = () => uniformFloat64(generator);
  const noise = () => uniform() + uniform() + uniform() + uniform() - 2;
  const timestamps = new Float64Array(photoCount);
  const values = new Float64Array(photoCount);
  const scores = new Float64Array(photoCount);
  const before = new Float64Array(photoCount);
  const keys: string[] = [];
  let storm = 0;
  for (let row = 0; row < photoCount; row++) {
    const hours = row / photosAnHour;
    const day = Math.floor(hours / HOURS_A_DAY);
    const hour = hours % HOURS_A_DAY;
    timestamps[row] = FIRST_PHOTO + (day * 24 + hour) * HOUR_MS + Math.floor(uniform() * 60) * 1000;
    if (uniform() < 0.012 / photosAnHour) storm += 2.5 * uniform();
    storm *= 1 - 0.012 / photosAnHour;
    const logFlow = Math.cos(((day - 160) / 365) * 2 * Math.PI) * 0.9 + storm;
    const flow = 12 * Math.exp(logFlow);
    values[row] = uniform() < 0.08 ? Number.NaN : Number(flow.toPrecision(3));
    const glare = hour > 9 ? 0.35 : 0;
    scores[row] = uniform() < 0.002 ? Number.NaN : Math.fround(1.4 * logFlow + 0.55 * noise() - glare);
    before[row] = Math.fround(0.8 * logFlow + 0.7 * noise());
    const time = new Date((timestamps[row] as number) - 5 * HOUR_MS)
      .toISOString()
      .slice(0, 19)
      .replaceAll(':', '-');
    keys.push(
      `imagesets/3d6f0000-0000-4000-8000-00000000000${day % 3}/images/West Brook__${time.replace('T', '__')}(1).JPG`,
    );
  }
  const pairs = synthesisePairs(values, pairCount, uniform);
  const splits = splitsOf(pairs, photoCount);
  return {
    state: state ?? {
      ...testReportState({ storage: 'storage', model: 'model' }, { id: 29, name: 'West Brook' }),
    },
    summary: {
      pairs: { source: 'human', start: '2023-12-15T07:00:00-0500', end: '2025-02-20T18:00:00-0500' },
      notes: 'Camera moved in May.',
    },
    training: { ...TRAINING, epochs: syntheticEpochs() },
    photos: {
      timestamps,
      values,
      scores,
      splits,
      keys,
      imageIds: Uint32Array.from(keys, (_, row) => 500_000 + row),
    },
    pairs,
    previous: {
      model_code: 'RANK-FLOW-20250301',
      scores: before,
      wasTest: Uint8Array.from(splits, (split) => Number(split.startsWith('test'))),
    },
    files: [
      'input/images.csv',
      'input/annotations.csv',
      'input/pairs.csv',
      'transform/predictions.csv',
      'model.tar.gz',
    ].map((name, index) => ({
      name,
      key: `rank/29/models/RANK-FLOW-20260401/${name}`,
      bytes: 1_234_567 * (index + 1),
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      written_at: '2026-04-01T13:00:00.000Z',
    })),
    cost: null,
    checks: [],
    photoBase: 'https://storage.s3.amazonaws.com/',
  };
}

/** Pairs of the middle of the period; one in fifteen photos pairs is judged by a second annotator. */
function synthesisePairs(values: Float64Array, count: number, uniform: () => number): JudgedPairs {
  const pairs = {
    left: [] as number[],
    right: [] as number[],
    choices: [] as number[],
    splits: [] as number[],
    annotators: [] as number[],
  };
  const [first, last] = [Math.floor(values.length * 0.15), Math.floor(values.length * 0.8)];
  const draw = () => first + Math.floor(uniform() * (last - first));
  const judge = (left: number, right: number) => {
    const difference =
      Math.log((values[left] as number) / (values[right] as number)) + 0.25 * (uniform() - 0.5);
    return Number.isNaN(difference)
      ? uniform() < 0.5
        ? 1
        : -1
      : Math.abs(difference) < 0.06
        ? 0
        : Math.sign(difference);
  };
  while (pairs.left.length < count) {
    const [left, right] = [draw(), draw()];
    if (left === right) continue;
    const isVal = (left + right) % 5 === 0;
    for (let times = uniform() < 1 / 15 ? 2 : 1; times > 0; times--) {
      pairs.left.push(left);
      pairs.right.push(right);
      pairs.choices.push(uniform() < 0.04 ? -judge(left, right) : judge(left, right));
      pairs.splits.push(isVal ? 1 : 0);
      pairs.annotators.push(1 + Math.floor(uniform() * 5));
    }
  }
  return {
    left: Uint32Array.from(pairs.left),
    right: Uint32Array.from(pairs.right),
    choices: Int8Array.from(pairs.choices),
    splits: Uint8Array.from(pairs.splits),
    annotators: Uint16Array.from(pairs.annotators),
  };
}

function splitsOf({ left, right, splits }: JudgedPairs, photoCount: number): ImageSplit[] {
  const first = Math.min(...left, ...right);
  const last = Math.max(...left, ...right);
  const result = Array.from(
    { length: photoCount },
    (_, row): ImageSplit => (row >= first && row <= last ? 'test-in' : 'test-out'),
  );
  for (const [wanted, split] of [
    [1, 'val'],
    [0, 'train'],
  ] as const)
    for (let pair = 0; pair < left.length; pair++)
      if (splits[pair] === wanted) {
        result[left[pair] as number] = split;
        result[right[pair] as number] = split;
      }
  return result;
}

const syntheticEpochs = () =>
  Array.from({ length: 20 }, (_, index) => ({
    epoch: index + 1,
    train: 0.62 * Math.exp(-index / 6) + 0.08,
    val: 0.6 * Math.exp(-index / 4) + 0.12 + 0.004 * index,
  }));
