import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import type { TrainingJobRequest } from '../../local/sagemaker/job-requests.ts';
import { layOut } from '../../local/sagemaker/training-toolkit.ts';
import { runKeys } from '../../shared/execution/keys.ts';
import { trainingRequest } from '../../shared/execution/sagemaker-requests.ts';
import { formatCsv } from '../../shared/formats/csv.ts';
import { packSource } from '../../shared/formats/source-archive.ts';
import { parseRunInput } from '../../shared/inputs/train-station.ts';
import { readModelSource } from '../../shared/model-bucket/model-source.ts';
import { PAIR_COLUMNS } from '../../shared/model-input/pair-lines.ts';
import { RANK } from '../../shared/model-types/rank.ts';

const PHOTOS = 12;
const INPUT = { pretrained: false, n_epochs: 2, unfreeze_after: 1, input_size: 40, batch_size: 4 };
const buckets = { storage: 'photos', model: 'models' };

/** A photo of a stream whose water fills more of the picture the higher the level, 0 to 1. */
export function drawPhoto(level: number, width = 80, height = 60): Uint8Array {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#7a6';
  context.fillRect(0, 0, width, height);
  context.fillStyle = '#46c';
  context.fillRect(0, height * (1 - level), width, height);
  return canvas.toBuffer('image/jpeg');
}

/** The pipeline's own request for a training of the smallest useful size, as the machine sends it. */
export function smallRequest(): TrainingJobRequest {
  const parameters = parseRunInput({ station_id: 29, ...INPUT });
  const keys = runKeys(RANK, 29, 'DATASET', 'MODEL', 'run');
  const request = trainingRequest({ buckets, keys, parameters }, 'an image', 'weights/none.pth');
  return {
    ...request,
    TrainingJobName: 'fpe-rank-29-train',
    RoleArn: 'arn:aws:iam::000000000000:role/jobs',
  } as TrainingJobRequest;
}

/** What SageMaker has put into /opt/ml when the container starts. */
export async function layOutTraining(ml: string): Promise<void> {
  await layOut(ml, smallRequest());
  const put = (path: string, body: string | Uint8Array) => {
    const file = join(ml, 'input', 'data', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, body);
  };
  const names = Array.from({ length: PHOTOS }, (_, index) => `imagesets/mill/images/${index}.jpg`);
  names.forEach((name, index) => void put(`images/${name}`, drawPhoto((index + 1) / (PHOTOS + 1))));
  put('values/pairs.csv', formatCsv(PAIR_COLUMNS, pairs(names)));
  put('code/sourcedir.tar.gz', await packSource(await readModelSource()));
  mkdirSync(join(ml, 'checkpoints'), { recursive: true });
}

/** Each photo with those two and three places on, and its mirror; the first two thirds are trained on. */
function pairs(names: readonly string[]) {
  const n = names.length;
  const isTrain = (index: number) => index < (2 * n) / 3;
  const sides = names.flatMap((_, one) =>
    [2, 3]
      .map((step) => [one, one + step] as const)
      .filter(([, two]) => two < n && isTrain(one) === isTrain(two)),
  );
  return sides.flatMap(([one, two], index) =>
    [
      [one, two, -1],
      [two, one, 1],
    ].map(([first = 0, second = 0, label = 0]) => ({
      split: isTrain(one) ? 'train' : 'val',
      pair: index + 1,
      image_id_1: first,
      timestamp_1: '2026-04-01T12:00:00Z',
      filename_1: names[first],
      value_1: first,
      image_id_2: second,
      timestamp_2: '2026-04-01T12:00:00Z',
      filename_2: names[second],
      value_2: second,
      label,
    })),
  );
}
