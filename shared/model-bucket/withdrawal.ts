import { Readable } from 'node:stream';
import * as z from 'zod';
import {
  HTML_TYPE,
  listObjects,
  openObject,
  readVersion,
  writeCsv,
  writeObject,
} from '../aws/object-store.ts';
import { ObjectChanged } from '../errors.ts';
import { csvHeader, csvRows, readCsv } from '../formats/csv.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import type { PhotoSet } from '../predictions/photo-set.ts';
import { namesPhoto } from '../predictions/withdrawal.ts';
import { withdrawFromPage } from '../report/page/withdrawn-page.ts';

/** A scoring or publication at the same time is done after a few tries. */
const MAX_TRIES = 5;

/**
 * Removes photos from every file of a folder that can name one: tables and pages. A file that names none stays as it is; one that
 * changes in the meantime is read again. Idempotent.
 *
 * @param folder with a slash at its end
 * @returns number of files that were rewritten
 * @throws ObjectChanged when others keep writing to a file
 */
export async function withdrawFromFolder(bucket: string, folder: string, photos: PhotoSet): Promise<number> {
  let rewritten = 0;
  const faults: unknown[] = [];
  for await (const { key } of listObjects(bucket, folder))
    try {
      if (await withdrawFromFile({ bucket, key }, photos)) rewritten += 1;
    } catch (error) {
      // One unreadable file must not keep another one public.
      faults.push(error);
    }
  if (faults.length > 0) throw faults[0];
  return rewritten;
}

/** @returns whether the file was rewritten */
export async function withdrawFromFile(location: ObjectLocation, photos: PhotoSet): Promise<boolean> {
  const withdraw = location.key.endsWith('.csv')
    ? withdrawFromTable
    : location.key.endsWith('.html')
      ? withdrawFromReport
      : null;
  if (!withdraw) return false;
  for (let attempt = 1; ; attempt++)
    try {
      return await withdraw(location, photos);
    } catch (error) {
      if (!(error instanceof ObjectChanged) || attempt === MAX_TRIES) throw error;
    }
}

/** Any columns, in the order of the file. */
const cells = z.record(z.string(), z.string().nullable());

/** Rewrites a file while reading it; the old one stays until the last byte of the new one is written. */
async function withdrawFromTable(location: ObjectLocation, photos: PhotoSet): Promise<boolean> {
  if (!(await tableNames(location, photos))) return false;
  const found = await openObject(location);
  if (!found) return false;
  // As in the original file: NA in those of the input step (contract 5.2).
  const missing = /predictions[^/]*$/.test(location.key) ? '' : 'NA';
  async function* lines() {
    let columns: string[] | undefined;
    for await (const rows of readCsv((found as { body: Readable }).body, cells, s3Uri(location))) {
      if (!columns && rows[0]) {
        columns = Object.keys(rows[0]);
        yield csvHeader(columns);
      }
      const kept = rows.filter((row) => !namesPhoto(row, photos));
      if (columns && kept.length > 0) yield csvRows(columns, kept, missing);
    }
  }
  await writeCsv(location, Readable.from(lines()), found.etag);
  return true;
}

/** Whether a table has a row about one of the photos; a table that does not exist has none. @throws FileInvalid */
export async function tableNames(location: ObjectLocation, photos: PhotoSet): Promise<boolean> {
  const found = await openObject(location);
  if (!found) return false;
  for await (const rows of readCsv(found.body, cells, s3Uri(location)))
    if (rows.some((row) => namesPhoto(row, photos))) return true;
  return false;
}

async function withdrawFromReport(location: ObjectLocation, photos: PhotoSet): Promise<boolean> {
  const version = await readVersion(location);
  const text = version && withdrawFromPage(version.text, (photo) => photos.has(photo));
  if (!version || text === null) return false;
  await writeObject(location, text, HTML_TYPE, version.etag);
  return true;
}
