import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationMissing, SchemaConflict } from '../errors.ts';
import { type Database, inTransaction } from './connection.ts';
import { serverError } from './database-errors.ts';

/** Only FPE's own migrations create these: a database with them has the whole schema, and somebody who maintains it. */
const MADE_BY_MIGRATIONS = ['knex_migrations', 'knex_migrations_lock', 'stations_permissions'];
/** Any number that nothing else in an FPE database locks, so that two commands at once wait for each other. */
const LOCK = 20200714;
const INSUFFICIENT_PRIVILEGE = '42501';

type Kind = 'table' | 'type' | 'function';
type SchemaObject = { kind: Kind; name: string };

export type SchemaPlan = {
  /** `absent`: no part of it exists; `complete`: all of it does. */
  state: 'absent' | 'complete';
  /** Name of the database and its host. */
  where: string;
  tables: string[];
  types: string[];
  functions: string[];
};

/**
 * Returns whether the FPE schema is in a database, and what it consists of; changes nothing.
 *
 * @throws SchemaConflict if only a part of it exists, or if FPE's migrations maintain this database
 */
export async function planSchema(database: Database): Promise<SchemaPlan> {
  const wanted = schemaObjects(schemaSql());
  const found = await findObjects(database, [...wanted.map(({ name }) => name), ...MADE_BY_MIGRATIONS]);
  const where = `${database.database} on ${database.host}`;
  const isFound = ({ kind, name }: SchemaObject) =>
    found.some((object) => object.kind === kind && object.name === name);

  const migrated = found.filter(({ name }) => MADE_BY_MIGRATIONS.includes(name));
  if (migrated.length > 0) throw keptByMigrations(where, migrated);
  const there = wanted.filter(isFound);
  if (there.length > 0 && there.length < wanted.length)
    throw partial(
      where,
      there,
      wanted.filter((object) => !isFound(object)),
    );
  const names = (kind: Kind) => wanted.filter((object) => object.kind === kind).map(({ name }) => name);
  return {
    state: there.length === 0 ? 'absent' : 'complete',
    where,
    tables: names('table'),
    types: names('type'),
    functions: names('function'),
  };
}

/**
 * Creates the FPE schema, with the rows of model types and variables, in a database that has no part of it: all or nothing, in
 * one transaction. A database with the complete schema stays as it is.
 *
 * @returns what existed before
 * @throws SchemaConflict, ConfigurationMissing if the user may not create tables
 */
export function createSchema(database: Database): Promise<SchemaPlan> {
  return inTransaction(database, async () => {
    await database.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const plan = await planSchema(database);
    if (plan.state === 'absent') await execute(database, plan.where);
    return plan;
  });
}

/**
 * Checks that the pipeline can work with a database that somebody else maintains, such as FPE's migrations: all tables, columns
 * and functions exist. Anything else in it does not matter.
 *
 * @throws SchemaConflict naming what is missing
 */
export async function requireSchema(database: Database): Promise<void> {
  const sql = schemaSql();
  const wanted = schemaObjects(sql).filter(({ kind }) => kind !== 'type');
  const found = await findObjects(
    database,
    wanted.map(({ name }) => name),
  );
  const isThere = ({ kind, name }: SchemaObject) =>
    found.some((object) => object.kind === kind && object.name === name);
  const objects = wanted.filter((object) => !isThere(object));
  const columns = await missingColumns(database, sql, new Set(objects.map(({ name }) => name)));
  if (objects.length === 0 && columns.length === 0) return;
  throw new SchemaConflict({
    what: 'The database lacks tables or columns of FPE',
    where: `${database.database} on ${database.host}`,
    found: `no ${[enumerate(objects), columns.map((name) => `column ${name}`).join(', ')].filter(Boolean).join(', ')}`,
    expected: 'a database that the migrations of FPE, or ./fpe schema, have made',
    fix: 'complete the migrations (NODE_ENV=development npx knex migrate:latest in FPE’s own folder); or, in an empty database without them, set DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD and DB_TLS=off, and run: ./fpe schema',
  });
}

/** As `table.column`; columns of missing tables are not listed individually. */
async function missingColumns(
  database: Database,
  sql: string,
  withoutTable: ReadonlySet<string>,
): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT relname || '.' || attname AS name FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
      WHERE pg_table_is_visible(pg_class.oid) AND attnum > 0 AND NOT attisdropped`,
  );
  const found = new Set(rows.map(({ name }) => name));
  return schemaColumns(sql)
    .filter(({ table }) => !withoutTable.has(table))
    .map(({ table, column }) => `${table}.${column}`)
    .filter((name) => !found.has(name));
}

/** Columns of each table in a script; constraints of tables begin with a word in capitals. */
const schemaColumns = (sql: string): { table: string; column: string }[] =>
  Array.from(sql.matchAll(/^CREATE TABLE "?(\w+)"? \(([^;]*)\);/gm)).flatMap(([, table, body]) =>
    Array.from((body as string).matchAll(/(?:^|,)\s*"?([a-z_0-9]+)"? (?=[a-z])/g), ([, column]) => ({
      table: table as string,
      column: column as string,
    })),
  );

async function execute(database: Database, where: string): Promise<void> {
  try {
    await database.query(schemaSql());
  } catch (error) {
    if (serverError(error)?.code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new ConfigurationMissing(
      {
        what: 'The FPE schema cannot be created by this user',
        where,
        found: `${serverError(error)?.message} (user ${database.user})`,
        expected: 'a user who may create tables there',
        fix: 'name the owner of the database in DB_USER or in the secret of DB_SECRET_ID',
      },
      { cause: error },
    );
  }
}

const schemaSql = (): string => readFileSync(join(import.meta.dirname, 'schema.sql'), 'utf8');

/** The named objects that a script creates; indexes and sequences come and go with their tables. */
const schemaObjects = (sql: string): SchemaObject[] =>
  Array.from(sql.matchAll(/^CREATE (TABLE|TYPE|FUNCTION) "?(\w+)"?/gm), ([, kind, name]) => ({
    kind: kind?.toLowerCase() as Kind,
    name: name as string,
  }));

/** Which of the names an unqualified query finds, whatever schema they are in, including those that this user may not read. */
async function findObjects(database: Database, names: readonly string[]): Promise<SchemaObject[]> {
  const { rows } = await database.query<SchemaObject>(
    `SELECT kind, name::text
       FROM (SELECT 'table' AS kind, relname AS name, relnamespace AS namespace, pg_table_is_visible(oid) AS is_visible FROM pg_class
             UNION ALL SELECT 'type', typname, typnamespace, pg_type_is_visible(oid) FROM pg_type
             UNION ALL SELECT 'function', proname, pronamespace, pg_function_is_visible(oid) FROM pg_proc) AS objects
      WHERE is_visible AND namespace <> 'pg_catalog'::regnamespace AND name = ANY($1)
      ORDER BY kind DESC, name`,
    [names],
  );
  // PostgreSQL creates a row type with the name of each table.
  const tables = new Set(rows.filter(({ kind }) => kind === 'table').map(({ name }) => name));
  return rows.filter(({ kind, name }) => kind !== 'type' || !tables.has(name));
}

const enumerate = (objects: readonly SchemaObject[]): string =>
  objects.map(({ kind, name }) => `${kind} ${name}`).join(', ');

const partial = (
  where: string,
  there: readonly SchemaObject[],
  missing: readonly SchemaObject[],
): SchemaConflict =>
  new SchemaConflict({
    what: 'The database holds a part of the FPE schema, and what exists is never altered',
    where,
    found: `${enumerate(there)}, but not ${enumerate(missing)}`,
    expected: 'a database with all of it or none of it',
    fix: 'name another database in DB_NAME (or the secret of DB_SECRET_ID); drop this part only if it holds nothing that you need',
  });

const keptByMigrations = (where: string, found: readonly SchemaObject[]): SchemaConflict =>
  new SchemaConflict({
    what: 'The schema of this database is kept by the migrations of FPE',
    where,
    found: enumerate(found),
    expected: 'a database of its own for a development environment',
    fix: 'leave it as it is: the pipeline uses it without this command, and so does the local stack with ./fpe local --database postgresql://USER:PASSWORD@127.0.0.1:PORT/NAME; or name another database in DB_NAME (or the secret of DB_SECRET_ID)',
  });
