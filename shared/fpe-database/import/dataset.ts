import type { ExportedDataset } from './export-folder.ts';
import { readRecord } from './export-records.ts';
import { findByUuid } from './identity.ts';
import { writeRow } from './rows.ts';
import { readSeries, writeSeries } from './series.ts';
import type { StationTarget } from './station-target.ts';
import { uuidOf } from './survey.ts';

export async function importDataset(
  { database, catalog, storageBucket, id, count, onRows }: StationTarget,
  { folder, datasetFile, series }: ExportedDataset,
): Promise<void> {
  const record = readRecord(datasetFile, storageBucket);
  const uuid = uuidOf(record, folder);
  const known = await findByUuid(database, 'datasets', [uuid], id, datasetFile);
  const dataset = count(
    await writeRow(
      database,
      catalog,
      'datasets',
      known.get(uuid) ?? null,
      { ...record, uuid, station_id: id },
      datasetFile,
    ),
  );
  for (const { variableCode, file } of series) {
    const values = readSeries(file, storageBucket);
    const { rows } = await database.query<{ id: number }>(
      'SELECT id FROM series WHERE dataset_id = $1 AND variable_id = $2 ORDER BY id',
      [dataset.id, variableCode],
    );
    // Of two series of one variable, the export holds one without saying which (Q-S9): the rows stay as they are.
    if (rows.length < 2) {
      const link = { dataset_id: dataset.id, variable_id: variableCode };
      const kept = rows[0]?.id ?? null;
      const written = count(await writeRow(database, catalog, 'series', kept, link, file));
      count(await writeSeries(database, written.id, values, file));
    }
    onRows(values.values.length);
  }
}
