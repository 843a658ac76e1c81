import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import { describeStack, usesDatabase } from '../../cli/local.ts';
import { openOwnDatabase } from '../../local/own-database.ts';
import { createDatabase } from '../../local/postgres.ts';
import { resetStack, startStack } from '../../local/stack.ts';
import { startExecution } from '../../shared/aws/executions.ts';
import {
  ConfigurationMissing,
  DatabaseRefused,
  DatabaseUnavailable,
  SchemaConflict,
} from '../../shared/errors.ts';
import { importExport } from '../../shared/fpe-database/import/import-stations.ts';
import { ended } from '../integration/test-stack.ts';
import { connectDatabase, connectionOf } from '../services/database-client.ts';

// Packaging the functions takes its time.
jest.setTimeout(300_000);

const before = { ...process.env };
let name: string;
let database: pg.Client;
beforeEach(async () => {
  name = `own_${randomUUID().replaceAll('-', '')}`;
  await createDatabase(connectionOf(before), name);
  database = await connectDatabase({ ...before, DB_NAME: name });
  // What knex keeps beside the tables, and one that only FPE knows.
  await database.query(
    `CREATE TABLE knex_migrations (id serial PRIMARY KEY, name text); CREATE TABLE stations_permissions (id serial PRIMARY KEY);
     INSERT INTO knex_migrations (name) VALUES ('20251125170108_update_f_station_random_image_pairs.js')`,
  );
});
afterEach(() => database.end());

const password = before.DB_PASSWORD as string;
const address = (change: { password?: string; host?: string; port?: string; name?: string } = {}) =>
  `postgresql://${before.DB_USER}:${change.password ?? password}@${change.host ?? '127.0.0.1'}:${change.port ?? before.DB_PORT}/${change.name ?? name}`;

/** Every table, column, constraint, index, type, function and sequence of the schema, as PostgreSQL describes it. */
const describeSchema = async () =>
  (
    await database.query(
      `SELECT 'column' AS kind, table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(column_default, '') || is_nullable AS what
         FROM information_schema.columns WHERE table_schema = 'public'
       UNION ALL SELECT 'constraint', conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
       UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'
       UNION ALL SELECT 'function', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
       UNION ALL SELECT 'relation', relkind::text || ' ' || relname || ' ' || relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
       ORDER BY 1, 2`,
    )
  ).rows;

describe('a stack on a database that FPE’s migrations keep', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fpe-own-database-'));
    chmodSync(folder, 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('imports and runs with it, and creates and alters nothing, so that migrations go on', async () => {
    const schema = await describeSchema();
    const stack = await startStack({ folder, anyPorts: true, waitFactor: 0.01, database: address() });
    Object.assign(process.env, stack.env);
    try {
      await importExport(join(import.meta.dirname, '..', 'integration', 'golden', 'export'), {
        storageBucket: stack.env.STORAGE_BUCKET as string,
        modelBucket: stack.env.MODEL_BUCKET as string,
      });
      const machine = stack.machines.find(({ name }) => name.endsWith('-train-station'))?.arn as string;
      const execution = await ended(await startExecution(machine, { station_id: 4711 }, null));

      expect(execution).toMatchObject({ status: 'FAILED', error: 'StationNotFound' });
      expect((await database.query('SELECT count(*)::int AS n FROM stations')).rows).toEqual([{ n: 1 }]);
      expect(existsSync(join(folder, 'postgres'))).toBe(false);
      expect(describeStack(stack).services).toMatch(new RegExp(`postgresql://.*/${name}\\s+your own`));
      expect(describeStack(stack).settings).toContain(`export DB_NAME=${name}`);
    } finally {
      await stack.stop();
      Object.assign(process.env, before);
    }
    expect(await describeSchema()).toEqual(schema);
    expect((await database.query('SELECT name FROM knex_migrations')).rowCount).toBe(1);
  });

  test('keeps its folder for that database, until it is emptied', async () => {
    const embedded = startStack({ folder, anyPorts: true });
    await expect(embedded).rejects.toThrow(ConfigurationMissing);
    await expect(embedded).rejects.toThrow(/belong to another database .* --folder .* --reset/);
    const other = startStack({ folder, anyPorts: true, database: address() });
    await expect(other).rejects.toThrow(`with ${name} on 127.0.0.1:${before.DB_PORT}`);

    await resetStack(folder);
    const emptied = await startStack({ folder, anyPorts: true, database: address() });
    await emptied.stop();

    expect(emptied.env.DB_NAME).toBe(name);
  });
});

test('the password may come from elsewhere than the address, which other users of the computer can see', async () => {
  const url = address().replace(`:${password}@`, '@');

  expect(await openOwnDatabase(url, { password })).toMatchObject({ DB_PASSWORD: password, DB_NAME: name });
  await expect(openOwnDatabase(url)).rejects.toThrow('PGPASSWORD');
});

test.each([
  ['mysql://me:pass-word@127.0.0.1/fpe', 'no address of PostgreSQL'],
  ['fpe', 'no address of PostgreSQL'],
  ['postgresql://127.0.0.1/fpe', 'no user'],
  ['postgresql://me:pass-word@127.0.0.1', 'no name of a database'],
  ['postgresql://me:pass-word@localhost/fpe?sslmode=require', 'options after the name'],
  ['postgresql://me:pass-word@fpe.abc.us-west-2.rds.amazonaws.com/fpe', 'open a tunnel'],
  ['postgres://me:p@ss-word@10.0.0.7/fpe', 'the host 10.0.0.7'],
])('%s is refused, and its password kept to oneself', async (url, words) => {
  const attempt = openOwnDatabase(url);

  await expect(attempt).rejects.toThrow(ConfigurationMissing);
  await expect(attempt).rejects.toThrow(words);
  await expect(attempt).rejects.not.toThrow(/pass-word|ss-word/);
});

test('a database that lacks what a later migration adds is refused, with its name', async () => {
  await database.query('ALTER TABLE annotations DROP COLUMN variable; DROP TABLE models');

  const attempt = openOwnDatabase(address());

  await expect(attempt).rejects.toThrow(SchemaConflict);
  await expect(attempt).rejects.toThrow('no table models, column annotations.variable');
  await expect(attempt).rejects.toThrow('migrate:latest');
});

test('a start with another database than the stack runs with does not attach to it', () => {
  const env = { DB_HOST: '127.0.0.1', DB_PORT: String(before.DB_PORT), DB_NAME: name };

  expect(usesDatabase({ database: 'own', env }, address())).toBe(true);
  for (const host of ['localhost', '[::1]'])
    expect(usesDatabase({ database: 'own', env }, address({ host }))).toBe(true);
  expect(usesDatabase({ database: 'own', env }, address({ host: '127.0.0.2' }))).toBe(false);
  expect(usesDatabase({ database: 'own', env }, address({ name: 'other' }))).toBe(false);
  expect(usesDatabase({ database: 'own', env }, address({ port: '5999' }))).toBe(false);
  expect(usesDatabase({ database: 'embedded', env }, address())).toBe(false);
});

test.each([
  ['a wrong password', { password: 'wrong' }, DatabaseRefused],
  ['a database that is not there', { name: 'nobody_made_it' }, DatabaseRefused],
  ['a port that nobody listens on', { port: '1' }, DatabaseUnavailable],
] as const)('%s is said by name', async (_, change, error) => {
  await expect(openOwnDatabase(address(change))).rejects.toThrow(error);
});
