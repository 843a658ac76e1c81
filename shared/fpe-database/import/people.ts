import { findImageKey } from '../../dataset/photo-key.ts';
import { ExportFolderInvalid } from '../../errors.ts';
import type { Database } from '../connection.ts';
import { hasPii, keySql } from '../image-sql.ts';
import type { Catalog } from './catalog.ts';
import { enumerate } from './enumerate.ts';
import { importableColumns } from './export-columns.ts';
import type { ExportRecord } from './export-records.ts';
import { type ImportRow, namingFile } from './rows.ts';

type KeptRow = {
  id: number;
  full_s3: { Key?: string } | null;
  full_url: string | null;
  thumb_s3: { Key?: string } | null;
  thumb_url: string | null;
  pii_person: number | null;
  pii_vehicle: number | null;
  pii_on: boolean | null;
  pii_off: boolean | null;
};

const COLUMNS = 'id, full_s3, full_url, thumb_s3, thumb_url, pii_person, pii_vehicle, pii_on, pii_off';
/** Values of a new row for the columns that an export omits. */
const NEW_ROW = { pii_person: 0, pii_vehicle: 0, pii_on: false, pii_off: false };

/**
 * Refuses rows of one imageset that would present a picture with people, according to this database, as one without: a row that
 * shows people keeps its photo and its thumbnail, and no other row may start to name them unless it shows people, too.
 *
 * @param imageset its uuid, and its id if the database has it
 * @param where names the file in errors
 * @throws ExportFolderInvalid
 */
export async function refuseHiddenPeople(
  database: Database,
  catalog: Catalog,
  imageset: { id: number | null; uuid: string },
  rows: readonly ImportRow[],
  where: string,
): Promise<void> {
  // Another station's rows may name this folder, too: a photo shows people if any row says so.
  const { rows: people } = await database.query<KeptRow>(
    `SELECT ${COLUMNS} FROM images
      WHERE ${hasPii('images')}
        AND (imageset_id = $1 OR starts_with(${keySql('full_s3', 'full_url')}, $2)
                              OR starts_with(${keySql('thumb_s3', 'thumb_url')}, $2))
      ORDER BY id`,
    [imageset.id, `imagesets/${imageset.uuid}/`],
  );
  if (people.length === 0) return;
  const kept = new Map(people.map((row) => [row.id, row]));
  const shownBy = new Map(people.flatMap((row) => objectsOf(row).map((key) => [key, row.id] as const)));

  const moved: string[] = [];
  const naming: { row: ImportRow; columns: ExportRecord }[] = [];
  for (const row of rows) {
    const columns = importableColumns(row.record, catalog.images, where);
    const before = row.exists ? kept.get(row.id as number) : undefined;
    if (before)
      for (const key of lostObjects(before, columns)) moved.push(`image ${before.id} no longer ${key}`);
    else if (objectsOf(columns).some((key) => shownBy.has(key))) naming.push({ row, columns });
  }
  const shown = await newlyNamed(database, naming, shownBy, where);
  const found = [...moved, ...shown];
  if (found.length === 0) return;
  throw new ExportFolderInvalid({
    what: 'Photos that show people in this database would be shown as photos without',
    where,
    found: enumerate(found),
    expected:
      'rows with people that name the same photo and thumbnail as here, and no row without people that names these',
    fix: 'remove these rows from the export; or mark the photo in them with pii_on; or, if it shows nobody, say so in this database first',
  });
}

/** The pictures with people that rows without people would name, but do not name yet. */
async function newlyNamed(
  database: Database,
  naming: readonly { row: ImportRow; columns: ExportRecord }[],
  shownBy: ReadonlyMap<string, number>,
  where: string,
): Promise<string[]> {
  if (naming.length === 0) return [];
  const ids = naming.flatMap(({ row }) => (row.exists ? [row.id] : []));
  const { rows } = await database.query<KeptRow>(`SELECT ${COLUMNS} FROM images WHERE id = ANY($1)`, [ids]);
  const kept = new Map<number | null, KeptRow>(rows.map((row) => [row.id, row]));
  const rowsBefore = naming.map(({ row }) => (row.exists ? kept.get(row.id) : undefined));
  const wouldBe = naming.map(({ columns }, index) => ({ ...NEW_ROW, ...rowsBefore[index], ...columns }));
  const { rows: judged } = await namingFile(where, () =>
    database.query<{ has_pii: boolean }>(
      `SELECT ${hasPii('given')} AS has_pii
         FROM ROWS FROM (json_to_recordset($1) AS (pii_person real, pii_vehicle real, pii_on boolean, pii_off boolean))
              WITH ORDINALITY AS given (pii_person, pii_vehicle, pii_on, pii_off, position)
        ORDER BY position`,
      [JSON.stringify(wouldBe)],
    ),
  );
  return wouldBe.flatMap((columns, index) => {
    if (judged[index]?.has_pii) return [];
    const before = new Set(objectsOf(rowsBefore[index] ?? {}));
    return objectsOf(columns)
      .filter((key) => shownBy.has(key) && !before.has(key))
      .map((key) => `${String(naming[index]?.row.record.filename)} as ${key} of image ${shownBy.get(key)}`);
  });
}

/** What a row with people names here, but would not with these columns. */
function lostObjects(before: KeptRow, columns: ExportRecord): string[] {
  const after = { ...before, ...columns };
  return [photoOf, thumbnailOf].flatMap((keyOf) => {
    const key = keyOf(before);
    return key === null || keyOf(after) === key ? [] : [key];
  });
}

const photoOf = ({ full_s3, full_url }: ExportRecord): string | null => keyOf(full_s3, full_url);
const thumbnailOf = ({ thumb_s3, thumb_url }: ExportRecord): string | null => keyOf(thumb_s3, thumb_url);

const keyOf = (location: unknown, url: unknown): string | null =>
  findImageKey({
    key: (Object(location) as { Key?: string | null }).Key ?? null,
    url: typeof url === 'string' ? url : null,
  });

const objectsOf = (columns: ExportRecord): string[] =>
  [photoOf(columns), thumbnailOf(columns)].filter((key) => key !== null);
