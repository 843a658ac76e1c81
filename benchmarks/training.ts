/**
 * Seconds of an epoch of model/train.py against upstream's way, on the demo station's photos and pairs, with the same
 * threads: 128 pixels, batches of 16 rows, one frozen epoch and one that is not.
 *
 *     node_modules/.bin/node benchmarks/training.ts
 *
 * Exit code 1 unless both kinds of epoch together are at least MIN_RATIO times as fast. Quality is not compared.
 */
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDemoStation } from '../demo-station/generate.ts';
import { pythonCommand } from '../local/python.ts';
import { LABELS } from '../shared/model-input/pair-lines.ts';
import { pairsFile, type TrainedPair } from './pairs-file.ts';

const MIN_RATIO = 2.5;
const [INPUT_SIZE, BATCH_SIZE, UNFREEZE_AFTER, EPOCHS] = [128, 16, 1, 2];
const THREADS = String(availableParallelism());
const ROOT = join(import.meta.dirname, '..');

type Pair = { left: { imageId: number }; right: { imageId: number }; rank: string };

const folder = mkdtempSync(join(tmpdir(), 'fpe-training-'));
try {
  const station = join(folder, 'station');
  await generateDemoStation(station);
  for (const name of ['values', 'model', 'output/data', 'checkpoints'])
    mkdirSync(join(folder, name), { recursive: true });
  writePairs(station);

  const reference = secondsOf([
    join(ROOT, 'benchmarks/reference/training.py'),
    join(folder, 'images'),
    join(folder, 'values/pairs.csv'),
    ...[INPUT_SIZE, BATCH_SIZE, UNFREEZE_AFTER, EPOCHS].map(String),
  ]);
  const ours = secondsOf([join(ROOT, 'model/train.py')]);
  const sum = (seconds: number[]) => seconds.reduce((total, each) => total + each, 0);
  const ratio = sum(reference) / sum(ours);
  console.log(`upstream’s way   frozen ${reference[0]} s, unfrozen ${reference[1]} s`);
  console.log(`model/train.py   frozen ${ours[0]} s, unfrozen ${ours[1]} s`);
  console.log(`${ratio.toFixed(1)} times as fast (at least ${MIN_RATIO}), ${THREADS} threads`);
  if (ratio < MIN_RATIO) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Seconds of each epoch that a program prints. */
function secondsOf(command: string[]): number[] {
  const { status, stdout, stderr } = spawnSync(pythonCommand(), command, {
    encoding: 'utf8',
    env: {
      ...process.env,
      OMP_NUM_THREADS: THREADS,
      OPENBLAS_NUM_THREADS: '1',
      SM_HPS: JSON.stringify({
        n_epochs: EPOCHS,
        input_size: INPUT_SIZE,
        batch_size: BATCH_SIZE,
        unfreeze_after: UNFREEZE_AFTER,
        pretrained: false,
        checkpoint_dir: join(folder, 'checkpoints'),
      }),
      SM_CHANNEL_IMAGES: join(folder, 'images'),
      SM_CHANNEL_VALUES: join(folder, 'values'),
      SM_MODEL_DIR: join(folder, 'model'),
      SM_OUTPUT_DIR: join(folder, 'output'),
      SM_OUTPUT_DATA_DIR: join(folder, 'output/data'),
    },
  });
  if (status !== 0) throw new Error(`${command[0]} ended with exit code ${status}:\n${stderr}`);
  return Array.from(stdout.matchAll(/^epoch=.* seconds=([\d.]+)/gm), ([, seconds]) => Number(seconds));
}

/** pairs.csv of all ranked pairs of readable photos, mirrored; every fifth validates. */
function writePairs(station: string): void {
  const export_ = join(station, 'users', only(join(station, 'users')), 'stations');
  const stationFolder = join(export_, only(export_));
  symlinkSync(join(stationFolder, 'storage'), join(folder, 'images'));
  const filenames = new Map<number, string>();
  const imagesets = join(stationFolder, 'db/imagesets');
  for (const uuid of readdirSync(imagesets))
    for (const { id, full_s3 } of JSON.parse(readFileSync(join(imagesets, uuid, 'images.json'), 'utf8')))
      filenames.set(id, JSON.parse(full_s3).Key);
  const unreadable = new Set(
    readFileSync(join(station, 'truth.csv'), 'utf8')
      .split('\n')
      .filter((line) => /(truncated|empty|text)$/.test(line))
      .map((line) => Number(line.split(',')[0])),
  );
  const sessions = join(stationFolder, 'storage/annotations');
  const pairs = readdirSync(sessions)
    .sort()
    .flatMap((name): Pair[] => JSON.parse(readFileSync(join(sessions, name), 'utf8')))
    .filter(
      ({ left, right, rank }) =>
        rank !== 'UNKNOWN' && ![left, right].some(({ imageId }) => unreadable.has(imageId)),
    );
  const trained = pairs.map(
    ({ left, right, rank }, index): TrainedPair => ({
      split: index % 5 === 4 ? 'val' : 'train',
      one: left.imageId,
      two: right.imageId,
      label: LABELS[rank as keyof typeof LABELS],
    }),
  );
  writeFileSync(join(folder, 'values/pairs.csv'), pairsFile(trained, filenames));
}

function only(path: string): string {
  return readdirSync(path)[0] as string;
}
