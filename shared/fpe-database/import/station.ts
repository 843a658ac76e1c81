import type { Database } from '../connection.ts';
import { importDataset } from './dataset.ts';
import { readRecord } from './export-records.ts';
import { findStationId } from './identity.ts';
import { importImageset } from './imageset.ts';
import { importModels } from './models.ts';
import { type RowChanges, writeRow } from './rows.ts';
import { importSessions } from './sessions.ts';
import type { StationImport, StationTarget } from './station-target.ts';
import type { StationSurvey } from './survey.ts';

/**
 * Writes the rows of one station of an export, referenced rows first.
 *
 * @returns the station's id, the rows that were new or differed, and remarks about them
 */
export async function importStation(
  target: StationImport,
  { station, user_id, name, hasImageIds }: StationSurvey,
): Promise<RowChanges & { id: number; notes: string[] }> {
  const { database, catalog, storageBucket } = target;
  const changes: RowChanges = { inserted: 0, updated: 0 };
  const count: StationTarget['count'] = (change) => {
    changes.inserted += change.inserted;
    changes.updated += change.updated;
    return change;
  };
  // Queried again, because two folders of an export may hold different periods of one station.
  const existing = await findStationId(database, user_id, name);
  const record = { ...readRecord(station.stationFile, storageBucket), user_id };
  const { id } = count(await writeRow(database, catalog, 'stations', existing, record, station.stationFile));
  const rows: StationTarget = { ...target, id, ownerId: user_id, count };

  const images: number[][] = [];
  for (const imageset of station.imagesets) images.push(await importImageset(rows, imageset));
  for (const dataset of station.datasets) await importDataset(rows, dataset);
  const { annotationsFile } = station;
  const annotations = annotationsFile ? await importSessions(rows, annotationsFile, hasImageIds) : [];
  const notes = await uncounted(database, { id, name }, { images: images.flat(), annotations });
  await importModels(rows, station.modelFiles);
  return { ...changes, id, notes };
}

/** Rows keep the times of the export, and a refresh counts as new what has arrived since the newest model (reliability.md). */
async function uncounted(
  database: Database,
  { id, name }: { id: number; name: string },
  added: { images: readonly number[]; annotations: readonly number[] },
): Promise<string[]> {
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
        `${name}: ${images} photos and ${annotations} annotation sessions that are new here are older than its model ${code}, so no refresh counts them. To train a model with them: ./fpe start ${id}`,
    );
}
