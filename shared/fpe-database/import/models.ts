import * as z from 'zod';
import { DEFAULT_MODEL_TYPE } from '../../model-types/registry.ts';
import { canBeDefault, defaultModelOf } from '../../publication/default-model.ts';
import { findModelRows } from '../model-rows.ts';
import { lockModels } from '../published-model.ts';
import { readRecord } from './export-records.ts';
import { findModel } from './identity.ts';
import { writeRow } from './rows.ts';
import type { StationTarget } from './station-target.ts';
import { modelIdentity } from './survey.ts';

const text = z.string().nullable().catch(null);
/** What decides whether a model becomes the default; values of another kind are left to PostgreSQL to refuse. */
const markedModel = z.object({
  model_type_id: z.string().catch(DEFAULT_MODEL_TYPE),
  variable_id: text,
  status: text,
  uuid: text,
  default: z.boolean().catch(false),
});

/**
 * The newest first, so that of several defaults the newest that can be one stays (Q-P5). An existing model stays as it is: this
 * database decides what the website shows of a station, not an export.
 */
export async function importModels(
  { database, catalog, storageBucket, id, count }: StationTarget,
  files: readonly string[],
): Promise<void> {
  if (files.length === 0) return;
  await lockModels(database, id);
  const models = files
    .map((file) => ({ file, record: readRecord(file, storageBucket) }))
    .sort((a, b) => String(b.record.created_at ?? '').localeCompare(String(a.record.created_at ?? '')));
  for (const { file, record } of models) {
    if ((await findModel(database, id, modelIdentity(record, file), file)) !== null) continue;
    const { default: isMarked, ...given } = markedModel.parse(record);
    const isDefault =
      isMarked && canBeDefault(given) && defaultModelOf(await findModelRows(database, [id]), given) === null;
    const model = { model_type_id: given.model_type_id, ...record, station_id: id, default: isDefault };
    count(await writeRow(database, catalog, 'models', null, model, file));
  }
}
