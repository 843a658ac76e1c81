import { DEFAULT_MODEL_TYPE } from '../../model-types/registry.ts';
import { lockModels } from '../published-model.ts';
import { readRecord } from './export-records.ts';
import { findModel } from './identity.ts';
import { writeRow } from './rows.ts';
import type { StationTarget } from './station-target.ts';
import { modelIdentity } from './survey.ts';

/**
 * The newest first, so that of several defaults the newest one stays (Q-P5). An existing model stays as it is: this database
 * decides what the website shows of a station, not an export.
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
    const { rows } = await database.query<{ has_default: boolean }>(
      `SELECT EXISTS (SELECT FROM models
                       WHERE station_id = $1 AND "default" AND variable_id IS NOT DISTINCT FROM $2) AS has_default`,
      [id, record.variable_id ?? null],
    );
    const isDefault = record.default === true && !rows[0]?.has_default;
    const model = { model_type_id: DEFAULT_MODEL_TYPE, ...record, station_id: id, default: isDefault };
    count(await writeRow(database, catalog, 'models', null, model, file));
  }
}
