import type { ExportedImageset } from './export-folder.ts';
import { readRecord, readRecords, rowOf } from './export-records.ts';
import { findByUuid, identifyImages } from './identity.ts';
import { refuseHiddenPeople } from './people.ts';
import { writeRow, writeRows } from './rows.ts';
import type { StationTarget } from './station-target.ts';
import { imageIdentity, uuidOf } from './survey.ts';

/** @returns the ids of the photos that are new */
export async function importImageset(
  { database, catalog, storageBucket, id, count, onRows }: StationTarget,
  { folder, imagesetFile, imagesFile }: ExportedImageset,
): Promise<number[]> {
  const record = readRecord(imagesetFile, storageBucket);
  const uuid = uuidOf(record, folder);
  const known = await findByUuid(database, 'imagesets', [uuid], id, imagesetFile);
  const imageset = count(
    await writeRow(
      database,
      catalog,
      'imagesets',
      known.get(uuid) ?? null,
      { ...record, uuid, station_id: id },
      imagesetFile,
    ),
  );
  if (!imagesFile) return [];
  const records = readRecords(imagesFile, storageBucket);
  const identities = await identifyImages(
    database,
    imageset.id,
    records.map((image, index) => imageIdentity(image, rowOf(imagesFile, index))),
    imagesFile,
  );
  const rows = records.map((image, index) => ({
    ...(identities[index] as { id: number | null; exists: boolean }),
    record: { ...image, imageset_id: imageset.id },
  }));
  // Queried again, because people may have been found in a photo since the survey, or by another folder of the export.
  await refuseHiddenPeople(database, catalog, { id: imageset.id, uuid }, rows, imagesFile);
  const { ids } = count(await writeRows(database, catalog, 'images', rows, imagesFile));
  onRows(rows.length);
  return ids;
}
