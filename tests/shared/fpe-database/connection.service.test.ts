import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DatabaseRefused, DatabaseUnavailable } from '../../../shared/errors.ts';
import { withDatabase } from '../../../shared/fpe-database/connection.ts';

/** Answers for Secrets Manager with what `secret` holds. */
let secret: Record<string, unknown>;
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify({ SecretString: JSON.stringify(secret) }));
});
const environment = { ...process.env };
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  process.env = environment;
  server.close();
});

const query = (sql: string) => withDatabase(async (database) => (await database.query(sql)).rows[0]);

test('a database that cannot be reached is worth another try, and says where it was looked for', async () => {
  Object.assign(process.env, { DB_HOST: '127.0.0.1', DB_PORT: '1' });

  const attempt = query('SELECT 1');

  await expect(attempt).rejects.toThrow(DatabaseUnavailable);
  await expect(attempt).rejects.toThrow('127.0.0.1');
  await expect(attempt).rejects.toThrow('ECONNREFUSED');
  await expect(attempt).rejects.toThrow('DB_HOST and DB_PORT');
  await expect(attempt).rejects.not.toThrow(/security group|redrive/);

  process.env.AWS_LAMBDA_FUNCTION_NAME = 'fpe-prod-rank-export-station';
  const ofFunction = query('SELECT 1');
  await expect(ofFunction).rejects.toThrow(/security group .* redrive/);
  delete process.env.AWS_LAMBDA_FUNCTION_NAME;
});

test('a secret without dbname means the database postgres, in a session in UTC (Q-F7)', async () => {
  process.env.DB_SECRET_ID = 'fpe-prod-db-secret';
  delete process.env.DB_NAME;
  const { DB_HOST, DB_PORT, DB_USER, DB_PASSWORD } = environment;
  secret = { engine: 'postgres', host: DB_HOST, port: DB_PORT, username: DB_USER, password: DB_PASSWORD };

  const row = await query("SELECT current_database() AS database, current_setting('TimeZone') AS timezone");

  expect(row).toEqual({ database: 'postgres', timezone: 'UTC' });
});

test('a session reads and writes as PostgreSQL does by itself, whatever the database sets', async () => {
  delete process.env.DB_SECRET_ID;
  const { DB_HOST, DB_PORT, DB_USER, DB_PASSWORD } = environment;
  const name = `odd_${randomUUID().replaceAll('-', '')}`;
  Object.assign(process.env, { DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME: 'postgres' });
  await query(`CREATE DATABASE ${name}`);
  for (const setting of [
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'iso_8601'",
    'extra_float_digits = 0',
    "bytea_output = 'escape'",
    "default_transaction_isolation = 'serializable'",
  ])
    await query(`ALTER DATABASE ${name} SET ${setting}`);
  process.env.DB_NAME = name;

  const row = await query(
    `SELECT '2026-02-01 12:00:00+00'::timestamptz AS instant, '02/01/2026'::date::text AS date, (interval '36 hours')::text AS interval,
            (-122.67173::float4)::text AS longitude, '\\x00ff'::bytea::text AS bytes, current_setting('transaction_isolation') AS isolation`,
  );

  expect(row).toEqual({
    instant: new Date('2026-02-01T12:00:00Z'),
    date: '2026-02-01',
    interval: '36:00:00',
    longitude: '-122.67173',
    bytes: '\\x00ff',
    isolation: 'read committed',
  });
});

test('a database that is not there is told by its name', async () => {
  const { DB_HOST, DB_PORT, DB_USER, DB_PASSWORD } = environment;
  delete process.env.DB_SECRET_ID;
  Object.assign(process.env, { DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME: 'nowhere' });

  const attempt = query('SELECT 1');

  await expect(attempt).rejects.toThrow(DatabaseRefused);
  await expect(attempt).rejects.toThrow('database "nowhere" does not exist');
});
