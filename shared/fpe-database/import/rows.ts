import { ExportFolderInvalid } from '../../errors.ts';
import type { Database } from '../connection.ts';
import { serverError } from '../database-errors.ts';
import { fourDecimals } from '../real-sql.ts';
import type { Catalog, ImportedTable } from './catalog.ts';
import { type ColumnTypes, importableColumns } from './export-columns.ts';
import type { ExportRecord } from './export-records.ts';

/** Rows per statement: a few megabytes of JSON if each row has its detections. */
const ROWS_PER_STATEMENT = 1_000;

/** `id` is the row's own if it `exists`, otherwise the one it will get; null takes the next one of the sequence. */
export type ImportRow = { id: number | null; exists: boolean; record: ExportRecord };
export type RowChanges = { inserted: number; updated: number };

/**
 * Inserts new rows in order and updates those that differ from the export; a row that does not differ is left unchanged. A column
 * that a record lacks keeps its default or its value. Numbers are compared at the exporter's four decimals, so that importing
 * into the database of origin does not round it (Q-S6). A photo that shows people continues to do so.
 *
 * @param where names the file in errors
 * @returns what changed, and the ids of the new rows
 * @throws ExportFolderInvalid if PostgreSQL refuses a value
 */
export async function writeRows(
  database: Database,
  catalog: Catalog,
  table: ImportedTable,
  rows: readonly ImportRow[],
  where: string,
): Promise<RowChanges & { ids: number[] }> {
  const types = catalog[table];
  const changes = { inserted: 0, updated: 0, ids: [] as number[] };
  for (const { exists, columns, values } of statements(rows, types, where)) {
    if (exists && columns.length === 1) continue;
    const sql = exists ? updateSql(table, columns, types) : insertSql(table, columns);
    const { rows: written } = await namingFile(where, () =>
      database.query(`${sql} RETURNING ${exists ? 'kept.' : ''}id`, [JSON.stringify(values)]),
    );
    changes[exists ? 'updated' : 'inserted'] += written.length;
    if (!exists) for (const { id } of written) changes.ids.push(id);
  }
  return changes;
}

/**
 * Counts the photos that show people or vehicles according to the database but not according to the export, which is older or
 * wrong: the database's value stays.
 *
 * @param where names the file in errors
 */
export async function countKeptPeople(
  database: Database,
  catalog: Catalog,
  rows: readonly ImportRow[],
  where: string,
): Promise<number> {
  let count = 0;
  for (const { exists, columns, values } of statements(rows, catalog.images, where)) {
    if (!exists || !columns.some(tellsOfPeople)) continue;
    const { rows: found } = await namingFile(where, () =>
      database.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM images AS kept JOIN json_populate_recordset(NULL::images, $1) AS given USING (id)
          WHERE ${hidesPeople(columns)}`,
        [JSON.stringify(values)],
      ),
    );
    count += found[0]?.count ?? 0;
  }
  return count;
}

/** Writes one row. @returns its id, and whether it is new or differed */
export async function writeRow(
  database: Database,
  catalog: Catalog,
  table: ImportedTable,
  existingId: number | null,
  record: ExportRecord,
  where: string,
): Promise<RowChanges & { id: number }> {
  const row = { id: existingId, exists: existingId !== null, record };
  const { ids, ...changes } = await writeRows(database, catalog, table, [row], where);
  return { ...changes, id: existingId ?? (ids[0] as number) };
}

/**
 * Adds rows to a table that all stations share; existing rows stay as they are, because an export must not change them for
 * everybody (Q-S7).
 *
 * @returns how many were added
 */
export async function addMissing(
  database: Database,
  catalog: Catalog,
  table: 'users' | 'variables' | 'model_types',
  records: readonly ExportRecord[],
  where: string,
): Promise<number> {
  let added = 0;
  for (const record of records) {
    const columns = importableColumns(record, catalog[table], where);
    const sql = `${insertSql(table, Object.keys(columns))} ON CONFLICT (id) DO NOTHING`;
    const { rowCount } = await namingFile(where, () => database.query(sql, [JSON.stringify([columns])]));
    added += rowCount ?? 0;
  }
  return added;
}

/**
 * Moves the sequence of a table's ids past all ids that are or will be taken, never back (Q-S3).
 *
 * @param highest id that this import assigns explicitly, 0 for none
 */
export async function advanceSequence(
  database: Database,
  table: ImportedTable,
  highest: number,
): Promise<void> {
  await database.query(
    `SELECT setval(sequence, greatest(max(id), $1))
       FROM pg_get_serial_sequence('${table}', 'id') AS sequence LEFT JOIN "${table}" ON true
      GROUP BY sequence
     HAVING greatest(max(id), $1) > coalesce(pg_sequence_last_value(sequence::regclass), 0)`,
    [highest],
  );
}

/** Turns PostgreSQL's refusal of a value into an error that names the file; other errors pass through. */
export async function namingFile<Result>(where: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // Classes of SQLSTATE: 22 data exception, 23 integrity constraint violation.
    const cause = serverError(error);
    if (!cause || !/^2[23]/.test(cause.code ?? '')) throw error;
    throw new ExportFolderInvalid(
      {
        what: 'The database refuses a row of the export',
        where,
        found: [cause.message, cause.detail].filter(Boolean).join('; '),
        expected: 'values that fit the tables of FPE',
        fix: 'repair the file, or export the station again; nothing was written to the database',
      },
      { cause },
    );
  }
}

/** Groups rows that need the same statement: rows of one file differ in the columns they have. */
function* statements(rows: readonly ImportRow[], types: ColumnTypes, where: string) {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const groups = new Map<string, { exists: boolean; columns: string[]; values: ExportRecord[] }>();
    for (const { id, exists, record } of rows.slice(start, start + ROWS_PER_STATEMENT)) {
      const values = importableColumns(record, types, where);
      delete values.id;
      if (id !== null) values.id = id;
      const columns = Object.keys(values).sort();
      const signature = `${exists} ${columns.join()}`;
      const group = groups.get(signature) ?? { exists, columns, values: [] };
      group.values.push(values);
      groups.set(signature, group);
    }
    yield* groups.values();
  }
}

// Column names come from the catalog, never from the file.
const insertSql = (table: ImportedTable, columns: string[]): string => {
  const list = columns.map(quoted).join(', ');
  return `INSERT INTO "${table}" (${list})
          SELECT ${list} FROM json_populate_recordset(NULL::"${table}", $1)`;
};

function updateSql(table: ImportedTable, columns: string[], types: ColumnTypes): string {
  const given = columns.filter((name) => name !== 'id');
  const touched = types.has('updated_at') && !given.includes('updated_at');
  const taken = (name: string): string =>
    table === 'images' && tellsOfPeople(name)
      ? `CASE WHEN ${hidesPeople(columns)} THEN kept.${quoted(name)} ELSE given.${quoted(name)} END`
      : `given.${quoted(name)}`;
  const assignments = given.map((name) => `${quoted(name)} = ${taken(name)}`);
  if (touched) assignments.push('updated_at = CURRENT_TIMESTAMP');
  const compared = (sqlOf: (name: string) => string) =>
    given.map((name) => comparable(sqlOf(name), types.get(name) as string)).join(', ');
  return `UPDATE "${table}" AS kept SET ${assignments.join(', ')}
            FROM json_populate_recordset(NULL::"${table}", $1) AS given
           WHERE kept.id = given.id AND ROW(${compared((name) => `kept.${quoted(name)}`)}) IS DISTINCT FROM ROW(${compared(taken)})`;
}

/** Arguments of `image_has_pii`, in their order. */
const PEOPLE_COLUMNS = ['pii_person', 'pii_vehicle', 'pii_on', 'pii_off'];
const tellsOfPeople = (column: string): boolean => PEOPLE_COLUMNS.includes(column);

/** Whether the row `kept` shows people but would not with the columns of the row `given`. */
function hidesPeople(columns: readonly string[]): string {
  const wouldBe = PEOPLE_COLUMNS.map((name) => `${columns.includes(name) ? 'given' : 'kept'}.${name}`);
  const is = PEOPLE_COLUMNS.map((name) => `kept.${name}`);
  return `(image_has_pii(${is.join(', ')}) AND NOT image_has_pii(${wouldBe.join(', ')}))`;
}

function comparable(column: string, type: string): string {
  if (type === 'json') return `(${column})::jsonb`; // json has no equality
  if (type === 'real') return fourDecimals(column);
  return column;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
