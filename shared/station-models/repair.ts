import { Readable } from 'node:stream';
import { isExecutionRunning } from '../aws/executions.ts';
import {
  CSV_TYPE,
  copyConditionally,
  createObject,
  deleteConditionally,
  deleteObject,
  findJson,
  findVersion,
  HTML_TYPE,
  listObjects,
  readAllRows,
  readRows,
  readVersion,
  writeConditionally,
  writeCsv,
} from '../aws/object-store.ts';
import { ANNOTATION_COLUMNS, annotationLine, annotationRow } from '../dataset/columns.ts';
import { imagesetUuidOf } from '../dataset/photo-key.ts';
import { withoutPeople } from '../dataset/public-annotations.ts';
import { ClaimLost, FileInvalid, ObjectChanged } from '../errors.ts';
import {
  imagesetPredictionsKey,
  modelKeys,
  passingPrefix,
  publicFolder,
  publishedKeys,
  runKeys,
  stationKeys,
  versionKeys,
} from '../execution/keys.ts';
import { csvPieces, formatCsv } from '../formats/csv.ts';
import { parseJsonAs } from '../formats/json.ts';
import { stationClock } from '../formats/local-time.ts';
import type { ObjectLocation } from '../formats/object-location.ts';
import { type Database, inTransaction } from '../fpe-database/connection.ts';
import { lockModels } from '../fpe-database/published-model.ts';
import { findModelUuids } from '../fpe-database/scoring-model.ts';
import { keepOneDefault, unlinkFile } from '../fpe-database/verified-models.ts';
import {
  findManifest,
  replacedFiles,
  restoreFixedPlaces,
  typeOf,
} from '../model-bucket/model-publication.ts';
import { replaceTogether } from '../model-bucket/publication.ts';
import { finishClaim, readClaim, requireUnclaimed } from '../model-bucket/run-claim.ts';
import { withdrawFromFile } from '../model-bucket/withdrawal.ts';
import { recordWithdrawal } from '../model-bucket/withdrawal-record.ts';
import { inputImage } from '../model-input/rank-input.ts';
import type { ModelType } from '../model-types/model-type.ts';
import { DEFAULT_MODEL_TYPE, idOf, MODEL_TYPES } from '../model-types/registry.ts';
import {
  IMAGESET_PREDICTION_COLUMNS,
  imagesetLine,
  type PredictedPhoto,
  predictedPhoto,
} from '../predictions/columns.ts';
import { byInstant } from '../predictions/extended-predictions.ts';
import { photosScoredElsewhere, readPredictedPhotos } from '../predictions/photo-selection.ts';
import { PhotoSet } from '../predictions/photo-set.ts';
import { publicFile } from '../predictions/public-predictions.ts';
import { type ModelManifest, modelManifest } from '../publication/model-manifest.ts';
import type { Places, Repair, RestorableFile } from '../verification/findings.ts';
import { ownKeyOf, ownPredictionsKey, readValue } from '../verification/own-files.ts';
import type { StationLook } from './facts.ts';
import { withdrawFromStation } from './withdrawal.ts';

/**
 * Carries out one repair. Every write is conditional: what has changed since it was checked stays as it is.
 *
 * @returns null if it was done, otherwise why it was not
 * @throws the errors of the database or a bucket
 */
export async function repairStation(
  repair: Repair,
  look: StationLook,
  database: Database,
  places: Places,
): Promise<string | null> {
  const work = new RepairWork(look, database, places);
  try {
    return await work.perform(repair);
  } catch (error) {
    if (error instanceof ObjectChanged || error instanceof ClaimLost)
      return `something else is being written there (${error.name}); look again`;
    throw error;
  }
}

const CHANGED = 'it has changed meanwhile; look again';

class RepairWork {
  readonly #look: StationLook;
  readonly #database: Database;
  readonly #places: Places;

  constructor(look: StationLook, database: Database, places: Places) {
    this.#look = look;
    this.#database = database;
    this.#places = places;
  }

  async perform(repair: Repair): Promise<string | null> {
    switch (repair.do) {
      case 'keep_one_default':
        return changed(
          await inTransaction(this.#database, () => keepOneDefault(this.#database, this.#id, repair)),
        );
      case 'unlink':
        return changed(await unlinkFile(this.#database, repair));
      case 'copy':
        await copyConditionally(repair.from, repair.to, typeOf(repair.to.key), {
          expected: repair.etag,
          runId: repair.run_id,
        });
        return null;
      case 'restore_public_file':
        return this.#restorePublicFile(repair);
      case 'rebuild_predictions':
        return this.#rebuildPredictions(repair);
      case 'rebuild_imageset':
        return this.#rebuildImageset(repair);
      case 'withdraw':
        return this.#withdraw();
      case 'finish_claim':
        await finishClaim({ execution_arn: repair.execution_arn, buckets: this.#places }, repair.key);
        return null;
      case 'delete_claim':
        return this.#deleteClaim(repair);
      case 'take_back':
        return this.#takeBack(repair.manifest);
      case 'restore_fixed_places':
        return this.#restoreFixedPlaces(repair);
      case 'restore_own_files':
        return this.#restoreOwnFiles(repair);
      case 'delete_public_folder':
        return this.#deletePublicFolder(repair.uuid);
      case 'delete_run_folder':
        return deleteBelow(this.#places.model, repair.prefix);
    }
  }

  get #id(): number {
    return this.#look.facts.station.id;
  }
  #inModelBucket = (key: string): ObjectLocation => ({ bucket: this.#places.model, key });
  #inStorage = (key: string): ObjectLocation => ({ bucket: this.#places.storage, key });
  get #hidden(): PhotoSet {
    return PhotoSet.fromJSON(this.#look.people);
  }

  /** The model's own predictions, all of them. */
  async #ownPredictions(code: string, uuid: string): Promise<PredictedPhoto[] | null> {
    const row = this.#look.facts.rows.find((each) => each.code === code && each.uuid === uuid);
    const key = row ? ownPredictionsKey(this.#look.facts, row) : null;
    return key === null ? null : readAllRows(this.#inModelBucket(key), predictedPhoto);
  }

  /** The type under whose prefix the model's files were found. */
  #typeOf(code: string, uuid: string): ModelType {
    const ofCode = this.#look.facts.codes.filter((each) => each.code === code);
    const found =
      ofCode.find(
        ({ manifest, versions }) =>
          versions.some((version) => version.uuid === uuid) || readValue(manifest)?.model_uuid === uuid,
      ) ?? ofCode[0];
    return found?.type ?? MODEL_TYPES[DEFAULT_MODEL_TYPE];
  }

  /** The model's own scores, and those that only the public file has, in the form the website reads (Q-P1, Q-P2, Q-P3). */
  async #rebuildPredictions({ code, uuid }: { code: string; uuid: string }): Promise<string | null> {
    const location = this.#inStorage(publishedKeys(uuid, code).predictions);
    const own = await this.#ownPredictions(code, uuid);
    if (!own) return 'the model has no predictions of its own';
    const etag = await findVersion(location);
    const shown = etag === null ? [] : await readAllRows(location, predictedPhoto).catch(noneOfInvalid);
    const hidden = this.#hidden;
    const rows = joinPredictions(shown, own)
      .filter((row) => row.score !== null && !hidden.has(row))
      .sort(byInstant);
    const clock = stationClock(this.#look.facts.station.timezone);
    const { manifest } = versionKeys(this.#typeOf(code, uuid), this.#id, code, uuid);
    const made = await findManifest({ buckets: this.#places }, manifest).catch(nullOfInvalid);
    const body = publicFile(inBatches(rows), clock, made?.smoothing_hours ?? null);
    return this.#writePublic(location, Readable.from(body), etag);
  }

  async #writePublic(location: ObjectLocation, body: Readable, etag: string | null): Promise<string | null> {
    if (etag === null) return changed(await createObject(location, body, CSV_TYPE));
    await writeCsv(location, body, etag);
    return null;
  }

  /** Only rows of photos that the model's predictions still have: all others were withdrawn or have disappeared. */
  async #restorePublicFile({
    code,
    uuid,
    file,
  }: {
    code: string;
    uuid: string;
    file: RestorableFile;
  }): Promise<string | null> {
    const own = versionKeys(this.#typeOf(code, uuid), this.#id, code, uuid);
    const predictions = await this.#ownPredictions(code, uuid);
    if (!predictions) return 'the model has no predictions of its own';
    const kept = new Set(predictions.map(({ filename }) => filename));
    const hidden = this.#hidden;
    for await (const rows of readRows(this.#inModelBucket(own.input.images), inputImage))
      for (const { filename, image_id } of rows)
        if (!kept.has(filename)) {
          hidden.add({ image_id, filename });
          hidden.add({ image_id: null, filename });
        }
    const { run_id: runId } = (await findManifest({ buckets: this.#places }, own.manifest)) as ModelManifest;
    // Created where nobody reads it, so that no photo becomes public even for a moment.
    const made = this.#inModelBucket(
      `${passingPrefix(this.#typeOf(code, uuid))}${this.#id}/${code}/${runId}/repaired/${file}`,
    );
    const ending = file === 'report' ? 'html' : 'csv';
    const at = { bucket: made.bucket, key: `${made.key}.${ending}` };
    if (file === 'annotations') {
      const rows = await readAllRows(this.#inModelBucket(own.input.annotations), annotationRow);
      const pieces = csvPieces(ANNOTATION_COLUMNS, withoutPeople(rows), annotationLine, 'NA');
      await writeCsv(at, Readable.from(pieces));
    } else {
      const from = this.#inModelBucket(file === 'report' ? own.report : own.input.images);
      const expected = await findVersion(at);
      await copyConditionally(from, at, file === 'report' ? HTML_TYPE : CSV_TYPE, { expected, runId });
    }
    await withdrawFromFile(at, hidden);
    const to = this.#inStorage(publishedKeys(uuid, code)[file]);
    const expected = await findVersion(to);
    await copyConditionally(at, to, file === 'report' ? HTML_TYPE : CSV_TYPE, { expected, runId });
    await deleteObject(at);
    return null;
  }

  async #rebuildImageset({
    code,
    uuid,
    imageset_uuid,
  }: {
    code: string;
    uuid: string;
    imageset_uuid: string;
  }): Promise<string | null> {
    const folder = modelKeys(this.#typeOf(code, uuid), this.#id, code).imagesets;
    const location = this.#inModelBucket(imagesetPredictionsKey(folder, imageset_uuid));
    const etag = await findVersion(location);
    const others = etag === null ? [] : await readAllRows(location, predictedPhoto).catch(noneOfInvalid);
    const rows = (await this.#imagesetRows(code, uuid, imageset_uuid, others)).sort(byInstant);
    const clock = stationClock(this.#look.facts.station.timezone);
    const text = formatCsv(IMAGESET_PREDICTION_COLUMNS, rows.map(imagesetLine(clock)));
    return this.#writePublic(location, Readable.from([text]), etag);
  }

  /**
   * For upstream's models, the published predictions are the ones that scorings extend.
   *
   * @param others rows of the present file: what only FPE's tools have scored stays, unless it is another model's
   */
  async #imagesetRows(
    code: string,
    uuid: string,
    imagesetUuid: string,
    others: readonly PredictedPhoto[],
  ): Promise<PredictedPhoto[]> {
    const own = (await this.#ownPredictions(code, uuid)) ?? [];
    const key = publishedKeys(uuid, code).predictions;
    const shown = await readAllRows(this.#inStorage(key), predictedPhoto).catch(noneOfInvalid);
    const known = joinPredictions(shown, own).filter(
      ({ filename }) => imagesetUuidOf(filename) === imagesetUuid,
    );
    const { scores, tolerance } = await readPredictedPhotos(inOneBatch(known));
    const isOfModel = (await photosScoredElsewhere({ scores, tolerance }, inOneBatch(others))) !== null;
    const hidden = this.#hidden;
    return isOfModel ? joinPredictions(others, known).filter((row) => !hidden.has(row)) : known;
  }

  async #withdraw(): Promise<string | null> {
    const { people, facts } = this.#look;
    const owner = { station: facts.station, buckets: this.#places, keys: stationKeys(this.#id) };
    if (facts.tablesWithPeople.length > 0) await recordWithdrawal(owner, people);
    await withdrawFromStation(
      owner,
      facts.codes.map(({ code }) => code),
    );
    return null;
  }

  async #deleteClaim({ key, execution_arn }: { key: string; execution_arn: string }): Promise<string | null> {
    const held = await readClaim(this.#inModelBucket(key));
    if (!held) return null;
    if (held.claim.execution_arn !== execution_arn) return CHANGED;
    return changed(await deleteConditionally(this.#inModelBucket(key), held.etag));
  }

  /** As a failing publication does itself, under the same lock. */
  async #takeBack(manifest: ModelManifest): Promise<string | null> {
    const { model_uuid, model_code, dataset_code, run_id, execution_arn } = manifest;
    const type = this.#typeOf(model_code, model_uuid);
    const keys = runKeys(type, this.#id, dataset_code, model_code, run_id);
    if ((await findJson(this.#inModelBucket(keys.replaced.list), replacedFiles)) === null)
      return `nothing tells what lay there before: ${keys.replaced.list} is gone; train anew with that model_code and "overwrite": true`;
    const run = {
      parameters: { model_type: idOf(type) },
      id: run_id,
      station: { ...this.#look.facts.station, nwis_id: null, synthetic: false },
      buckets: this.#places,
      ...{ model_code, model_uuid, execution_arn, keys },
    };
    return inTransaction(this.#database, async () => {
      await lockModels(this.#database, this.#id);
      if (await isExecutionRunning(execution_arn)) return 'its execution was redriven, and goes on';
      const uuids = await findModelUuids(this.#database, this.#id);
      if (uuids.includes(model_uuid)) return 'it was published meanwhile; look again';
      await restoreFixedPlaces(run);
      return null;
    });
  }

  /** Copies of the model's own files, and the manifest that names them. The dataset's places may be another model's. */
  async #restoreFixedPlaces({ code, uuid }: { code: string; uuid: string }): Promise<string | null> {
    const type = this.#typeOf(code, uuid);
    const fixed = modelKeys(type, this.#id, code);
    const own = versionKeys(this.#typeOf(code, uuid), this.#id, code, uuid);
    const manifest = await findManifest({ buckets: this.#places }, own.manifest);
    const at = this.#inModelBucket(fixed.manifest);
    const lies = await readVersion(at);
    const known = await findManifest({ buckets: this.#places }, fixed.manifest).catch(nullOfInvalid);
    if (!manifest) return CHANGED;
    const isOwn = known?.model_uuid === uuid;
    const folder = own.manifest.slice(0, own.manifest.lastIndexOf('/') + 1);
    const ofCode = fixed.manifest.slice(0, fixed.manifest.lastIndexOf('/') + 1);
    const isCopied = /^(input|transform)\/|^metrics\.json$|^[^/]+\.html$/;
    const places = new Map(
      manifest.files
        .filter(({ key }) => isCopied.test(key.slice(folder.length)))
        .map(({ key }) => [`${ofCode}${key.slice(folder.length)}`, key]),
    );
    // The name of the training job is known only from the files there.
    for (const { key } of isOwn ? (known?.files ?? []) : [])
      if (key.startsWith(`${fixed.jobs}/`))
        places.set(key, ownKeyOf(key, manifest, this.#id, type) as string);
    const copies = [...places].map(([to, from]) => ({
      from: this.#inModelBucket(from),
      to: this.#inModelBucket(to),
      contentType: typeOf(to),
    }));
    const written = await replaceTogether(copies, manifest.run_id, () =>
      requireUnclaimed(this.#inModelBucket(fixed.claim), isExecutionRunning),
    );
    const others = isOwn ? (known?.files ?? []).filter(({ key }) => !places.has(key)) : [];
    const restored: ModelManifest = { ...manifest, files: [...others, ...written] };
    return changed(await writeConditionally(at, `${JSON.stringify(restored, null, 2)}\n`, lies?.etag));
  }

  async #restoreOwnFiles({
    code,
    uuid,
    copies,
  }: {
    code: string;
    uuid: string;
    copies: readonly { from: string; to: string }[];
  }): Promise<string | null> {
    const at = this.#inModelBucket(versionKeys(this.#typeOf(code, uuid), this.#id, code, uuid).manifest);
    const lies = await readVersion(at);
    if (!lies) return CHANGED;
    const manifest = parseJsonAs(lies.text, modelManifest);
    const etags = new Map(manifest.files.map(({ key, etag }) => [key, etag]));
    for (const { from, to } of copies) {
      const expected = await findVersion(this.#inModelBucket(to));
      const options = { expected, runId: manifest.run_id };
      etags.set(
        to,
        await copyConditionally(this.#inModelBucket(from), this.#inModelBucket(to), typeOf(to), options),
      );
    }
    const files = manifest.files.map((file) => ({ ...file, etag: etags.get(file.key) as string }));
    return changed(
      await writeConditionally(at, `${JSON.stringify({ ...manifest, files }, null, 2)}\n`, lies.etag),
    );
  }

  async #deletePublicFolder(uuid: string): Promise<string | null> {
    return inTransaction(this.#database, async () => {
      await lockModels(this.#database, this.#id);
      if ((await findModelUuids(this.#database, this.#id)).includes(uuid)) return CHANGED;
      return deleteBelow(this.#places.storage, publicFolder(uuid));
    });
  }
}

/** One row per photo: the model's own if both have a score; FPE's tools may have read photos that we could not. */
const joinPredictions = (shown: readonly PredictedPhoto[], own: readonly PredictedPhoto[]) => {
  const isScored = ({ score }: PredictedPhoto) => score !== null;
  const blank = [...shown, ...own].filter((row) => !isScored(row));
  const inRank = [...blank, ...shown.filter(isScored), ...own.filter(isScored)];
  return [...new Map(inRank.map((row) => [row.filename, row])).values()];
};

const ROWS_PER_BATCH = 10_000;

/** So that the text of a file is never there at once. */
function* inBatches(rows: readonly PredictedPhoto[]): Generator<PredictedPhoto[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_BATCH)
    yield rows.slice(start, start + ROWS_PER_BATCH);
}

async function* inOneBatch(rows: readonly PredictedPhoto[]): AsyncGenerator<PredictedPhoto[]> {
  yield [...rows];
}

const changed = (isDone: boolean): string | null => (isDone ? null : CHANGED);

async function deleteBelow(bucket: string, folder: string): Promise<null> {
  for await (const { key } of listObjects(bucket, folder)) await deleteObject({ bucket, key });
  return null;
}

function noneOfInvalid(error: unknown): PredictedPhoto[] {
  if (error instanceof FileInvalid) return [];
  throw error;
}

function nullOfInvalid(error: unknown): null {
  if (error instanceof FileInvalid) return null;
  throw error;
}
