import { type DefaultModel, defaultModelOf, type ModelKind } from '../publication/default-model.ts';
import type { ModelRow } from '../publication/model-row.ts';
import type { Database } from './connection.ts';

/** All rows of `models` of these stations, by station, the newest training first. */
export async function findModelRows(database: Database, stationIds: readonly number[]): Promise<ModelRow[]> {
  const { rows } = await database.query<ModelRow>(
    `SELECT id, station_id, code, uuid, model_type_id, variable_id, "default", status, diagnostics_url, predictions_url
       FROM models WHERE station_id = ANY($1) ORDER BY station_id, updated_at DESC, id DESC`,
    [stationIds],
  );
  return rows;
}

/** The station's default model of a type and variable; see `defaultModelOf`. */
export const findDefaultModel = async (
  database: Database,
  stationId: number,
  kind: ModelKind,
): Promise<DefaultModel | null> => defaultModelOf(await findModelRows(database, [stationId]), kind);

/** The same for many stations, each with its own type and variable; stations without a default are left out. */
export async function findDefaultModels(
  database: Database,
  stations: readonly (ModelKind & { station_id: number })[],
): Promise<DefaultModel[]> {
  const rows = await findModelRows(
    database,
    stations.map(({ station_id }) => station_id),
  );
  const byStation = Map.groupBy(rows, ({ station_id }) => station_id);
  return stations.flatMap(
    (station) => defaultModelOf(byStation.get(station.station_id) ?? [], station) ?? [],
  );
}
