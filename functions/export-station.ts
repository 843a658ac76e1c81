import { Readable } from 'node:stream';
import pMap from 'p-map';
import * as z from 'zod';
import { type AnnotationSession, parseAnnotationFile } from '../shared/annotation-sessions.ts';
import { DATABASE_LIMITS, type Database, withDatabase } from '../shared/aws/database.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readText, writeCsv, writeJson, writeObject } from '../shared/aws/object-store.ts';
import { requirePhotos } from '../shared/aws/photos.ts';
import { csvHeader, csvRows } from '../shared/csv.ts';
import { EXPORTED_IMAGE_COLUMNS, VALUE_COLUMNS } from '../shared/dataset-files.ts';
import { NoAnnotations, NoImages } from '../shared/errors.ts';
import { type Run, run, type StationExport } from '../shared/execution-state.ts';
import {
  annotationSessionRows,
  inSnapshot,
  type SessionRow,
  snapshotTime,
  stationColumns,
  stationImages,
  stationValues,
} from '../shared/fpe-database/station-export.ts';
import { imageKey } from '../shared/image-key.ts';
import { formatInstant } from '../shared/local-time.ts';
import { s3Uri } from '../shared/object-location.ts';

const FILES_AT_ONCE = 50;

/** Takes everything that the run needs out of the database and the annotation files, as of one instant. */
export const handler = lambdaHandler(z.object({ run }), async ({ run }): Promise<StationExport> => {
  const { snapshotAt, station, images, sessionRows, fpeValues } = await withDatabase(
    (database) =>
      inSnapshot(database, async () => ({
        snapshotAt: await snapshotTime(database),
        station: await stationColumns(database, run.station.id),
        images: await exportImages(database, run),
        fpeValues: await exportValues(database, run),
        sessionRows: await annotationSessionRows(database, run.station.id, run.annotation_variable),
      })),
    DATABASE_LIMITS.manyRows,
  );
  await writeJson({ bucket: run.buckets.model, key: run.keys.dataset.station }, station);
  if (images.keys.size === 0) throw noImages(run, images);
  await requirePhotos(run.buckets.storage, run.station, images.keys);
  const sessions = await pMap(sessionRows, (row) => readSession(run, row), { concurrency: FILES_AT_ONCE });
  const annotation_pairs = sessions.reduce((sum, { pairs }) => sum + pairs.length, 0);
  if (annotation_pairs === 0) throw noAnnotations(run, sessions.length);
  await writeObject(
    { bucket: run.buckets.model, key: run.keys.export.annotations },
    JSON.stringify(sessions),
    'application/json',
  );
  return {
    images_found: images.found,
    images_excluded: images.excluded,
    images: images.keys.size,
    images_start: formatInstant(images.first),
    images_end: formatInstant(images.last),
    annotation_sessions: sessions.length,
    annotation_pairs,
    fpe_values: fpeValues,
    snapshot_at: snapshotAt,
  };
});

async function exportImages(database: Database, run: Run) {
  const excluded = { imageset_not_done: 0, image_not_done: 0, no_timestamp: 0, pii: 0 };
  const images = { found: 0, excluded, keys: new Set<string>(), first: 0, last: 0 };
  async function* lines() {
    yield csvHeader(EXPORTED_IMAGE_COLUMNS);
    for await (const rows of stationImages(database, run.station.id)) {
      images.found += rows.length;
      const kept = rows.flatMap(({ exclusion, ...row }) => {
        if (exclusion) {
          excluded[exclusion] += 1;
          return [];
        }
        const epochMs = (row.epoch_seconds as number) * 1000;
        const filename = imageKey(row, run.buckets.storage);
        if (images.keys.size === 0) images.first = epochMs;
        images.last = epochMs;
        images.keys.add(filename);
        const { imageset_id, image_id, url } = row;
        return [{ imageset_id, image_id, timestamp: formatInstant(epochMs), filename, url }];
      });
      if (kept.length > 0) yield csvRows(EXPORTED_IMAGE_COLUMNS, kept);
    }
  }
  await writeCsv({ bucket: run.buckets.model, key: run.keys.export.images }, Readable.from(lines()));
  return images;
}

async function exportValues(database: Database, run: Run): Promise<number> {
  const { variable_code, include_flagged_values } = run.parameters;
  const constants = {
    station_name: run.station.name,
    station_id: run.station.id,
    variable_id: variable_code,
  };
  let count = 0;
  async function* lines() {
    yield csvHeader(VALUE_COLUMNS);
    for await (const rows of stationValues(database, run.station.id, variable_code, include_flagged_values)) {
      count += rows.length;
      yield csvRows(
        VALUE_COLUMNS,
        rows.map(({ epoch_seconds, ...row }) => ({
          ...constants,
          ...row,
          timestamp: formatInstant(epoch_seconds * 1000),
        })),
      );
    }
  }
  await writeCsv({ bucket: run.buckets.model, key: run.keys.export.fpe_values }, Readable.from(lines()));
  return count;
}

async function readSession(run: Run, { file, ...session }: SessionRow): Promise<AnnotationSession> {
  const key = /^[a-z]+:\/\/[^/]+\/(.+)$/s.exec(session.url ?? '')?.[1] ?? '';
  const location = file ?? { bucket: run.buckets.storage, key };
  const body = await readText(location);
  const where = `annotation session ${session.annotation_id}, ${s3Uri(location)}`;
  return { ...session, pairs: parseAnnotationFile(body, where) };
}

const noImages = (
  run: Run,
  { found, excluded }: { found: number; excluded: Record<string, number> },
): NoImages =>
  new NoImages({
    what: 'The station has no photo that can be used',
    where: `station ${run.station.id} (${run.station.name})`,
    found: `${found} photos, left out: ${Object.entries(excluded)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(', ')}`,
    expected:
      'photos with status DONE and a timestamp, without people or vehicles, in imagesets with status DONE',
    fix: 'upload photos and wait until they are processed, then start a new execution',
  });

const noAnnotations = (run: Run, sessions: number): NoAnnotations =>
  new NoAnnotations({
    what: 'The station has no annotation pairs for this variable',
    where: `annotations of station ${run.station.id} (${run.station.name}), variable ${run.annotation_variable}`,
    found: `${sessions} finished, unflagged sessions with 0 pairs`,
    expected: 'pairs of photos ranked by annotators, more than 110 of them',
    fix: 'have photos of this station annotated on the FPE website, then start a new execution',
  });
