import { isDeepStrictEqual } from 'node:util';
import pMap from 'p-map';
import * as z from 'zod';
import { isExecutionRunning } from '../aws/executions.ts';
import { copyObject, findJson, findSize, findVersion, readRows, writeJson } from '../aws/object-store.ts';
import { FileInvalid, ObjectChanged, ObjectNotFound, TooManyRemovals } from '../errors.ts';
import {
  modelKeys,
  publicFolder,
  publishedKeys,
  runKeys,
  scoredModelKeys,
  stationKeys,
  versionKeys,
} from '../execution/keys.ts';
import { requireStationExists, stationInWords } from '../execution/station.ts';
import { countOf, formatCount } from '../formats/numbers.ts';
import { type ObjectLocation, objectsIn, s3Uri } from '../formats/object-location.ts';
import { DATABASE_LIMITS, type Database, inTransaction, withDatabase } from '../fpe-database/connection.ts';
import { findAddresses, lockModels, makeOnlyDefault, unlinkModels } from '../fpe-database/published-model.ts';
import { findStationWithModels } from '../fpe-database/scoring-model.ts';
import { findImageIds, photosWithPeople } from '../fpe-database/station-export.ts';
import { clearDefault, linkModel } from '../fpe-database/verified-models.ts';
import { findComparison } from '../model-bucket/compared-models.ts';
import { readModelFilters } from '../model-bucket/model-files.ts';
import { changeManifest, findManifest, typeOf, writePublicFiles } from '../model-bucket/model-publication.ts';
import { changePeopleRecord, readPeopleRecord } from '../model-bucket/people-record.ts';
import { requireUnclaimed } from '../model-bucket/run-claim.ts';
import { withdrawFromFolder } from '../model-bucket/withdrawal.ts';
import { misreadWindows, windowsOf } from '../model-input/model-windows.ts';
import { inputImage } from '../model-input/rank-input.ts';
import { isModelType, modelTypeOf } from '../model-types/registry.ts';
import { predictedPhoto } from '../predictions/columns.ts';
import { withNewFolder } from '../predictions/people-record.ts';
import { areFewVanished, MOST_VANISHED } from '../predictions/photo-selection.ts';
import { PhotoSet } from '../predictions/photo-set.ts';
import { joinWithdrawals, type Withdrawal, withdrawalOf } from '../predictions/withdrawal.ts';
import {
  type DrawingAction,
  type DrawingChange,
  planDrawing,
  type StationModel,
} from '../publication/drawn-models.ts';
import { type ModelAddresses, modelAddresses, NO_ADDRESSES } from '../publication/model-addresses.ts';
import { comparedFigures, verdictWords } from '../publication/model-comparison.ts';
import type { ModelManifest } from '../publication/model-manifest.ts';
import type { ModelRow } from '../publication/model-row.ts';
import type { VerifiedStation } from '../verification/facts.ts';
import type { Places } from '../verification/findings.ts';

export type DrawingRequest = {
  station_id: number;
  action: DrawingAction;
  code: string;
  keepPrevious: boolean;
  /** Whether more photos than usual may have left the database since the training. */
  allowRemovals: boolean;
};

/** A station with the models that a person may draw or take off the page, the newest training first. @throws StationNotFound */
export const findDrawableModels = (
  stationId: number,
  places: Places,
): Promise<{ station: VerifiedStation; models: StationModel[] }> =>
  withDatabase((database) => readDrawableModels(database, stationId, places));

async function readDrawableModels(database: Database, stationId: number, places: Places) {
  const found = await findStationWithModels(database, stationId);
  const station = requireStationExists(found.station, stationId);
  const models = await pMap(
    found.models,
    async (row): Promise<StationModel> => ({
      ...row,
      is_ours: (await findOwnManifest(row, places)) !== null,
    }),
    { concurrency: 10 },
  );
  return { station, models };
}

const findOwnManifest = async ({ station_id, model_type_id, code, uuid }: ModelRow, places: Places) =>
  uuid === null
    ? null
    : findManifest(
        { buckets: places },
        versionKeys(modelTypeOf(model_type_id), station_id, code, uuid).manifest,
      );

/** What else FPE's tools would do with a model that will be drawn, and how it compares with the default that it replaces. */
export async function drawingRemarks(change: DrawingChange, places: Places): Promise<string[]> {
  const { action, model } = change;
  const { station_id, model_type_id, code, uuid } = model;
  if (action === 'unpublish' || uuid === null) return [];
  const keys = scoredModelKeys(modelTypeOf(model_type_id), station_id, code, uuid);
  const filters = await readModelFilters({ buckets: places, model_uuid: uuid, keys });
  return [...misreadWindows(windowsOf(filters)), ...(await comparedWithBefore(change, places))];
}

/** By the scores that both have: nothing is scored anew. Nothing is said of a model of others, or where there is too little. */
async function comparedWithBefore(
  { action, model, superseded, kept }: DrawingChange,
  { model: bucket, storage }: Places,
): Promise<string[]> {
  const { station_id, model_type_id: type, code, uuid } = model;
  const [before] = [...superseded, ...kept];
  if (action !== 'promote' || !before?.uuid || uuid === null || !isModelType(type)) return [];
  const comparison = await findComparison(
    type,
    bucket,
    versionKeys(modelTypeOf(type), station_id, code, uuid),
    { bucket: storage, key: publishedKeys(before.uuid, before.code).predictions },
  );
  if (comparison === null) return [];
  const [figure, ...figures] = comparedFigures(comparison, code, before.code);
  if (figure === undefined) return [];
  const verdict = verdictWords(comparison, code, `${before.code}, which it replaces`);
  return [
    [comparison.verdict === 'worse' ? `Warning: ${verdict}.` : `${verdict}.`, figure, ...figures].join(' '),
  ];
}

/**
 * What a request would change; null if the website already shows the model that way. @throws StationNotFound, NoModel,
 * ModelAmbiguous
 */
export async function findDrawingChange(
  request: DrawingRequest,
  places: Places,
): Promise<DrawingChange | null> {
  const { models } = await findDrawableModels(request.station_id, places);
  return planDrawing(models, request, whereOf(request));
}

const whereOf = ({ station_id }: DrawingRequest): string => `models of station ${station_id}`;

/**
 * Changes what the website draws for a station: files first, then the rows in one transaction. Idempotent.
 *
 * @param agreed the change that a person has agreed to
 * @param region of the buckets, for addresses
 * @throws ObjectChanged when the rows have changed since, ClaimLost while an execution works on the code, ObjectNotFound when one
 *   of upstream's models has no files to draw
 */
export async function changeDrawing(
  request: DrawingRequest,
  agreed: DrawingChange,
  places: Places,
  region: string,
): Promise<void> {
  await withDatabase(async (database) => {
    const id = request.station_id;
    const station = requireStationExists((await findStationWithModels(database, id)).station, id);
    const work = new DrawingWork(database, station, agreed.model, places, region);
    const addresses = request.action === 'unpublish' ? null : await work.makeFiles(request.allowRemovals);
    await inTransaction(database, async () => {
      await lockModels(database, station.id);
      await requireSamePlan(database, request, agreed, places);
      await work.requireUnclaimed();
      if (addresses === null) return work.unpublish();
      await work.publishFiles();
      await linkModel(database, agreed.model.id, addresses);
      if (request.action === 'restore') return;
      const { model_type_id, variable_id } = agreed.model;
      await makeOnlyDefault(
        database,
        { station_id: station.id, model_type_id, variable_id },
        agreed.model.id,
      );
      await unlinkModels(
        database,
        agreed.superseded.map(({ id }) => id),
      );
    });
  }, DATABASE_LIMITS.manyRows);
}

async function requireSamePlan(
  database: Database,
  request: DrawingRequest,
  agreed: DrawingChange,
  places: Places,
): Promise<void> {
  const { models } = await readDrawableModels(database, request.station_id, places);
  if (isDeepStrictEqual(planDrawing(models, request, whereOf(request)), agreed)) return;
  throw new ObjectChanged({
    what: 'The station’s models are others by now',
    where: whereOf(request),
    found: 'rows that have changed in the meantime',
    expected: 'the ones for which the change was confirmed',
    fix: 'run the command again and check what it would do',
  });
}

/** Addresses that one of upstream's rows had before it was taken off the page. */
const savedAddresses = z.object({
  diagnostics_url: z.string().nullable(),
  diagnostics_s3: z.object({ Bucket: z.string(), Key: z.string() }).nullable(),
  predictions_url: z.string().nullable(),
  predictions_s3: z.object({ Bucket: z.string(), Key: z.string() }).nullable(),
});

class DrawingWork {
  readonly #database: Database;
  readonly #station: VerifiedStation;
  readonly #model: StationModel;
  readonly #places: Places;
  readonly #region: string;

  constructor(
    database: Database,
    station: VerifiedStation,
    model: StationModel,
    places: Places,
    region: string,
  ) {
    this.#database = database;
    this.#station = station;
    this.#model = model;
    this.#places = places;
    this.#region = region;
  }

  get #type() {
    return modelTypeOf(this.#model.model_type_id);
  }

  get #version() {
    const { code, uuid, id } = this.#model;
    return versionKeys(this.#type, this.#station.id, code, uuid ?? `row-${id}`);
  }

  /** Temporary files, because the run that created them ended long ago, and the model may have scored photos since. */
  get #made() {
    const { code, uuid } = this.#model;
    return runKeys(this.#type, this.#station.id, code, code, `drawn-${uuid}`).published;
  }

  readonly #inModelBucket = (key: string): ObjectLocation => ({ bucket: this.#places.model, key });

  /** @returns addresses of the files @throws ObjectNotFound */
  async makeFiles(allowRemovals: boolean): Promise<ModelAddresses> {
    const { code, uuid, is_ours } = this.#model;
    if (uuid === null || !is_ours) return this.#upstreamAddresses();
    const { images: formerly, smoothing_hours } = await this.#requireOwnFiles();
    await this.#requireScores(formerly, allowRemovals);
    const people = withdrawalOf(await this.#findPeople());
    const images = await writePublicFiles(
      { buckets: { model: this.#places.model }, station: this.#station },
      this.#version,
      this.#made,
      joinWithdrawals(people, await this.#findGone(allowRemovals)),
      smoothing_hours,
    );
    await this.#tellOfImages(images);
    return modelAddresses(this.#places.storage, uuid, code, this.#region);
  }

  /**
   * The predictions change with each scoring, so their rows are checked instead.
   *
   * @returns the manifest @throws FileInvalid if any other file is not the one that was published
   */
  async #requireOwnFiles(): Promise<ModelManifest> {
    const { manifest: key, input, report, transform } = this.#version;
    const manifest = (await findManifest({ buckets: this.#places }, key)) as ModelManifest;
    const drawnFrom = new Set([input.images, input.annotations, report]);
    for (const file of manifest.files) {
      const location = { bucket: file.bucket, key: file.key };
      if (!drawnFrom.has(file.key)) continue;
      const etag = await findVersion(location);
      if (etag !== file.etag)
        throw this.#damaged(
          location,
          etag === null ? 'no such file' : `${etag} in the place of ${file.etag}`,
        );
    }
    const predictions = this.#inModelBucket(transform.predictions);
    if ((await findSize(predictions)) === null) throw this.#damaged(predictions, 'no such file');
    return manifest;
  }

  /**
   * Nobody would notice on the page that scores are missing, other than those of withdrawn photos.
   *
   * @param formerly number of rows that the public predictions last had
   * @throws FileInvalid, TooManyRemovals
   */
  async #requireScores(formerly: number, allowRemovals: boolean): Promise<void> {
    const predictions = this.#inModelBucket(this.#version.transform.predictions);
    let scored = 0;
    for await (const rows of readRows(predictions, predictedPhoto))
      scored += rows.filter(({ score }) => score !== null).length;
    if (scored === 0) throw this.#damaged(predictions, 'no scores');
    if (allowRemovals || areFewVanished({ vanished: formerly - scored, known: formerly })) return;
    throw new TooManyRemovals({
      what: 'Too many scores of the model are gone to draw it without them',
      where: s3Uri(predictions),
      found: `${countOf(scored, 'score')}, where ${formatCount(formerly)} were published`,
      expected: `at most ${MOST_VANISHED * 100} % fewer`,
      fix: `check with ./fpe verify --station ${this.#station.id}; if the photos are really gone, add --allow-removals`,
    });
  }

  #damaged(location: ObjectLocation, found: string): FileInvalid {
    return new FileInvalid({
      what: 'A file that the model is drawn from is damaged',
      where: s3Uri(location),
      found,
      expected: `the file that was published, as ${this.#version.manifest} tells`,
      fix: `check with ./fpe verify --station ${this.#station.id}, which repairs what it can with --repair, or train anew`,
    });
  }

  /**
   * Photos of the training that are no longer in the database: they may have shown people, which nobody can check any more.
   *
   * @throws TooManyRemovals
   */
  async #findGone(allowRemovals: boolean): Promise<Withdrawal> {
    const gone = new PhotoSet();
    for await (const rows of readRows(this.#inModelBucket(this.#version.input.images), inputImage))
      for (const row of rows) gone.add(row);
    const known = gone.size;
    for (const image_id of await findImageIds(this.#database, this.#station.id))
      gone.delete({ image_id, filename: '' });
    if (allowRemovals || areFewVanished({ vanished: gone.size, known })) return gone.toJSON();
    throw new TooManyRemovals({
      what: 'Too many photos of the training are gone to show the model without them',
      where: `${stationInWords(this.#station)}, ${this.#model.code}`,
      found: `${gone.size} of ${known} photos are no longer in the database`,
      expected: `at most ${MOST_VANISHED * 100} %`,
      fix: 'check whether the rows of images and imagesets are back; if the photos are really gone, add --allow-removals',
    });
  }

  /**
   * Its current addresses, or those it had when it was taken off the page; for a model that never had any, the usual ones if the
   * files exist.
   */
  async #upstreamAddresses(): Promise<ModelAddresses> {
    const row = (await findAddresses(this.#database, this.#model.id)) ?? NO_ADDRESSES;
    const former = row.predictions_url === null ? await this.#formerAddresses() : row;
    const { diagnostics_url, diagnostics_s3 } = row.diagnostics_url === null ? former : row;
    return { ...former, diagnostics_url, diagnostics_s3 };
  }

  /** A report may be missing, because FPE draws a model from its predictions. @throws ObjectNotFound if these are missing */
  async #formerAddresses(): Promise<ModelAddresses> {
    const { code, uuid } = this.#model;
    const saved = await findJson(this.#inModelBucket(this.#version.addresses), savedAddresses);
    if (saved?.predictions_url) return saved;
    const inStorage = objectsIn(this.#places.storage);
    const keys = uuid === null ? null : publishedKeys(uuid, code);
    if (uuid === null || !keys || (await findSize(inStorage(keys.predictions))) === null)
      throw new ObjectNotFound({
        what: 'A model of upstream’s has no files that could be drawn',
        where: keys ? s3Uri(inStorage(keys.predictions)) : `${code} of station ${this.#station.id}`,
        found: keys ? 'no such object' : 'a row without a uuid and without addresses',
        expected: 'predictions.csv in the public folder of the model',
        fix: 'upload it, or train again',
      });
    const usual = modelAddresses(this.#places.storage, uuid, code, this.#region);
    const hasReport = (await findSize(inStorage(keys.report))) !== null;
    return hasReport ? usual : { ...usual, diagnostics_url: null, diagnostics_s3: null };
  }

  /** Its manifest counts the rows of the public predictions. */
  async #tellOfImages(images: number): Promise<void> {
    await changeManifest(this.#inModelBucket(this.#version.manifest), (manifest) => ({
      ...manifest,
      images,
    }));
  }

  async publishFiles(): Promise<void> {
    const { code, uuid, is_ours } = this.#model;
    if (uuid === null) return;
    const to = publishedKeys(uuid, code);
    const inStorage = objectsIn(this.#places.storage);
    if (is_ours) {
      const made = this.#made;
      for (const name of Object.keys(made) as (keyof typeof made)[])
        await copyObject(this.#inModelBucket(made[name]), inStorage(to[name]), typeOf(to[name]));
      if ((await findVersion(inStorage(to.model))) === null)
        await copyObject(this.#inModelBucket(this.#version.model), inStorage(to.model), typeOf(to.model));
    }
    // Once more, because people may have been found in photos since, or while nobody looked at files that were not drawn.
    const people = await this.#findPeople();
    const folder = publicFolder(uuid);
    await withdrawFromFolder(this.#places.storage, folder, PhotoSet.fromJSON(withdrawalOf(people)));
    const ids = people.map(({ id }) => id);
    await changePeopleRecord(this.#owner, (record) => withNewFolder(record, uuid, ids, []));
  }

  get #owner() {
    return { buckets: { model: this.#places.model }, keys: stationKeys(this.#station.id) };
  }

  async #findPeople() {
    const { record } = await readPeopleRecord(this.#owner);
    return photosWithPeople(this.#database, this.#station.id, record.imagesets);
  }

  async unpublish(): Promise<void> {
    const { id, is_ours } = this.#model;
    if (!is_ours) await this.#saveAddresses();
    await unlinkModels(this.#database, [id]);
    await clearDefault(this.#database, id);
  }

  async #saveAddresses(): Promise<void> {
    const addresses = await findAddresses(this.#database, this.#model.id);
    await writeJson(this.#inModelBucket(this.#version.addresses), savedAddresses.parse(addresses));
  }

  /** @throws ClaimLost while an execution trains or scores with the code */
  async requireUnclaimed(): Promise<void> {
    const { claim, scoring_claim } = modelKeys(this.#type, this.#station.id, this.#model.code);
    for (const key of [claim, scoring_claim])
      await requireUnclaimed(this.#inModelBucket(key), isExecutionRunning);
  }
}
