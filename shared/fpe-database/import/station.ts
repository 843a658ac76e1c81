import type { Database } from '../connection.ts';
import { lockModels } from '../published-model.ts';
import type { Catalog } from './catalog.ts';
import type { ExportedDataset, ExportedImageset } from './export-folder.ts';
import { readRecord, readRecords, rowOf } from './export-records.ts';
import { findByUuid, findModel, findStationId, identifyImages, identifySessions } from './identity.ts';
import { refuseHiddenPeople } from './people.ts';
import { type ImportRow, type RowChanges, writeRow, writeRows } from './rows.ts';
import { readSeries, writeSeries } from './series.ts';
import { imageIdentity, modelIdentity, type StationSurvey, sessionIdentity, uuidOf } from './survey.ts';

export type StationImport = {
  database: Database;
  catalog: Catalog;
  storageBucket: string;
  /** Told how many rows of the export were dealt with. */
  onRows: (count: number) => void;
};

/**
 * Writes the rows of one station of an export, in the order in which they refer to each other.
 *
 * @returns the station's id, the rows that are new or differed, and what is to be known of them
 */
export async function importStation(
  { database, catalog, storageBucket, onRows }: StationImport,
  { station, user_id, name, hasImageIds }: StationSurvey,
): Promise<RowChanges & { id: number; notes: string[] }> {
  const changes: RowChanges = { inserted: 0, updated: 0 };
  const added = { images: [] as number[], annotations: [] as number[] };
  const count = <Change extends RowChanges>(change: Change): Change => {
    changes.inserted += change.inserted;
    changes.updated += change.updated;
    return change;
  };

  // Asked again, because two folders of an export may hold different periods of one station.
  const existing = await findStationId(database, user_id, name);
  const record = { ...readRecord(station.stationFile, storageBucket), user_id };
  const { id } = count(await writeRow(database, catalog, 'stations', existing, record, station.stationFile));
  for (const imageset of station.imagesets) await importImageset(imageset);
  for (const dataset of station.datasets) await importDataset(dataset);
  if (station.annotationsFile) await importSessions(station.annotationsFile);
  const notes = await uncounted();
  await importModels(station.modelFiles);
  return { ...changes, id, notes };

  async function importImageset({ folder, imagesetFile, imagesFile }: ExportedImageset): Promise<void> {
    const record = readRecord(imagesetFile, storageBucket);
    const uuid = uuidOf(record, folder);
    const known = await findByUuid(database, 'imagesets', [uuid], id, imagesetFile);
    const imageset = count(
      await writeRow(
        database,
        catalog,
        'imagesets',
        known.get(uuid) ?? null,
        { ...record, uuid, station_id: id },
        imagesetFile,
      ),
    );
    if (!imagesFile) return;
    const records = readRecords(imagesFile, storageBucket);
    const identities = await identifyImages(
      database,
      imageset.id,
      records.map((image, index) => imageIdentity(image, rowOf(imagesFile, index))),
      imagesFile,
    );
    const rows = records.map((image, index) => ({
      ...(identities[index] as { id: number | null; exists: boolean }),
      record: { ...image, imageset_id: imageset.id },
    }));
    // Asked again, because people may have been found in a photo since the survey, or by another folder of the export.
    await refuseHiddenPeople(database, catalog, { id: imageset.id, uuid }, rows, imagesFile);
    for (const id of count(await writeRows(database, catalog, 'images', rows, imagesFile)).ids)
      added.images.push(id);
    onRows(rows.length);
  }

  async function importDataset({ folder, datasetFile, series }: ExportedDataset): Promise<void> {
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
      // Of two series of one variable the export holds one, without saying which (Q-S9): the rows stay as they are.
      if (rows.length < 2) {
        const link = { dataset_id: dataset.id, variable_id: variableCode };
        const kept = rows[0]?.id ?? null;
        const written = count(await writeRow(database, catalog, 'series', kept, link, file));
        count(await writeSeries(database, written.id, values, file));
      }
      onRows(values.values.length);
    }
  }

  async function importSessions(file: string): Promise<void> {
    const records = readRecords(file, storageBucket);
    const identities = await identifySessions(
      database,
      id,
      records.map((session, index) => sessionIdentity(session, rowOf(file, index))),
      file,
    );
    const { rows: users } = await database.query<{ id: string }>('SELECT id FROM users WHERE id = ANY($1)', [
      [...new Set(records.map((session) => session.user_id))],
    ]);
    const annotators = new Set<unknown>(users.map((user) => user.id));
    const rows = records.map((session, index): ImportRow => {
      const record: ImportRow['record'] = {
        ...session,
        station_id: id,
        // Annotators that this database does not know are replaced by the owner of the station, as upstream does for all.
        user_id: annotators.has(session.user_id) ? session.user_id : user_id,
        variable: session.variable ?? 'FLOW', // exports made before June 2025 have none
      };
      // Without the images' ids nobody knows which photos were compared (contract 3.2).
      if (!hasImageIds) record.flag = true;
      return { ...(identities[index] as { id: number | null; exists: boolean }), record };
    });
    for (const id of count(await writeRows(database, catalog, 'annotations', rows, file)).ids)
      added.annotations.push(id);
    onRows(rows.length);
  }

  /** Rows keep the times of the export, and a refresh counts as new what has come since the newest model (reliability.md). */
  async function uncounted(): Promise<string[]> {
    const { rows } = await database.query<{ code: string; images: number; annotations: number }>(
      `SELECT code, images, annotations
         FROM (SELECT code, created_at FROM models WHERE station_id = $1 AND status = 'DONE'
                ORDER BY created_at DESC LIMIT 1) AS newest,
              LATERAL (SELECT count(*)::int AS images FROM images i JOIN imagesets s ON s.id = i.imageset_id
                        WHERE i.id = ANY($2)
                          AND greatest(i.created_at, i.updated_at, s.created_at, s.updated_at) <= newest.created_at) AS of_photos,
              LATERAL (SELECT count(*)::int AS annotations FROM annotations
                        WHERE id = ANY($3) AND created_at <= newest.created_at) AS of_sessions`,
      [id, added.images, added.annotations],
    );
    return rows
      .filter(({ images, annotations }) => images + annotations > 0)
      .map(
        ({ code, images, annotations }) =>
          `${name}: ${images} photos and ${annotations} annotation sessions that are new here are older than its model ${code}, so no refresh counts them. To train a model with them: npx fpe start ${id}`,
      );
  }

  /**
   * The newest first, so that of several defaults it is the newest that stays (Q-P5). A model that is there stays as it is:
   * what the website shows of a station is decided here, not by an export.
   */
  async function importModels(files: readonly string[]): Promise<void> {
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
      const model = { model_type_id: 'RANK', ...record, station_id: id, default: isDefault };
      count(await writeRow(database, catalog, 'models', null, model, file));
    }
  }
}
