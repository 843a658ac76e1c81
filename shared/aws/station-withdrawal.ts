import pMap from 'p-map';
import { findModelUuids } from '../fpe-database/scoring-model.ts';
import { photosWithPeople } from '../fpe-database/station-export.ts';
import { imagesetUuidOf } from '../image-key.ts';
import {
  imagesetPredictionsKey,
  modelKeys,
  modelsFolder,
  publicFolder,
  versionKeys,
  versionsFolder,
} from '../keys.ts';
import { PhotoSet } from '../photo-set.ts';
import type { Withdrawn } from '../scoring-state.ts';
import { sizeOf, type Withdrawal } from '../withdrawal.ts';
import { DATABASE_LIMITS, withDatabase } from './database.ts';
import { listFolders } from './object-store.ts';
import { withdrawFromFile, withdrawFromFolder } from './withdrawal.ts';
import { clearWithdrawal, findWithdrawal, type RecordOwner, recordWithdrawal } from './withdrawal-record.ts';

const FOLDERS_AT_ONCE = 5;

/** A station with its lists of photos that have to go, and that have gone. */
export type WithdrawingStation = RecordOwner & { station: { id: number } };

/**
 * Takes the photos that are on the station's list out of every public file of every model that it has or had, then out of the
 * predictions in the model bucket, and clears the list when all is done. Twice is once.
 *
 * @param codes model codes besides those that have published models of this pipeline
 */
export async function withdrawFromStation(
  owner: WithdrawingStation,
  codes: readonly string[],
): Promise<Withdrawn> {
  const photos = await findWithdrawal(owner);
  if (!photos) return { photos: 0, files: 0 };
  const names = PhotoSet.fromJSON(photos);
  const versions = await versionsOf(owner);
  const { uuids, people } = await withDatabase(
    async (database) => ({
      uuids: await findModelUuids(database, owner.station.id),
      people: await photosWithPeople(database, owner.station.id),
    }),
    DATABASE_LIMITS.manyRows,
  );
  const folders = new Set([...uuids, ...versions.map(({ uuid }) => uuid)].map(publicFolder));
  const rewritten = await pMap(
    folders,
    (folder) => withdrawFromFolder(owner.buckets.storage, folder, names),
    {
      concurrency: FOLDERS_AT_ONCE,
    },
  );
  // After the public files, as by these the next execution finds what has to go.
  await withdrawFromOwnFiles(owner, versions, codes, photos, names);
  const listed = new Set(photos.image_ids);
  const image_ids = people.map(({ id }) => id).filter((id) => listed.has(id));
  if (image_ids.length > 0)
    await recordWithdrawal(owner, { image_ids, filenames: [] }, { list: 'withdrawn' });
  await clearWithdrawal(owner, photos);
  return { photos: sizeOf(photos), files: rewritten.reduce((sum, files) => sum + files, 0) };
}

type Version = { code: string; uuid: string };

/** Every model that the station ever had, by code and uuid, as far as we have published it. */
async function versionsOf({ station, buckets }: WithdrawingStation): Promise<Version[]> {
  const codes = await listFolders(buckets.model, modelsFolder(station.id));
  const ofCode = async (code: string) =>
    (await listFolders(buckets.model, versionsFolder(station.id, code))).map((uuid) => ({ code, uuid }));
  return (await pMap(codes, ofCode, { concurrency: FOLDERS_AT_ONCE })).flat();
}

/** Predictions in the model bucket, of the station's models and of the photos' imagesets. */
async function withdrawFromOwnFiles(
  { station: { id }, buckets }: WithdrawingStation,
  versions: readonly Version[],
  codes: readonly string[],
  { filenames }: Withdrawal,
  names: PhotoSet,
): Promise<void> {
  const imagesets = new Set(filenames.flatMap((filename) => imagesetUuidOf(filename) ?? []));
  const keys = [
    ...[...new Set([...codes, ...versions.map(({ code }) => code)])].flatMap((code) => {
      const fixed = modelKeys(id, code);
      return [
        ...[...imagesets].map((uuid) => imagesetPredictionsKey(fixed.imagesets, uuid)),
        fixed.transform.predictions,
      ];
    }),
    ...versions.map(({ code, uuid }) => versionKeys(id, code, uuid).transform.predictions),
  ];
  for (const key of keys) await withdrawFromFile({ bucket: buckets.model, key }, names);
}
