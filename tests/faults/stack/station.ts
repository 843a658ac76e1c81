import { deepStrictEqual } from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Papa from 'papaparse';
import { generateDemoStation } from '../../../demo-station/generate.ts';
import { queryDatabase } from '../../services/database-client.ts';
import type { LocalStack } from './local-stack.ts';

/** Photos and pairs enough for a training, few enough for half a minute of it. */
const DAYS = 25;
/** Photos of an imageset that each export has more than the one before. */
const MORE = 3;

/** The one station of an empty stack. */
export const STATION = 1;
/** Little to learn: what is asked is what becomes of it. */
const TRAINING = {
  station_id: STATION,
  model_code: 'A',
  dataset_code: 'A',
  overwrite: true,
  n_epochs: 2,
  unfreeze_after: 8,
  input_size: 32,
  batch_size: 64,
  augment: false,
  pretrained: false,
  min_hour: 0,
  max_hour: 23,
};
export const training = (): object => TRAINING;
export const scoring = (): object => ({ station_id: STATION });
/** Trains in any case. */
export function refreshing(): object {
  const { station_id: _, model_code: _c, dataset_code: _d, ...train } = TRAINING;
  return { station_ids: [STATION], min_new_pairs: 0, train };
}

export type Exports = { older: string; newer: string; newest: string };

/** Makes exports of the demo station; the older ones lack the last photos. */
export async function writeExports(folder: string): Promise<Exports> {
  const exports = {
    older: join(folder, 'older'),
    newer: join(folder, 'newer'),
    newest: join(folder, 'newest'),
  };
  await generateDemoStation(exports.newest, { days: DAYS });
  copyWithout(MORE, exports.newest, exports.newer);
  copyWithout(MORE, exports.newer, exports.older);
  return exports;
}

/** Copies an export without the last photos of each imageset. */
function copyWithout(n: number, whole: string, copy: string): void {
  cpSync(whole, copy, { recursive: true });
  for (const file of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('/images.json')) continue;
    const path = join(copy, file);
    const photos = JSON.parse(readFileSync(path, 'utf8')) as { filename: string }[];
    writeFileSync(path, JSON.stringify(photos.slice(0, -n)));
    const folder = dirname(path.replace('/db/', '/storage/'));
    for (const { filename } of photos.slice(-n))
      for (const kind of ['images', 'thumbs']) rmSync(join(folder, kind, filename), { force: true });
  }
}

/** What the website shows: the default model, and the photos that its public predictions name. */
export type Shown = { uuid: string; photos: Set<string> };

/** Far more than PostgreSQL takes to start again. */
const DATABASE_LIMIT_MS = 30_000;

async function defaultsOf({ env }: LocalStack): Promise<{ uuid: string }[]> {
  for (const limit = AbortSignal.timeout(DATABASE_LIMIT_MS); ; await sleep(100))
    try {
      return (await queryDatabase(env, 'SELECT uuid FROM models WHERE "default"')) as { uuid: string }[];
    } catch (error) {
      if (limit.aborted) throw error;
    }
}

/** @throws Error when there is more than one default model, or its predictions are not whole */
export async function shownBy(stack: LocalStack): Promise<Shown> {
  const { env } = stack;
  const rows = await defaultsOf(stack);
  deepStrictEqual(rows.length, 1, `${rows.length} default models`);
  const [{ uuid }] = rows as [{ uuid: string }];
  const url = `${env.AWS_ENDPOINT_URL_S3}/${env.STORAGE_BUCKET}/models/${uuid}/predictions.csv`;
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const { data, errors } = Papa.parse<Record<string, string>>(await answer.text(), {
    header: true,
    skipEmptyLines: true,
  });
  deepStrictEqual(errors, [], `${url} is not whole`);
  return { uuid, photos: new Set(data.map(({ image_id }) => image_id as string)) };
}

/** @throws Error when the website shows fewer photos than before */
export async function requireNoWorse(stack: LocalStack, before: Shown): Promise<Shown> {
  const now = await shownBy(stack);
  const lost = [...before.photos].filter((id) => !now.photos.has(id));
  deepStrictEqual(lost, [], 'photos that have lost their scores');
  return now;
}
