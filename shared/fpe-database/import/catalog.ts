import { ConfigurationMissing } from '../../errors.ts';
import type { Database } from '../connection.ts';
import type { ColumnTypes } from './export-columns.ts';

/** Tables that an import writes; `values` is written separately, as columns. */
const IMPORTED_TABLES = [
  'users',
  'variables',
  'model_types',
  'stations',
  'imagesets',
  'images',
  'datasets',
  'series',
  'annotations',
  'models',
] as const;

export type ImportedTable = (typeof IMPORTED_TABLES)[number];
export type Catalog = Record<ImportedTable, ColumnTypes>;

/**
 * Columns of this database's tables: exports of any age meet databases of any age (Q-S1).
 *
 * @throws ConfigurationMissing if it is not an FPE database
 */
export async function readCatalog(database: Database): Promise<Catalog> {
  const { rows } = await database.query<{ table: string; column: string; type: string }>(
    `SELECT table_name AS table, column_name AS column, data_type AS type
       FROM information_schema.columns
      WHERE table_schema = current_schema() AND table_name = ANY($1)
      ORDER BY ordinal_position`,
    [IMPORTED_TABLES],
  );
  const columnsOf = (table: string): ColumnTypes =>
    new Map(rows.filter((row) => row.table === table).map(({ column, type }) => [column, type]));
  const catalog = Object.fromEntries(IMPORTED_TABLES.map((table) => [table, columnsOf(table)])) as Catalog;
  const missing = IMPORTED_TABLES.filter((table) => catalog[table].size === 0);
  if (missing.length === 0) return catalog;
  throw new ConfigurationMissing({
    what: 'This database is not an FPE database',
    where: `${database.database} on ${database.host}`,
    found: `no table ${missing.join(', ')} that this user may see`,
    expected: 'the tables that the migrations of FPE create',
    fix: 'check DB_NAME (or the secret of DB_SECRET_ID), and run the migrations of FPE in a new database',
  });
}
