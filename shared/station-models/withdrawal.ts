import pMap from 'p-map';
import { findVersion, listFolders } from '../aws/object-store.ts';
import { imagesetUuidOf } from '../dataset/photo-key.ts';
import { ObjectChanged } from '../errors.ts';
import {
  imagesetPredictionsKey,
  modelKeys,
  modelsFolder,
  publicFolder,
  versionKeys,
  versionsFolder,
} from '../execution/keys.ts';
import type { Withdrawn } from '../execution/score-station-state.ts';
import { objectsIn, s3Uri } from '../formats/object-location.ts';
import { DATABASE_LIMITS, withDatabase } from '../fpe-database/connection.ts';
import { findModelUuids } from '../fpe-database/scoring-model.ts';
import { photosWithPeople } from '../fpe-database/station-export.ts';
import { renewManifest } from '../model-bucket/model-publication.ts';
import {
  type PeopleRecordOwner,
  readPeopleRecord,
  writePeopleRecord,
} from '../model-bucket/people-record.ts';
import { withdrawFromFile, withdrawFromFolder } from '../model-bucket/withdrawal.ts';
import { clearWithdrawal, findWithdrawal, type RecordOwner } from '../model-bucket/withdrawal-record.ts';
import type { ModelType } from '../model-types/model-type.ts';
import { modelTypes } from '../model-types/registry.ts';
import { withCleanFolders } from '../predictions/people-record.ts';
import { PhotoSet } from '../predictions/photo-set.ts';
import { joinWithdrawals, sizeOf, type Withdrawal, withdrawalOf } from '../predictions/withdrawal.ts';

const FOLDERS_AT_ONCE = 5;
/** A publication takes seconds, and a station has only one at a time. */
const MAX_TRIES = 5;

/** A station with its list of photos to be withdrawn, and its record of those with people. */
export type WithdrawingStation = RecordOwner & PeopleRecordOwner & { station: { id: number } };

/**
 * Removes the photos on the station's list from every public file of every model that it has or had, then from the predictions in
 * the model bucket, and clears the list when all is done. Idempotent.
 *
 * @param codes model codes besides those that have published models of this pipeline
 */
export async function withdrawFromStation(
  owner: WithdrawingStation,
  codes: readonly string[],
): Promise<Withdrawn> {
  const photos = await findWithdrawal(owner);
  if (!photos) return { photos: 0, files: 0 };
  let files = 0;
  for (let attempt = 1; ; attempt++) {
    // Read before anything else: a publication in the meantime changes it.
    const { record, etag } = await readPeopleRecord(owner);
    const { uuids, people } = await withDatabase(
      async (database) => ({
        uuids: await findModelUuids(database, owner.station.id),
        people: await photosWithPeople(database, owner.station.id, record.imagesets),
      }),
      DATABASE_LIMITS.manyRows,
    );
    const versions = await versionsOf(owner);
    const ofModels = [
      ...new Set([...uuids, ...versions.map(({ uuid }) => uuid), ...Object.keys(record.folders)]),
    ];
    const toGo = joinWithdrawals(photos, withdrawalOf(people));
    const names = PhotoSet.fromJSON(toGo);
    files += await withdrawFromFolders(owner, ofModels, names);
    // After the public files, because the next execution finds in these predictions what has to be withdrawn.
    await withdrawFromOwnFiles(owner, versions, codes, toGo, names);
    const clean = withCleanFolders(
      record,
      ofModels,
      people.map(({ id }) => id),
    );
    if (await writePeopleRecord(owner, clean, etag)) break;
    if (attempt === MAX_TRIES) throw contested(owner);
  }
  await clearWithdrawal(owner, photos);
  return { photos: sizeOf(photos), files };
}

async function withdrawFromFolders(
  { buckets }: WithdrawingStation,
  uuids: readonly string[],
  names: PhotoSet,
): Promise<number> {
  const rewritten = await pMap(
    uuids,
    (uuid) => withdrawFromFolder(buckets.storage, publicFolder(uuid), names),
    { concurrency: FOLDERS_AT_ONCE },
  );
  return rewritten.reduce((sum, files) => sum + files, 0);
}

const contested = ({ buckets, keys }: WithdrawingStation): ObjectChanged =>
  new ObjectChanged({
    what: 'Other executions keep publishing while photos are withdrawn',
    where: s3Uri({ bucket: buckets.model, key: keys.people }),
    found: `${MAX_TRIES} publications of the station in a row`,
    expected: 'a moment in which nothing is being published',
    fix: 'nothing: the machine retries, and the list of photos to withdraw is kept',
  });

type Version = { type: ModelType; code: string; uuid: string };

/** Every model that the station ever had and that this pipeline published, by code and uuid. */
async function versionsOf({ station, buckets }: WithdrawingStation): Promise<Version[]> {
  const ofType = async (type: ModelType): Promise<Version[]> => {
    const codes = await listFolders(buckets.model, modelsFolder(type, station.id));
    const ofCode = async (code: string) =>
      (await listFolders(buckets.model, versionsFolder(type, station.id, code))).map((uuid) => ({
        type,
        code,
        uuid,
      }));
    return (await pMap(codes, ofCode, { concurrency: FOLDERS_AT_ONCE })).flat();
  };
  return (await pMap(modelTypes(), ofType)).flat();
}

/**
 * Predictions in the model bucket, of the station's models and of the photos' imagesets, and the manifests that hold their ETags.
 */
async function withdrawFromOwnFiles(
  { station: { id }, buckets }: WithdrawingStation,
  versions: readonly Version[],
  codes: readonly string[],
  toGo: Withdrawal,
  names: PhotoSet,
): Promise<void> {
  const inModelBucket = objectsIn(buckets.model);
  const fixed = modelTypes().flatMap((type) => {
    const ofType = versions.filter((version) => version.type === type).map(({ code }) => code);
    return [...new Set([...codes, ...ofType])].map((code) => modelKeys(type, id, code));
  });
  for (const places of fixed) await withdrawFromImagesets(places, buckets, toGo, names);
  const ofVersions = versions.map(({ type, code, uuid }) => versionKeys(type, id, code, uuid));
  for (const { transform, manifest } of [...fixed, ...ofVersions]) {
    const predictions = inModelBucket(transform.predictions);
    await withdrawFromFile(predictions, names);
    const etag = await findVersion(predictions);
    if (etag !== null) await renewManifest(inModelBucket(manifest), [{ ...predictions, etag }]);
  }
}

/** Predictions of the photos' imagesets at the fixed places of a code, from which FPE's scripts create public ones. */
export async function withdrawFromImagesets(
  { imagesets: folder }: Pick<ReturnType<typeof modelKeys>, 'imagesets'>,
  buckets: { model: string },
  { filenames }: Withdrawal,
  names: PhotoSet,
): Promise<void> {
  const uuids = new Set(filenames.flatMap((filename) => imagesetUuidOf(filename) ?? []));
  for (const uuid of uuids)
    await withdrawFromFile({ bucket: buckets.model, key: imagesetPredictionsKey(folder, uuid) }, names);
}
