import { parseJson } from '../../formats/json.ts';
import { shorten } from '../../formats/shortened-text.ts';
import { type ExportRecord, malformed } from './export-records.ts';

/** Type of each column of a table, in the words of `information_schema.columns.data_type`. */
export type ColumnTypes = ReadonlyMap<string, string>;

const TEXT_TYPES = new Set(['text', 'character varying']);
/** `2022-02-01 12:00:00`, also with T, fractions, a zone, or without seconds or time: R leaves midnight out. */
const TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[ T]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?))? ?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$/;
const SHOWN_CHARACTERS = 60;

/**
 * The values of a record that the table has columns for, in a form that PostgreSQL accepts.
 *
 * Columns of another version of the schema are left out (Q-S1); JSON within a string becomes JSON; the exporter's "NA" becomes
 * null except in texts, where it may be intended (Q-S6); a time without a zone is UTC whatever the session's zone (Q-S10).
 *
 * @throws ExportFolderInvalid for a JSON column whose text is not JSON, and a time that is none: PostgreSQL would take `yesterday`
 */
export function importableColumns(record: ExportRecord, types: ColumnTypes, where: string): ExportRecord {
  const columns: ExportRecord = {};
  for (const [name, value] of Object.entries(record)) {
    const type = types.get(name);
    if (type) columns[name] = importableValue(value, type, `${name} in ${where}`);
  }
  return columns;
}

/** Names of a record that the table has no columns for. */
export const unknownColumns = (record: ExportRecord, types: ColumnTypes): string[] =>
  Object.keys(record).filter((name) => !types.has(name));

function importableValue(value: unknown, type: string, where: string): unknown {
  if (typeof value !== 'string' || TEXT_TYPES.has(type)) return value;
  if (value === 'NA') return null;
  if (type === 'json' || type === 'jsonb') return parseJsonText(value, where);
  return type === 'timestamp with time zone' ? timestampInUtc(value, where) : value;
}

/** Adds the zone to a time that has none. @throws ExportFolderInvalid for what is no time */
export function timestampInUtc(timestamp: string, where: string): string {
  const [, date, time = '00:00:00', zone] = TIME.exec(timestamp) ?? [];
  if (date === undefined || !isDay(date))
    throw malformed(
      where,
      JSON.stringify(shorten(timestamp, SHOWN_CHARACTERS)),
      'a time such as 2022-02-01T12:00:00Z',
    );
  return zone === undefined ? `${date}T${time}Z` : timestamp;
}

/** @param date yyyy-mm-dd */
const isDay = (date: string): boolean => {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
};

function parseJsonText(text: string, where: string): unknown {
  if (text.trim() === '') return null;
  try {
    return parseJson(text);
  } catch (error) {
    throw malformed(where, (error as Error).message, 'JSON, plain or within a string');
  }
}
