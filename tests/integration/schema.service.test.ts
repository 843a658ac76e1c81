import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import { stageSettings } from '../../cli/stage.ts';
import { readStage } from '../../config/stage.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { ConfigurationMissing, SchemaConflict } from '../../shared/errors.ts';
import { withDatabase } from '../../shared/fpe-database/connection.ts';
import { createSchema, planSchema, requireSchema } from '../../shared/fpe-database/schema.ts';
import { connectDatabase, queryDatabase } from '../services/database-client.ts';
import { environmentCredentials } from '../support/environment-credentials.ts';

const FPE = join(import.meta.dirname, '..', '..', 'cli', 'fpe.ts');
const TABLES =
  'annotations datasets images imagesets model_types models series stations users values variables'.split(
    ' ',
  );

// Each run of the command starts a process, which a busy computer lets wait.
jest.setTimeout(60_000);

let name: string;
let database: pg.Client;
beforeEach(async () => {
  name = `test_${randomUUID().replaceAll('-', '')}`;
  await queryDatabase({ ...process.env, DB_NAME: 'postgres' }, `CREATE DATABASE ${name}`);
  database = await connectDatabase({ ...process.env, DB_NAME: name });
});
afterEach(async () => {
  await database.end();
});

const tableNames = async (): Promise<string[]> => {
  const { rows } = await database.query(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name",
  );
  return rows.map(({ table_name }) => table_name);
};

/** `./fpe schema` with the settings of the environment. */
const runCommand = (args: string[], settings: Record<string, string> = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      ['--no-warnings', FPE, 'schema', ...args],
      { env: { ...process.env, DB_NAME: name, ...settings } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

test('tables that unqualified names find are found, also with a schema of the user’s name before them', async () => {
  await createSchema(database);
  await database.query(`CREATE SCHEMA "${process.env.DB_USER}"`);
  expect((await database.query('SELECT current_schema() AS schema')).rows).toEqual([
    { schema: process.env.DB_USER },
  ]);

  expect((await planSchema(database)).state).toBe('complete');
  await expect(requireSchema(database)).resolves.toBeUndefined();
  await database.query('ALTER TABLE models DROP COLUMN predictions_url');
  await expect(requireSchema(database)).rejects.toThrow('no column models.predictions_url');
});

describe('a database without tables', () => {
  test('gets all of them, and the rows that a model and its pairs refer to', async () => {
    const plan = await createSchema(database);

    expect(plan.state).toBe('absent');
    expect(await tableNames()).toEqual(TABLES);
    expect([...plan.tables].sort()).toEqual(TABLES);
    const { rows } = await database.query(
      'SELECT image_has_pii(0.2, 0, false, false) AS has_pii, (SELECT count(*)::int FROM variables) AS variables',
    );
    expect(rows).toEqual([{ has_pii: true, variables: 11 }]);
  });

  test('stays as it is when only the plan is asked for', async () => {
    const plan = await planSchema(database);

    expect(plan).toMatchObject({
      state: 'absent',
      where: `${name} on 127.0.0.1`,
      types: ['status_type', 'station_status', 'waterbody_type'],
      functions: ['image_has_pii'],
    });
    expect(await tableNames()).toEqual([]);
  });

  test('keeps tables that are nobody’s business', async () => {
    await database.query('CREATE TABLE notes (id integer); INSERT INTO notes VALUES (7)');

    await createSchema(database);

    expect(await tableNames()).toEqual([...TABLES, 'notes'].sort());
    expect((await database.query('SELECT id FROM notes')).rows).toEqual([{ id: 7 }]);
  });

  test('gets the tables once when two ask at the same time', async () => {
    const other = await connectDatabase({ ...process.env, DB_NAME: name });

    const plans = await Promise.all([createSchema(database), createSchema(other)]);
    await other.end();

    expect(plans.map(({ state }) => state).sort()).toEqual(['absent', 'complete']);
  });

  test('stays empty when its user may not create tables, and the error names the user', async () => {
    const user = `reader_${name}`;
    await database.query(`CREATE ROLE ${user} LOGIN PASSWORD 'reader'`);
    const reader = await connectDatabase({
      ...process.env,
      DB_NAME: name,
      DB_USER: user,
      DB_PASSWORD: 'reader',
    });

    const attempt = createSchema(reader);

    await expect(attempt).rejects.toThrow(ConfigurationMissing);
    await expect(attempt).rejects.toThrow(
      /permission denied for schema public \(user reader_.*name the owner/,
    );
    await reader.end();
    expect(await tableNames()).toEqual([]);
  });
});

test('a second run changes nothing', async () => {
  await createSchema(database);
  await database.query("INSERT INTO users VALUES ('u', 'USER', 'Regular')");

  const plan = await createSchema(database);

  expect(plan.state).toBe('complete');
  expect((await database.query('SELECT id FROM users')).rows).toEqual([{ id: 'u' }]);
  expect((await database.query('SELECT count(*)::int AS n FROM variables')).rows).toEqual([{ n: 11 }]);
});

describe('a database that is refused', () => {
  test('has some of the tables: what is there and what is not is told, and nothing is added', async () => {
    await database.query('CREATE TABLE stations (id integer); CREATE TABLE "values" (id integer)');

    const attempt = createSchema(database);

    await expect(attempt).rejects.toThrow(SchemaConflict);
    await expect(attempt).rejects.toThrow(
      /holds a part of the FPE schema.*Found: table stations, table values, but not type status_type, .*table users, .*To fix: name another database/,
    );
    expect(await tableNames()).toEqual(['stations', 'values']);
  });

  test('lacks one type only', async () => {
    await createSchema(database);
    await database.query('DROP TYPE waterbody_type CASCADE');

    await expect(createSchema(database)).rejects.toThrow(/but not type waterbody_type\. Expected/);
  });

  test.each(['knex_migrations', 'stations_permissions'])(
    'is kept by the migrations of FPE, as its table %s tells, even when it is complete',
    async (table) => {
      await createSchema(database);
      await database.query(`CREATE TABLE ${table} (id integer)`);

      const attempt = createSchema(database);

      await expect(attempt).rejects.toThrow(SchemaConflict);
      await expect(attempt).rejects.toThrow(
        `kept by the migrations of FPE (${name} on 127.0.0.1). Found: table ${table}.`,
      );
      await expect(attempt).rejects.toThrow('./fpe local --database postgresql://');
    },
  );
});

test('the settings of a stage lead to its database', async () => {
  const { DB_HOST: host, DB_PORT: port, DB_USER: username, DB_PASSWORD: password } = process.env;
  const stage = readStage('local');
  const secret = JSON.stringify({ host, port, username, password, dbname: name });
  const secretsManager = await startSecretsManager(new Map([[stage.dbSecret, secret]]), {
    credentials: environmentCredentials(),
  });
  const environment = { ...process.env };
  Object.assign(process.env, stageSettings({ ...stage, dbHost: 'elsewhere.example.org' }), {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.endpoint,
  });

  const plan = await withDatabase(planSchema);
  process.env = environment;
  await secretsManager.stop();

  expect(plan.where).toBe(`${name} on 127.0.0.1`);
});

describe('fpe schema', () => {
  test('says what it would do, what it did, and that it has nothing to do', async () => {
    const dryRun = await runCommand(['--dry-run']);
    const tablesThen = await tableNames();
    const first = await runCommand([]);
    const second = await runCommand([]);

    expect(dryRun).toMatchObject({ code: 0, stderr: '' });
    expect(dryRun.stdout).toMatch(
      /would be created:\n {2}11 tables {3}users, stations.*Nothing was written\.\n$/s,
    );
    expect(tablesThen).toEqual([]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(
      /are created:.*\n {2}1 function {2}image_has_pii\n.*To fill them: \.\/fpe import FOLDER\n$/s,
    );
    expect(second.stdout).toBe(`${name} on 127.0.0.1 already has the FPE schema. Nothing was changed.\n`);
    expect(await tableNames()).toEqual(TABLES);
  });

  test('ends with an error and without a stack trace when the database cannot be reached', async () => {
    const { code, stdout, stderr } = await runCommand([], { DB_PORT: '1' });

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^DatabaseUnavailable: The database cannot be reached \(127\.0\.0\.1, connecting\)\. Found: .*ECONNREFUSED/,
    );
    expect(stderr).not.toContain(' at ');
  });

  test.each([
    ['nowhere', /^There is no file for the stage “nowhere”/],
    ['local', /^The stage “local” is this computer/],
  ])('refuses the stage “%s”', async (stage, message) => {
    const { code, stderr } = await runCommand(['--stage', stage]);

    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(' at ');
  });

  test('asks for a database when none is named', async () => {
    const { code, stderr } = await runCommand(['--aws'], { DB_HOST: '' });

    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^No database was given, and AWS, us-west-2 has none configured\. Give --stage NAME, or set DB_SECRET_ID/,
    );
  });
});
