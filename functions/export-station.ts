import { Readable } from 'node:stream';
import pMap from 'p-map';
import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readRows, readText, writeCsv, writeJson, writeObject } from '../shared/aws/object-store.ts';
import { type ObjectExclusion, requirePhotos } from '../shared/aws/photos.ts';
import type { AnnotationFile, AnnotationSession } from '../shared/dataset/annotation-sessions.ts';
import {
  EXPORTED_IMAGE_COLUMNS,
  type ExportedImage,
  exportedImage,
  VALUE_COLUMNS,
} from '../shared/dataset/columns.ts';
import { FILL_VALUES, fillValues } from '../shared/dataset/observed-values.ts';
import { usableKey } from '../shared/dataset/photo-key.ts';
import {
  type Counts,
  leftOutPhrases,
  noneOf,
  PAIR_EXCLUSIONS,
  type PairExclusion,
  PHOTO_EXCLUSIONS,
  type PhotoExclusion,
  VALUE_EXCLUSIONS,
} from '../shared/dataset/reasons.ts';
import { NoAnnotations, NoImages } from '../shared/errors.ts';
import { stationInWords } from '../shared/execution/station.ts';
import { type Run, run, type StationExport } from '../shared/execution/train-station-state.ts';
import { csvHeader, csvRows } from '../shared/formats/csv.ts';
import { formatExactInstant, formatInstant } from '../shared/formats/local-time.ts';
import { s3Uri } from '../shared/formats/object-location.ts';
import { DATABASE_LIMITS, type Database, withDatabase } from '../shared/fpe-database/connection.ts';
import {
  annotationSessionRows,
  fillCandidates,
  inSnapshot,
  type SessionRow,
  snapshotTime,
  stationColumns,
  stationImages,
  stationValues,
} from '../shared/fpe-database/station-export.ts';
import { neededPairs } from '../shared/model-input/pair-split.ts';
import { modelTypeOf } from '../shared/model-types/registry.ts';
import { PhotoSet } from '../shared/predictions/photo-set.ts';

const FILES_AT_ONCE = 50;

/** Exports everything that the run needs from the database and the annotation files, as of one instant. */
export const handler = lambdaHandler(z.object({ run }), async ({ run }): Promise<StationExport> => {
  const { snapshotAt, station, images, sessionRows, values } = await withDatabase(
    (database) =>
      inSnapshot(database, async () => ({
        snapshotAt: await snapshotTime(database),
        station: await stationColumns(database, run.station.id),
        images: await exportImages(database, run),
        values: await exportValues(database, run),
        sessionRows: await annotationSessionRows(database, run.station.id, run.annotation_variable),
      })),
    DATABASE_LIMITS.manyRows,
  );
  await writeJson({ bucket: run.buckets.model, key: run.keys.dataset.station }, station);
  const { unusable, sameBytes } = await requirePhotos(run.buckets.storage, run.station, images.keys);
  if (unusable.size > 0) await leaveOut(run, images, unusable);
  if (images.keys.size === 0) throw noImages(run, images);
  await writeJson({ bucket: run.buckets.model, key: run.keys.export.same_bytes }, sameBytes);
  const files = await pMap(sessionRows, (row) => readSession(run, row), { concurrency: FILES_AT_ONCE });
  const annotation_pairs = files.reduce((sum, { session }) => sum + session.elements, 0);
  if (annotation_pairs === 0) throw noAnnotations(run, files.length);
  await writeObject(
    { bucket: run.buckets.model, key: run.keys.export.annotations },
    JSON.stringify(files.map(({ session }) => session)),
    'application/json',
  );
  return {
    images_found: images.found,
    images_excluded: images.excluded,
    images: images.keys.size,
    images_start: formatInstant(images.first),
    images_end: formatInstant(images.last),
    annotation_sessions: files.length,
    annotation_pairs,
    pairs_excluded: countExcludedPairs(files, images),
    fpe_values: values.kept,
    values_excluded: values.excluded,
    snapshot_at: snapshotAt,
  };
});

type ExportedImages = {
  found: number;
  excluded: Counts<PhotoExclusion>;
  keys: Set<string>;
  /** All photos of the station, and those among them that are in the dataset. */
  known: PhotoSet;
  kept: PhotoSet;
  /** Times of the first and the last photo that is kept, milliseconds since 1970. */
  first: number;
  last: number;
};

const photoOf = (image_id: number) => ({ image_id, filename: '' });

/** Written while they are read, within the snapshot: all rows at once would not fit into the function's memory. */
async function exportImages(database: Database, run: Run): Promise<ExportedImages> {
  const images: ExportedImages = {
    found: 0,
    excluded: noneOf(PHOTO_EXCLUSIONS),
    keys: new Set(),
    known: new PhotoSet(),
    kept: new PhotoSet(),
    first: 0,
    last: 0,
  };
  async function* lines() {
    yield csvHeader(EXPORTED_IMAGE_COLUMNS);
    for await (const rows of stationImages(database, run.station.id)) {
      images.found += rows.length;
      const kept = rows.flatMap((row) => {
        images.known.add(photoOf(row.image_id));
        const filename = usableKey(row, run.buckets.storage);
        const exclusion = row.exclusion ?? (filename === null ? 'unusable_key' : null);
        if (exclusion !== null || filename === null) {
          images.excluded[exclusion ?? 'unusable_key'] += 1;
          return [];
        }
        const timestamp = (row.epoch_seconds as number) * 1000;
        keep(images, { image_id: row.image_id, filename, timestamp });
        const { imageset_id, image_id, url } = row;
        return [{ imageset_id, image_id, timestamp: formatExactInstant(timestamp), filename, url }];
      });
      if (kept.length > 0) yield csvRows(EXPORTED_IMAGE_COLUMNS, kept);
    }
  }
  await writeCsv(exportOf(run), Readable.from(lines()));
  return images;
}

const exportOf = (run: Run) => ({ bucket: run.buckets.model, key: run.keys.export.images });

/** Rows arrive in order of time. */
function keep(
  images: ExportedImages,
  { image_id, filename, timestamp }: Pick<ExportedImage, 'image_id' | 'filename' | 'timestamp'>,
): void {
  if (images.keys.size === 0) images.first = timestamp;
  images.last = timestamp;
  images.keys.add(filename);
  images.kept.add(photoOf(image_id));
}

/**
 * Writes the export again, without photos whose objects turned out to be unusable: S3 is not queried while the snapshot lasts.
 */
async function leaveOut(
  run: Run,
  images: ExportedImages,
  unusable: ReadonlyMap<string, ObjectExclusion>,
): Promise<void> {
  images.keys.clear();
  async function* lines() {
    yield csvHeader(EXPORTED_IMAGE_COLUMNS);
    for await (const rows of readRows(exportOf(run), exportedImage)) {
      const kept = rows.filter((row) => {
        const exclusion = unusable.get(row.filename);
        if (exclusion === undefined) keep(images, row);
        else {
          images.excluded[exclusion] += 1;
          images.kept.delete(photoOf(row.image_id));
        }
        return exclusion === undefined;
      });
      const lines = kept.map((row) => ({ ...row, timestamp: formatExactInstant(row.timestamp) }));
      yield csvRows(EXPORTED_IMAGE_COLUMNS, lines);
    }
  }
  await writeCsv(exportOf(run), Readable.from(lines()));
}

async function exportValues(database: Database, run: Run) {
  const { variable_code, include_flagged_values } = run.parameters;
  const constants = {
    station_name: run.station.name,
    station_id: run.station.id,
    variable_id: variable_code,
  };
  const fills = fillValues(await fillCandidates(database, run.station.id, variable_code, FILL_VALUES));
  const values = { kept: 0, excluded: noneOf(VALUE_EXCLUSIONS) };
  async function* lines() {
    yield csvHeader(VALUE_COLUMNS);
    for await (const rows of stationValues(database, run.station.id, variable_code, include_flagged_values)) {
      const kept = rows.flatMap(({ epoch_seconds, exclusion: found, ...row }) => {
        const exclusion = found ?? (fills.get(row.series_id)?.has(row.value) ? 'fill_value' : null);
        if (exclusion !== null) {
          values.excluded[exclusion] += 1;
          return [];
        }
        return [{ ...constants, ...row, timestamp: formatExactInstant((epoch_seconds as number) * 1000) }];
      });
      values.kept += kept.length;
      if (kept.length > 0) yield csvRows(VALUE_COLUMNS, kept);
    }
  }
  await writeCsv({ bucket: run.buckets.model, key: run.keys.export.fpe_values }, Readable.from(lines()));
  return values;
}

type SessionFile = { session: AnnotationSession; excluded: AnnotationFile['excluded'] };

async function readSession(run: Run, { file, ...session }: SessionRow): Promise<SessionFile> {
  const key = /^[a-z]+:\/\/[^/]+\/(.+)$/s.exec(session.url ?? '')?.[1] ?? '';
  const location = file ?? { bucket: run.buckets.storage, key };
  const body = await readText(location);
  const where = `annotation session ${session.annotation_id}, ${s3Uri(location)}`;
  const { parseAnnotations } = modelTypeOf(run.parameters.model_type);
  const { excluded, ...content } = parseAnnotations(body, where);
  return { session: { ...session, ...content }, excluded };
}

/** BuildDataset leaves out pairs without both photos in the dataset; the reason is known here. */
function countExcludedPairs(
  files: readonly SessionFile[],
  { known, kept }: ExportedImages,
): Counts<PairExclusion> {
  const counts = noneOf(PAIR_EXCLUSIONS);
  for (const { session, excluded } of files) {
    counts.malformed += excluded.malformed;
    counts.no_photo += excluded.no_photo;
    counts.same_photo += excluded.same_photo;
    for (const { left, right } of session.pairs) {
      const areIn = (photos: PhotoSet) =>
        photos.has(photoOf(left.imageId)) && photos.has(photoOf(right.imageId));
      if (!areIn(known)) counts.unknown_photo += 1;
      else if (!areIn(kept)) counts.photo_excluded += 1;
    }
  }
  return counts;
}

const noImages = (run: Run, { found, excluded }: ExportedImages): NoImages =>
  new NoImages({
    what: 'The station has no photo that can be used',
    where: stationInWords(run.station),
    found: `${found} photos, left out: ${leftOutPhrases(PHOTO_EXCLUSIONS, excluded).join(', ') || 'none'}`,
    expected:
      'photos with status DONE and a timestamp, without people or vehicles, in imagesets with status DONE',
    fix: 'upload photos and wait until they have been processed, then start a new execution',
  });

const noAnnotations = (run: Run, sessions: number): NoAnnotations =>
  new NoAnnotations({
    what: 'The station has no annotation pairs for this variable',
    where: `annotations of ${stationInWords(run.station)}, variable ${run.annotation_variable}`,
    found: `${sessions} finished, unflagged sessions with 0 pairs`,
    expected: `pairs of photos ranked by annotators, at least ${neededPairs(run.parameters.train_frac)} of them`,
    fix: 'have photos of this station annotated on the FPE website, then start a new execution',
  });
