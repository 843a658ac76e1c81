import { readFileSync } from 'node:fs';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import * as z from 'zod';
import { DatabaseUnavailable } from '../errors.ts';
import { optionalSetting, setting } from './configuration.ts';

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
 * Settings: DB_SECRET_ID (Secrets Manager), or DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD; DB_CA_FILE turns on
 * verified TLS. A rotated password is read once more before giving up.
 *
 * @throws DatabaseUnavailable when the connection fails or is lost
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
    cachedSecret = undefined;
    if (!passwordRotated) throw isConnectionFault(error) ? unavailable(error) : error;
    return open(await connectionSettings());
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
  if (secretId) cachedSecret ??= await readSecret(secretId);
  const caFile = optionalSetting('DB_CA_FILE');
  return {
    host: cachedSecret?.host ?? setting('DB_HOST'),
    port: cachedSecret?.port ?? Number(optionalSetting('DB_PORT') ?? 5432),
    user: cachedSecret?.username ?? cachedSecret?.user ?? setting('DB_USER'),
    password: cachedSecret?.password ?? setting('DB_PASSWORD'),
    database: cachedSecret?.dbname ?? cachedSecret?.database ?? optionalSetting('DB_NAME') ?? 'postgres',
    connectionTimeoutMillis: 10_000,
    application_name: optionalSetting('AWS_LAMBDA_FUNCTION_NAME') ?? 'fpe',
    ...(caFile && { ssl: { ca: readFileSync(caFile, 'utf8'), rejectUnauthorized: true } }),
  };
}

async function readSecret(secretId: string) {
  const { SecretString } = await new SecretsManagerClient({}).send(
    new GetSecretValueCommand({ SecretId: secretId }),
  );
  return databaseSecret.parse(JSON.parse(SecretString ?? '{}'));
}

const CONNECTION_FAULTS =
  /ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|timeout expired|Connection terminated/;

/** SQLSTATE class 08 and 57P0x: the server went away or is starting; 53300: too many connections. */
const isConnectionFault = (error: unknown): boolean => {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return /^(08|57P0|53300)/.test(code) || CONNECTION_FAULTS.test(`${code} ${message}`);
};

const unavailable = (cause: unknown): DatabaseUnavailable =>
  new DatabaseUnavailable(
    {
      what: 'The database cannot be reached',
      where: cachedSecret?.host ?? optionalSetting('DB_HOST') ?? 'no host configured',
      found: cause instanceof Error ? cause.message : String(cause),
      expected: 'a connection to the FPE database',
      fix: 'check that the database runs and that this function’s security group may reach it, then redrive the execution',
    },
    { cause },
  );
