import { readFileSync } from 'node:fs';
import { ExportFolderInvalid } from '../../errors.ts';
import { parseJson } from '../../formats/json.ts';

/** One row of a table as the exporter wrote it: column names, values not yet converted for the database. */
export type ExportRecord = Record<string, unknown>;

/** The exporter's placeholder for the name of the storage bucket. */
const BUCKET_PLACEHOLDER = '{STORAGE_BUCKET}';

/** Reads a file of one row. @throws ExportFolderInvalid */
export function readRecord(file: string, storageBucket: string): ExportRecord {
  const content = readJsonFile(file, storageBucket);
  if (isRecord(content)) return content;
  throw malformed(file, describe(content), 'a JSON object of column names and values');
}

/** Reads a file of rows; none if the exporter wrote no file (Q-S8). @throws ExportFolderInvalid */
export function readRecords(file: string | null, storageBucket: string): ExportRecord[] {
  if (!file) return [];
  const content = readJsonFile(file, storageBucket);
  if (!Array.isArray(content)) throw malformed(file, describe(content), 'a JSON array of objects');
  const wrong = content.findIndex((element) => !isRecord(element));
  if (wrong < 0) return content;
  throw malformed(file, `element ${wrong + 1} is ${describe(content[wrong])}`, 'a JSON array of objects');
}

/** A text that identifies a row. @throws ExportFolderInvalid when it is missing or empty */
export function requiredText(record: ExportRecord, column: string, where: string): string {
  const value = record[column];
  if (typeof value === 'string' && value !== '') return value;
  throw malformed(where, `${column} is ${value === undefined ? 'missing' : describe(value)}`, 'a text');
}

/** Ids are int4, and new ones continue from the highest: an id near the limit would use up all the rest. */
const MAX_ID = 2_000_000_000;

/** The row's id in its original database; null if the export has none. @throws ExportFolderInvalid */
export function sourceId(record: ExportRecord, where: string): number | null {
  const { id } = record;
  if (id === undefined || id === null || id === 'NA') return null;
  if (Number.isSafeInteger(id) && (id as number) > 0 && (id as number) <= MAX_ID) return id as number;
  throw malformed(
    where,
    `id is ${typeof id === 'number' ? id : describe(id)}`,
    `a whole number above 0, or no id; at most ${MAX_ID}`,
  );
}

/** Place of a row in a file of rows, for people: they count from one. */
export const rowOf = (file: string, index: number): string => `row ${index + 1} of ${file}`;

function readJsonFile(file: string, storageBucket: string): unknown {
  const text = readFileSync(file, 'utf8').replaceAll(BUCKET_PLACEHOLDER, storageBucket);
  try {
    return parseJson(text);
  } catch (error) {
    throw malformed(file, (error as Error).message, 'JSON');
  }
}

const isRecord = (value: unknown): value is ExportRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const describe = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'a JSON array' : `a JSON ${typeof value}`;

/** @internal for the files of this folder and the import */
export const malformed = (where: string, found: string, expected: string, cause?: unknown) =>
  new ExportFolderInvalid(
    {
      what: 'A file of the export cannot be read',
      where,
      found,
      expected,
      fix: 'repair the file, or export the station again; nothing was written to the database',
    },
    { cause },
  );
