import pMap from 'p-map';
import * as z from 'zod';
import { DATABASE_LIMITS, withDatabase } from '../shared/aws/database.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { listFolders } from '../shared/aws/object-store.ts';
import { renewClaim } from '../shared/aws/run-claim.ts';
import { withdrawFromFile, withdrawFromFolder } from '../shared/aws/withdrawal.ts';
import { clearWithdrawal, findWithdrawal, recordWithdrawal } from '../shared/aws/withdrawal-record.ts';
import { findModelUuids } from '../shared/fpe-database/scoring-model.ts';
import { photosWithPeople } from '../shared/fpe-database/station-export.ts';
import { imagesetUuidOf } from '../shared/image-key.ts';
import {
  imagesetPredictionsKey,
  modelKeys,
  modelsFolder,
  publicFolder,
  versionKeys,
  versionsFolder,
} from '../shared/keys.ts';
import { requireFewVanished } from '../shared/photo-selection.ts';
import { PhotoSet } from '../shared/photo-set.ts';
import { placeOf, type ScoringRun, scoringRun, selection, type Withdrawn } from '../shared/scoring-state.ts';
import { sizeOf, type Withdrawal } from '../shared/withdrawal.ts';

const event = z.object({ run: scoringRun, selection: selection.pick({ vanished: true, known: true }) });
const FOLDERS_AT_ONCE = 5;

/**
 * Takes photos that show people, or have vanished, out of everything that the public may read of the station's models, also of
 * those that a model of today has replaced. It comes before the scoring, so that no failure of that keeps a photo public; the list
 * is cleared when all is done.
 *
 * @throws TooManyRemovals, after the work, where more photos have vanished than may
 */
export const handler = lambdaHandler(event, async ({ run, selection }): Promise<Withdrawn> => {
  await renewClaim(run, run.keys.claim);
  const withdrawn = await withdraw(run);
  requireFewVanished(selection, run.parameters.allow_removals, placeOf(run));
  return withdrawn;
});

async function withdraw(run: ScoringRun): Promise<Withdrawn> {
  const photos = await findWithdrawal(run);
  if (!photos) return { photos: 0, files: 0 };
  const names = PhotoSet.fromJSON(photos);
  const versions = await versionsOf(run);
  const { uuids, people } = await withDatabase(
    async (database) => ({
      uuids: await findModelUuids(database, run.station.id),
      people: await photosWithPeople(database, run.station.id),
    }),
    DATABASE_LIMITS.manyRows,
  );
  const folders = new Set([...uuids, ...versions.map(({ uuid }) => uuid)].map(publicFolder));
  const rewritten = await pMap(folders, (folder) => withdrawFromFolder(run.buckets.storage, folder, names), {
    concurrency: FOLDERS_AT_ONCE,
  });
  // After the public files, as by these the next execution finds what has to go.
  await withdrawFromOwnFiles(run, versions, photos, names);
  const listed = new Set(photos.image_ids);
  const image_ids = people.map(({ id }) => id).filter((id) => listed.has(id));
  if (image_ids.length > 0) await recordWithdrawal(run, { image_ids, filenames: [] }, { list: 'withdrawn' });
  await clearWithdrawal(run, photos);
  return { photos: sizeOf(photos), files: rewritten.reduce((sum, files) => sum + files, 0) };
}

type Version = { code: string; uuid: string };

/** Every model that the station ever had, by code and uuid, as far as we have published it. */
async function versionsOf({ station, buckets }: ScoringRun): Promise<Version[]> {
  const codes = await listFolders(buckets.model, modelsFolder(station.id));
  const ofCode = async (code: string) =>
    (await listFolders(buckets.model, versionsFolder(station.id, code))).map((uuid) => ({ code, uuid }));
  return (await pMap(codes, ofCode, { concurrency: FOLDERS_AT_ONCE })).flat();
}

/** Predictions in the model bucket, of the station's models and of the photos' imagesets. */
async function withdrawFromOwnFiles(
  run: ScoringRun,
  versions: readonly Version[],
  { filenames }: Withdrawal,
  names: PhotoSet,
): Promise<void> {
  const { id } = run.station;
  const imagesets = new Set(filenames.flatMap((filename) => imagesetUuidOf(filename) ?? []));
  const ofCodes = new Set([run.model_code, ...versions.map(({ code }) => code)]);
  const keys = [
    ...[...imagesets].map((uuid) => imagesetPredictionsKey(run.keys.fixed.imagesets, uuid)),
    ...[...ofCodes].map((code) => modelKeys(id, code).transform.predictions),
    ...versions.map(({ code, uuid }) => versionKeys(id, code, uuid).transform.predictions),
  ];
  for (const key of keys) await withdrawFromFile({ bucket: run.buckets.model, key }, names);
}
