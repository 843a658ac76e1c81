import { Readable } from 'node:stream';
import pMap from 'p-map';
import * as z from 'zod';
import {
  CSV_TYPE,
  copyObject,
  deleteConditionally,
  findJson,
  findSize,
  findVersion,
  HTML_TYPE,
  listFolders,
  readAllRows,
  readRows,
  readVersion,
  writeConditionally,
  writeCsv,
  writeJson,
} from '../aws/object-store.ts';
import { ANNOTATION_COLUMNS, annotationLine, annotationRow } from '../dataset/columns.ts';
import { withoutPeople } from '../dataset/public-annotations.ts';
import {
  datasetKeys,
  imagesetPredictionsKey,
  modelKeys,
  publishedKeys,
  versionKeys,
} from '../execution/keys.ts';
import type { Dataset, Publication, Run } from '../execution/train-station-state.ts';
import { csvPieces } from '../formats/csv.ts';
import { parseJsonAs } from '../formats/json.ts';
import { type StationClock, stationClock } from '../formats/local-time.ts';
import { type ObjectLocation, objectOf, objectsIn } from '../formats/object-location.ts';
import type { ModelOfCode } from '../fpe-database/published-model.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import { predictedPhoto } from '../predictions/columns.ts';
import { PhotoSet } from '../predictions/photo-set.ts';
import { publicFile } from '../predictions/public-predictions.ts';
import type { Withdrawal } from '../predictions/withdrawal.ts';
import { type ModelManifest, modelManifest } from '../publication/model-manifest.ts';
import { trainingOutputLocation } from '../report/data/training-output.ts';
import { findDatasetSummary } from './dataset-files.ts';
import { type Copy, replaceTogether, type WrittenFile } from './publication.ts';
import { renewClaim } from './run-claim.ts';
import { withdrawFromFile } from './withdrawal.ts';

/** What is published from a run: where its files lie, and what they are. */
export type FinishedRun = {
  run: Run;
  dataset: Pick<Dataset, 'value_source'>;
  training: { job: string; artifact: string };
  snapshot_at: string;
  outcome: Publication['outcome'];
  /** Rows of the public predictions.csv. */
  images: number;
  /** Uuids of the imagesets with predictions files of their own. */
  imagesets: readonly string[];
};

/** Identifies whose files lie at the fixed places of a code, and which claims protect writes to them. */
export type PublishingRun = Pick<
  Run,
  'id' | 'execution_arn' | 'station' | 'model_code' | 'model_uuid' | 'buckets' | 'keys'
> & { parameters: Pick<Run['parameters'], 'model_type'> };

const FILES_AT_ONCE = 20;
const JSON_TYPE = 'application/json';
const GZIP_TYPE = 'application/gzip';
const TYPES: Record<string, string> = { csv: CSV_TYPE, html: HTML_TYPE, json: JSON_TYPE, gz: GZIP_TYPE };
export const typeOf = (key: string): string => TYPES[key.slice(key.lastIndexOf('.') + 1)] as string;

/** The manifest at a key of the model bucket; null if there is none. @throws FileInvalid */
export async function findManifest(
  { buckets }: { buckets: { model: string } },
  key: string,
): Promise<ModelManifest | null> {
  return findJson({ bucket: buckets.model, key }, modelManifest);
}

/** Sources of the public files: keys in the model bucket, of a run or of a model's own folder. */
export type PublicSource = Pick<ReturnType<typeof modelKeys>, 'input' | 'transform' | 'report'>;
/** Where the public files are written. */
export type PublicPlaces = Run['keys']['published'];

/**
 * Creates in the model bucket the files that the public will see: predictions by time, without rows that lack a score, which the
 * website would take for 0 (Q-P1), and with station-local timestamps, because the website takes the date from their first ten
 * characters (Q-P2, Q-P3); annotations without people (Q-P8). Photos in which people were found since the export are left out.
 *
 * @param withPeople the station's photos that now show people
 * @param smoothingHours of the model: whether there is a column of smoothed scores
 * @returns rows of predictions.csv
 */
export async function writePublicFiles(
  { buckets, station }: { buckets: { model: string }; station: { timezone: string } },
  { input, transform, report }: PublicSource,
  published: PublicPlaces,
  withPeople: Withdrawal,
  smoothingHours: number | null,
): Promise<number> {
  const inModelBucket = objectsIn(buckets.model);
  const hidden = PhotoSet.fromJSON(withPeople);
  const [images] = await Promise.all([
    writePublicPredictions(
      inModelBucket(transform.predictions),
      inModelBucket(published.predictions),
      stationClock(station.timezone),
      hidden,
      smoothingHours,
    ),
    writePublicAnnotations(inModelBucket(input.annotations), inModelBucket(published.annotations)),
    copyObject(inModelBucket(input.images), inModelBucket(published.images), CSV_TYPE),
    copyObject(inModelBucket(report), inModelBucket(published.report), HTML_TYPE),
  ]);
  if (hidden.size > 0)
    await Promise.all(
      [published.annotations, published.images, published.report].map((key) =>
        withdrawFromFile(inModelBucket(key), hidden),
      ),
    );
  return images;
}

async function writePublicPredictions(
  from: ObjectLocation,
  to: ObjectLocation,
  clock: StationClock,
  hidden: PhotoSet,
  smoothingHours: number | null,
): Promise<number> {
  let count = 0;
  async function* shownRows() {
    for await (const rows of readRows(from, predictedPhoto)) {
      const shown = rows.filter((row) => row.score !== null && !hidden.has(row));
      count += shown.length;
      yield shown;
    }
  }
  await writeCsv(to, Readable.from(publicFile(shownRows(), clock, smoothingHours)));
  return count;
}

async function writePublicAnnotations(from: ObjectLocation, to: ObjectLocation): Promise<void> {
  const rows = withoutPeople(await readAllRows(from, annotationRow));
  await writeCsv(to, Readable.from(csvPieces(ANNOTATION_COLUMNS, rows, annotationLine, 'NA')));
}

/** Copies everything that outlives the run into the model's own folder. @throws ClaimLost */
export async function writeVersion(finished: FinishedRun): Promise<void> {
  const { run, training } = finished;
  const version = versionKeys(
    modelTypeOf(run.parameters.model_type),
    run.station.id,
    run.model_code,
    run.model_uuid,
  );
  const files = await replace(run, [
    ...datasetCopies(run, run.keys.dataset, version.dataset, finished.dataset.value_source !== null),
    ...modelCopies(run, run.keys, version),
    toModelBucket(run, objectOf(training.artifact), version.model),
    toModelBucket(run, trainingOutputLocation(training.artifact), version.output),
    toModelBucket(run, { bucket: run.buckets.model, key: run.keys.source }, version.source),
  ]);
  await writeManifest(finished, files, version.manifest);
}

/**
 * Copies the files to where FPE's tools read them. What was there is first saved in the run's folder; then a manifest without
 * files assigns the places to this run, and finally one with all of the files. A dataset with this code that others built stays,
 * unless it is to be overwritten: BuildDataset has found it to be the same.
 *
 * @throws ClaimLost
 */
export async function writeFixedPlaces(finished: FinishedRun): Promise<void> {
  const { run, dataset, training } = finished;
  const fixed = modelKeys(modelTypeOf(run.parameters.model_type), run.station.id, run.model_code);
  const ofDataset = datasetKeys(modelTypeOf(run.parameters.model_type), run.station.id, run.dataset_code);
  const isOurs = (await findManifest(run, fixed.manifest))?.model_uuid === run.model_uuid;
  const replaced = isOurs
    ? await findJson({ bucket: run.buckets.model, key: run.keys.replaced.list }, replacedFiles)
    : null;
  const wasNew = replaced ? ofDataset.summary in replaced : (await findDatasetSummary(run)) === null;
  const isNew = run.parameters.overwrite || wasNew;
  const hasValues = dataset.value_source !== null;
  const imagesets = await imagesetPlaces(finished, fixed.imagesets);
  const jobFile = (name: string) => `${fixed.jobs}/${training.job}/output/${name}`;
  const copies = [
    ...(isNew ? datasetCopies(run, run.keys.dataset, ofDataset, hasValues) : []),
    ...modelCopies(run, run.keys, fixed),
    toModelBucket(run, objectOf(training.artifact), jobFile('model.tar.gz')),
    toModelBucket(run, trainingOutputLocation(training.artifact), jobFile('output.tar.gz')),
  ];
  if (!isOurs)
    await keepReplaced(run, [
      ...copies.map(({ to }) => to.key),
      ...imagesets.copies.map(({ to }) => to.key),
      ...imagesets.stale,
      ...(isNew && !hasValues ? [ofDataset.values] : []),
      fixed.manifest,
    ]);
  await writeManifest(finished, [], fixed.manifest);
  if (isNew && !hasValues) await remove(run, ofDataset.values);
  for (const key of imagesets.stale) await remove(run, key);
  // The manifest does not name them, because FPE's container may rewrite them.
  await replace(run, imagesets.copies);
  await writeManifest(finished, await replace(run, copies), fixed.manifest);
}

/** Files of single imagesets: those created by the run, and those left by another model for imagesets that this one lacks. */
async function imagesetPlaces(
  { run, imagesets: made }: FinishedRun,
  folder: string,
): Promise<{ copies: Copy[]; stale: string[] }> {
  const { model: bucket } = run.buckets;
  const placeOf = (uuid: string) => imagesetPredictionsKey(folder, uuid);
  const copies = made.map((uuid) =>
    toModelBucket(run, { bucket, key: imagesetPredictionsKey(run.keys.imagesets, uuid) }, placeOf(uuid)),
  );
  // Scores of single photos, which upstream's scripts leave in the same folders, are not listed.
  const others = (await listFolders(bucket, `${folder}/`)).filter((uuid) => !made.includes(uuid));
  const found = await pMap(
    others.map(placeOf),
    async (key) => ((await findVersion({ bucket, key })) === null ? [] : [key]),
    { concurrency: FILES_AT_ONCE },
  );
  return { copies, stale: found.flat() };
}

/** Which files were at the fixed places before: true for each one that was saved, false for each one that did not exist. */
export const replacedFiles = z.record(z.string(), z.boolean());
const keptKey = (run: PublishingRun, key: string): string => `${run.keys.replaced.folder}${key}`;

async function keepReplaced(run: Run, keys: readonly string[]): Promise<void> {
  const inModelBucket = objectsIn(run.buckets.model);
  const kept = await pMap(
    keys,
    async (key): Promise<[string, boolean]> => {
      if ((await findSize(inModelBucket(key))) === null) return [key, false];
      await copyObject(inModelBucket(key), inModelBucket(keptKey(run, key)), typeOf(key));
      return [key, true];
    },
    { concurrency: FILES_AT_ONCE },
  );
  await writeJson(inModelBucket(run.keys.replaced.list), Object.fromEntries(kept));
}

/**
 * Restores what was at the fixed places before this run wrote there, the manifest last. Call it only if the run has not been
 * published and nobody else publishes in the meantime.
 *
 * @throws ClaimLost when another execution has taken the places over
 */
export async function restoreFixedPlaces(run: PublishingRun): Promise<void> {
  const { manifest } = modelKeys(modelTypeOf(run.parameters.model_type), run.station.id, run.model_code);
  if ((await findManifest(run, manifest))?.model_uuid !== run.model_uuid) return;
  const location = { bucket: run.buckets.model, key: run.keys.replaced.list };
  const { [manifest]: hadManifest, ...files } = (await findJson(location, replacedFiles)) ?? {};
  const back = (key: string) =>
    toModelBucket(run, { bucket: run.buckets.model, key: keptKey(run, key) }, key);
  const before = Object.entries(files);
  await replace(
    run,
    before.filter(([, wasThere]) => wasThere).map(([key]) => back(key)),
  );
  for (const [key, wasThere] of before) if (!wasThere) await remove(run, key);
  if (hadManifest) await replace(run, [back(manifest)]);
  else await remove(run, manifest);
}

/** Copies the five public files to a folder of their own, which no row names yet (Q-P4). @throws ClaimLost */
export async function writePublicFolder(run: Run, training: { artifact: string }): Promise<void> {
  const keys = publishedKeys(run.model_uuid, run.model_code);
  const copy = (from: string, to: string): Copy => ({
    from: { bucket: run.buckets.model, key: from },
    to: { bucket: run.buckets.storage, key: to },
    contentType: typeOf(to),
  });
  const { published } = run.keys;
  await replace(run, [
    copy(published.predictions, keys.predictions),
    copy(published.report, keys.report),
    copy(published.images, keys.images),
    copy(published.annotations, keys.annotations),
    {
      from: objectOf(training.artifact),
      to: { bucket: run.buckets.storage, key: keys.model },
      contentType: GZIP_TYPE,
    },
  ]);
}

/**
 * Records which models the row named before: their public folders stay, and photos are withdrawn from them, too. Upstream's
 * models have files at the fixed places alone, so those that scoring depends on are kept.
 */
export async function preserveReplaced(run: Run, known: readonly ModelOfCode[]): Promise<void> {
  const fixed = modelKeys(modelTypeOf(run.parameters.model_type), run.station.id, run.model_code);
  const isUpstreams = (await findManifest(run, fixed.manifest)) === null;
  const inModelBucket = objectsIn(run.buckets.model);
  const replacing = { model_uuid: run.model_uuid, execution_arn: run.execution_arn };
  for (const [index, { uuid }] of known.entries()) {
    if (uuid === null || uuid === run.model_uuid) continue;
    const version = versionKeys(modelTypeOf(run.parameters.model_type), run.station.id, run.model_code, uuid);
    if (isUpstreams && index === 0)
      await pMap(
        [
          [fixed.input.summary, version.input.summary],
          [fixed.transform.predictions, version.transform.predictions],
        ] as const,
        async ([from, to]) => {
          if ((await findSize(inModelBucket(from))) === null) return;
          if ((await findSize(inModelBucket(to))) !== null) return;
          await copyObject(inModelBucket(from), inModelBucket(to), typeOf(to));
        },
      );
    await writeConditionally(inModelBucket(version.replaced), JSON.stringify(replacing));
  }
}

/**
 * Updates the ETags in a manifest after files that it names were replaced. Upstream's models have no manifest.
 *
 * @param modelUuid model that the manifest must belong to; another model's manifest stays as it is
 */
export async function renewManifest(
  location: ObjectLocation,
  written: readonly WrittenFile[],
  modelUuid?: string,
): Promise<void> {
  const etags = new Map(written.map(({ key, etag }) => [key, etag]));
  await changeManifest(location, (manifest) => {
    if (modelUuid !== undefined && manifest.model_uuid !== modelUuid) return manifest;
    const files = manifest.files.map((file) => ({ ...file, etag: etags.get(file.key) ?? file.etag }));
    return { ...manifest, files };
  });
}

/** Applies a change to the manifest, again if somebody else has written in the meantime; does nothing if there is none. */
export async function changeManifest(
  location: ObjectLocation,
  change: (manifest: ModelManifest) => ModelManifest,
): Promise<void> {
  for (;;) {
    const version = await readVersion(location);
    if (!version) return;
    const manifest = parseJsonAs(version.text, modelManifest);
    const text = JSON.stringify(change(manifest));
    if (text === JSON.stringify(manifest)) return;
    if (await writeConditionally(location, text, version.etag)) return;
  }
}

const replace = (run: PublishingRun, copies: readonly Copy[]): Promise<WrittenFile[]> =>
  replaceTogether(copies, run.id, async () => {
    await renewClaim(run, run.keys.claim);
    await renewClaim(run, run.keys.dataset_claim);
  });

const toModelBucket = (run: PublishingRun, from: Copy['from'], key: string): Copy => ({
  from,
  to: { bucket: run.buckets.model, key },
  contentType: typeOf(key),
});

type DatasetFiles = Run['keys']['dataset'];
type ModelFiles = Pick<ReturnType<typeof modelKeys>, 'input' | 'transform' | 'report' | 'metrics'>;

function modelCopies(run: Run, from: ModelFiles, to: ModelFiles): Copy[] {
  const { prefix: _, ...input } = to.input;
  const copy = (fromKey: string, key: string) =>
    toModelBucket(run, { bucket: run.buckets.model, key: fromKey }, key);
  const names = Object.keys(input) as (keyof typeof input)[];
  const ofTransform = Object.keys(to.transform) as (keyof typeof to.transform)[];
  return [
    ...names.map((name) => copy(from.input[name], input[name])),
    ...ofTransform.map((name) => copy(from.transform[name], to.transform[name])),
    copy(from.report, to.report),
    copy(from.metrics, to.metrics),
  ];
}

/** A station without observed values has no values.csv. */
function datasetCopies(run: Run, from: DatasetFiles, to: DatasetFiles, hasValues: boolean): Copy[] {
  const names = Object.keys(run.keys.dataset) as (keyof DatasetFiles)[];
  return names
    .filter((name) => name !== 'values' || hasValues)
    .map((name) => toModelBucket(run, { bucket: run.buckets.model, key: from[name] }, to[name]));
}

async function remove(run: PublishingRun, key: string): Promise<void> {
  const location = { bucket: run.buckets.model, key };
  const etag = await findVersion(location);
  await renewClaim(run, run.keys.claim);
  await renewClaim(run, run.keys.dataset_claim);
  if (etag !== null) await deleteConditionally(location, etag);
}

async function writeManifest(
  { run, snapshot_at, outcome, images }: FinishedRun,
  files: WrittenFile[],
  key: string,
): Promise<void> {
  const { id: run_id, model_uuid, model_code, dataset_code, execution_arn, started_at } = run;
  const ofRun = { model_uuid, model_code, dataset_code, run_id, execution_arn, started_at };
  const { parameters, start_model } = run;
  const { smoothing_hours } = parameters;
  const manifest: ModelManifest = {
    ...ofRun,
    ...{ snapshot_at, outcome, images, smoothing_hours, start_model, files },
  };
  const location = { bucket: run.buckets.model, key: run.keys.manifest };
  await writeJson(location, manifest);
  await replace(run, [toModelBucket(run, location, key)]);
}
