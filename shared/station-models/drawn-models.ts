import { isDeepStrictEqual } from 'node:util';
import pMap from 'p-map';
import * as z from 'zod';
import { isExecutionRunning } from '../aws/executions.ts';
import { copyObject, findJson, findSize, findVersion, readRows, writeJson } from '../aws/object-store.ts';
import { ObjectChanged, ObjectNotFound, TooManyRemovals } from '../errors.ts';
import {
  modelKeys,
  publicFolder,
  publishedKeys,
  runKeys,
  stationKeys,
  versionKeys,
} from '../execution/keys.ts';
import { requireStationExists } from '../execution/station.ts';
import type { ObjectLocation } from '../formats/object-location.ts';
import { objectsIn, s3Uri } from '../formats/object-location.ts';
import { DATABASE_LIMITS, type Database, inTransaction, withDatabase } from '../fpe-database/connection.ts';
import { findAddresses, lockModels, makeOnlyDefault, unlinkModels } from '../fpe-database/published-model.ts';
import { findImageIds, photosWithPeople } from '../fpe-database/station-export.ts';
import { clearDefault, findVerifiedStation, linkModel } from '../fpe-database/verified-models.ts';
import { changeManifest, findManifest, typeOf, writePublicFiles } from '../model-bucket/model-publication.ts';
import { changePeopleRecord, readPeopleRecord } from '../model-bucket/people-record.ts';
import { requireUnclaimed } from '../model-bucket/run-claim.ts';
import { withdrawFromFolder } from '../model-bucket/withdrawal.ts';
import { inputImage } from '../model-input/rank-input.ts';
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
import { type ModelAddresses, modelAddresses } from '../publication/model-addresses.ts';
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

/** A station with its models that have a uuid, the newest training first. @throws StationNotFound */
export const findStationModels = (
  stationId: number,
  places: Places,
): Promise<{ station: VerifiedStation; models: StationModel[] }> =>
  withDatabase((database) => readStationModels(database, stationId, places));

async function readStationModels(database: Database, stationId: number, places: Places) {
  const found = requireStationExists(await findVerifiedStation(database, stationId), stationId);
  const models = await pMap(
    found.rows,
    async ({ uuid, ...row }): Promise<StationModel[]> => {
      if (uuid === null) return [];
      const { manifest } = versionKeys(stationId, row.code, uuid);
      const is_ours = (await findManifest({ buckets: places }, manifest)) !== null;
      return [{ ...row, uuid, is_ours }];
    },
    { concurrency: 10 },
  );
  return { station: found.station, models: models.flat() };
}

/** What a request would change, null where the website shows the model like that already. @throws StationNotFound, NoModel, ModelAmbiguous */
export async function findDrawingChange(
  request: DrawingRequest,
  places: Places,
): Promise<DrawingChange | null> {
  const { models } = await findStationModels(request.station_id, places);
  return planDrawing(models, request, whereOf(request));
}

const whereOf = ({ station_id }: DrawingRequest): string => `models of station ${station_id}`;

/**
 * Changes what the website draws of a station: files first, then the rows in one transaction. Twice is once.
 *
 * @param agreed the change that a person has agreed to
 * @param region of the buckets, for addresses
 * @throws ObjectChanged when the rows are others by now, ClaimLost while an execution works on the code, ObjectNotFound when a model
 * of upstream's has no files to draw
 */
export async function changeDrawing(
  request: DrawingRequest,
  agreed: DrawingChange,
  places: Places,
  region: string,
): Promise<void> {
  await withDatabase(async (database) => {
    const id = request.station_id;
    const { station } = requireStationExists(await findVerifiedStation(database, id), id);
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
  const { models } = await readStationModels(database, request.station_id, places);
  if (isDeepStrictEqual(planDrawing(models, request, whereOf(request)), agreed)) return;
  throw new ObjectChanged({
    what: 'The station’s models are others by now',
    where: whereOf(request),
    found: 'rows that were changed meanwhile',
    expected: 'those that the change was agreed to for',
    fix: 'run the command again, and read what it would do',
  });
}

/** Addresses that a row of upstream's had before it was taken off the page. */
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

  get #version() {
    return versionKeys(this.#station.id, this.#model.code, this.#model.uuid);
  }

  /** In passing, as the run that made them is long over, and the model may have scored photos since. */
  get #made() {
    const { code, uuid } = this.#model;
    return runKeys(this.#station.id, code, code, `drawn-${uuid}`).published;
  }

  readonly #inModelBucket = (key: string): ObjectLocation => ({ bucket: this.#places.model, key });

  /** @returns addresses of the files @throws ObjectNotFound */
  async makeFiles(allowRemovals: boolean): Promise<ModelAddresses> {
    const { code, uuid, is_ours } = this.#model;
    if (!is_ours) return this.#upstreamAddresses();
    const people = withdrawalOf(await this.#findPeople());
    const images = await writePublicFiles(
      { buckets: { model: this.#places.model }, station: this.#station },
      this.#version,
      this.#made,
      joinWithdrawals(people, await this.#findGone(allowRemovals)),
    );
    await this.#tellOfImages(images);
    return modelAddresses(this.#places.storage, uuid, code, this.#region);
  }

  /**
   * Photos of the training that are no longer in the database: they may have shown people, and nobody can tell any more.
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
      where: `station ${this.#station.id} (${this.#station.name}), ${this.#model.code}`,
      found: `${gone.size} of ${known} photos are no longer in the database`,
      expected: `at most ${MOST_VANISHED * 100} %`,
      fix: 'see whether the rows of images and imagesets are back; if the photos are really gone, add --allow-removals',
    });
  }

  /** Those that it had; of one that never had any the usual ones, where there are files. */
  async #upstreamAddresses(): Promise<ModelAddresses> {
    const { code, uuid } = this.#model;
    const saved = await findJson(this.#inModelBucket(this.#version.addresses), savedAddresses);
    if (saved) return saved;
    const { predictions, report } = publishedKeys(uuid, code);
    for (const key of [predictions, report]) {
      const location = { bucket: this.#places.storage, key };
      if ((await findSize(location)) === null)
        throw new ObjectNotFound({
          what: 'A model of upstream’s has no files that could be drawn',
          where: s3Uri(location),
          found: 'no such object',
          expected: 'predictions.csv and the report in the public folder of the model',
          fix: 'upload them, or train anew',
        });
    }
    return modelAddresses(this.#places.storage, uuid, code, this.#region);
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
    const to = publishedKeys(uuid, code);
    const inStorage = objectsIn(this.#places.storage);
    if (is_ours) {
      const made = this.#made;
      for (const name of Object.keys(made) as (keyof typeof made)[])
        await copyObject(this.#inModelBucket(made[name]), inStorage(to[name]), typeOf(to[name]));
      if ((await findVersion(inStorage(to.model))) === null)
        await copyObject(this.#inModelBucket(this.#version.model), inStorage(to.model), typeOf(to.model));
    }
    // Once more, as photos may have been found to show people since, or while nobody looked at files that were not drawn.
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
    const { claim, scoring_claim } = modelKeys(this.#station.id, this.#model.code);
    for (const key of [claim, scoring_claim])
      await requireUnclaimed(this.#inModelBucket(key), isExecutionRunning);
  }
}
