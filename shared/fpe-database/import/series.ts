import type { Database } from '../connection.ts';
import { fourDecimals } from '../real-sql.ts';
import { timestampInUtc } from './export-columns.ts';
import { type ExportRecord, malformed, readRecords, requiredText, rowOf } from './export-records.ts';
import { namingFile, type RowChanges } from './rows.ts';

/** One statement carries four arrays of this length. */
const VALUES_PER_STATEMENT = 20_000;

/** A series as columns, the form that `unnest` expects; `skipped` counts the rows without a value (NaN at the source). */
export type SeriesValues = {
  dates: string[];
  timestamps: string[];
  values: number[];
  flags: (string | null)[];
  skipped: number;
};

/** @throws ExportFolderInvalid for a row without date or time, or whose value is not a number */
export function readSeries(file: string, storageBucket: string): SeriesValues {
  const series: SeriesValues = { dates: [], timestamps: [], values: [], flags: [], skipped: 0 };
  for (const [index, record] of readRecords(file, storageBucket).entries()) {
    const { value, flag } = record;
    if (value === undefined || value === null || value === 'NA' || value === 'NaN') {
      series.skipped += 1;
      continue;
    }
    const where = rowOf(file, index);
    if (typeof value !== 'number') throw malformed(where, 'value is no number', 'a number');
    series.dates.push(requiredDate(record, where));
    series.timestamps.push(timestampInUtc(requiredText(record, 'timestamp', where), `timestamp in ${where}`));
    series.values.push(value);
    series.flags.push(flag === undefined || flag === null ? null : String(flag));
  }
  return series;
}

function requiredDate(record: ExportRecord, where: string): string {
  const date = requiredText(record, 'date', where);
  timestampInUtc(date, `date in ${where}`);
  return date;
}

/**
 * Updates a series of the database from the file: adds missing values and corrects those that differ at the exporter's four
 * decimals; removes nothing, because exports omit values (NaN) and may cover another period. If there are several values at one
 * time, the first is compared with the first.
 *
 * @param file names the file in errors
 */
export async function writeSeries(
  database: Database,
  seriesId: number,
  series: SeriesValues,
  file: string,
): Promise<RowChanges> {
  await database.query(
    `CREATE TEMPORARY TABLE IF NOT EXISTS imported_values
       (position serial, date date NOT NULL, "timestamp" timestamptz NOT NULL, value real NOT NULL, flag text)
       ON COMMIT DROP`,
  );
  await database.query('TRUNCATE imported_values RESTART IDENTITY');
  for (let start = 0; start < series.values.length; start += VALUES_PER_STATEMENT) {
    const end = start + VALUES_PER_STATEMENT;
    const { dates, timestamps, values, flags } = series;
    const columns = [dates, timestamps, values, flags].map((column) => column.slice(start, end));
    await namingFile(file, () =>
      database.query(
        `INSERT INTO imported_values (date, "timestamp", value, flag)
         SELECT * FROM unnest($1::date[], $2::timestamptz[], $3::real[], $4::text[])`,
        columns,
      ),
    );
  }
  await database.query('ANALYZE imported_values');
  const { rows } = await database.query<{ inserted: string; updated: string }>(
    `WITH given AS (
       SELECT *, row_number() OVER (PARTITION BY "timestamp" ORDER BY position) AS nth FROM imported_values
     ), kept AS (
       SELECT id, "timestamp", row_number() OVER (PARTITION BY "timestamp" ORDER BY id) AS nth
         FROM "values" WHERE series_id = $1
     ), updated AS (
       UPDATE "values" AS changed SET date = given.date, value = given.value, flag = given.flag
         FROM given JOIN kept USING ("timestamp", nth)
        WHERE changed.id = kept.id
          AND ROW(changed.date, ${fourDecimals('changed.value')}, changed.flag)
              IS DISTINCT FROM ROW(given.date, ${fourDecimals('given.value')}, given.flag)
       RETURNING 1
     ), inserted AS (
       INSERT INTO "values" (series_id, date, "timestamp", value, flag)
       SELECT $1, given.date, given."timestamp", given.value, given.flag
         FROM given LEFT JOIN kept USING ("timestamp", nth)
        WHERE kept.id IS NULL ORDER BY given.position
       RETURNING 1
     )
     SELECT (SELECT count(*) FROM inserted) AS inserted, (SELECT count(*) FROM updated) AS updated`,
    [seriesId],
  );
  return { inserted: Number(rows[0]?.inserted), updated: Number(rows[0]?.updated) };
}
