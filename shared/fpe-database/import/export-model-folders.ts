import pMap from 'p-map';
import { listFolders, listObjects } from '../../aws/object-store.ts';
import { ExportFolderInvalid } from '../../errors.ts';
import { modelsFolder, publicFolder, versionsFolder } from '../../execution/keys.ts';
import { modelTypes } from '../../model-types/registry.ts';

/** Listings of a few names each. */
const LISTINGS_AT_ONCE = 16;

export type ModelBuckets = {
  storage: string;
  /** Undefined if it is not configured: then only public folders reveal earlier models. */
  model: string | undefined;
};

/**
 * Refuses models whose folders exist although no row of their station names them: overwriting keeps the files of the previous
 * model, which can be restored, and a row of another station would take them over.
 *
 * @param models where the export describes the models that the database lacks, by uuid
 * @throws ExportFolderInvalid
 */
export async function refuseTakenFolders(
  buckets: ModelBuckets,
  models: ReadonlyMap<string, string>,
): Promise<void> {
  if (models.size === 0) return;
  for (const [uuid, where] of models)
    for await (const { key } of listObjects(buckets.storage, publicFolder(uuid)))
      throw takenFolder(where, `${key} in bucket ${buckets.storage}`);
  if (buckets.model === undefined) return;
  const wanted = new Map([...models].map(([uuid, where]) => [uuid.toLowerCase(), where]));
  for (const { folder, uuid } of await versions(buckets.model)) {
    const where = wanted.get(uuid.toLowerCase());
    if (where !== undefined) throw takenFolder(where, `${folder}${uuid}/ in bucket ${buckets.model}`);
  }
}

/** Every model that a run ever finished, of all stations. */
async function versions(bucket: string): Promise<{ folder: string; uuid: string }[]> {
  const perType = await pMap(modelTypes(), async (type) =>
    (await listFolders(bucket, type.prefix))
      .map(Number)
      .filter(Number.isInteger)
      .map((id) => ({ type, id })),
  );
  const perStation = await pMap(
    perType.flat(),
    async ({ type, id }) =>
      (await listFolders(bucket, modelsFolder(type, id))).map((code) => versionsFolder(type, id, code)),
    { concurrency: LISTINGS_AT_ONCE },
  );
  const perCode = await pMap(
    perStation.flat(),
    async (folder) => (await listFolders(bucket, folder)).map((uuid) => ({ folder, uuid })),
    { concurrency: LISTINGS_AT_ONCE },
  );
  return perCode.flat();
}

const takenFolder = (where: string, found: string) =>
  new ExportFolderInvalid({
    what: 'The files of a model of the export are there already, and the database has no such model of this station',
    where,
    found,
    expected:
      'no files of this uuid, since those that are there belong to an earlier model, maybe another station’s',
    fix: 'remove the model from the export; or, if the files were left by an interrupted import of this export, delete this folder and import again',
  });
