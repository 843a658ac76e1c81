import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import { parse } from 'yaml';
import { DatabaseFailed, DatabaseUnavailable, ServiceUnreachable } from '../../../shared/errors.ts';
import {
  DATABASE_LIMITS,
  type Database,
  IDLE_IN_TRANSACTION_MS,
  inTransaction,
  withDatabase,
} from '../../../shared/fpe-database/connection.ts';
import type { DatabaseLimits } from '../../../shared/fpe-database/database-errors.ts';
import { inSnapshot, stationImages } from '../../../shared/fpe-database/station-export.ts';
import { createTestDatabase, insertImageset, insertStation } from '../../fixtures/station.ts';
import { SILENCES, type SilentPeer, startSilentPeer } from '../../services/silent-peer.ts';

// A busy machine takes its time, and some answers are waited for.
jest.setTimeout(60_000);

/** Enough for a short answer that does come, on a busy machine. */
const LIMITS: DatabaseLimits = { connectMs: 10_000, lockMs: 300, statementMs: 20_000, answerMs: 2_000 };
/** Enough for a batch of photos. */
const LONGER: DatabaseLimits = { ...LIMITS, answerMs: 5_000 };
/** Far more than any limit above, far less than for ever. */
const SOON_MS = 30_000;

let database: pg.Client;
let stationId: number;
let peer: SilentPeer;
const environment = { ...process.env };
beforeAll(async () => {
  database = await createTestDatabase();
  const station = await insertStation(database);
  stationId = station.id;
  const { id } = await insertImageset(database, station.id, []);
  await database.query(
    `INSERT INTO images (imageset_id, filename, timestamp, status)
     SELECT $1, 'p' || n, timestamptz '2024-01-01T12:00:00Z' + n * interval '15 minutes', 'DONE'
       FROM generate_series(1, 20500) AS n`,
    [id],
  );
});
afterEach(async () => {
  await peer?.stop();
  process.env.DB_PORT = environment.DB_PORT;
});
afterAll(async () => {
  await database.end();
  process.env = environment;
});

/** Functions speak to the database through a peer that can fall silent. */
async function throughPeer(): Promise<SilentPeer> {
  peer = await startSilentPeer({ port: Number(environment.DB_PORT) });
  process.env.DB_PORT = String(peer.port);
  return peer;
}

/** What a promise rejects with, and that it does so soon. */
async function failureOf(work: Promise<unknown>): Promise<Error> {
  const startedAt = performance.now();
  const error = await work.then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  );
  expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
  return error;
}

const terminateOthers = () =>
  database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );

/** Reads all of the station's photos, and does something after the first batch. */
const readPhotos = (connection: Database, afterFirst: () => unknown) =>
  inSnapshot(connection, async () => {
    let rows = 0;
    for await (const batch of stationImages(connection, stationId)) {
      if (rows === 0) await afterFirst();
      rows += batch.length;
    }
    return rows;
  });

test('photos are read to the last one, batch by batch', async () => {
  expect(await withDatabase((connection) => readPhotos(connection, () => undefined))).toBe(20_500);
});

test.each(SILENCES)('a database that is silent %s when connected to is given up', async (silence) => {
  (await throughPeer()).fallSilent(silence);

  const error = await failureOf(
    withDatabase((connection) => connection.query('SELECT 1'), { ...LIMITS, connectMs: 500 }),
  );

  expect(error).toBeInstanceOf(DatabaseUnavailable);
  expect(error.message).toContain('The database does not answer (127.0.0.1, connecting)');
  expect(error.message).toContain('to a log-in within 0.5 s');
});

type Work = (connection: Database, fallSilent: () => void) => Promise<unknown>;
const WORK: [string, Work, string, DatabaseLimits][] = [
  [
    'a query',
    (connection, fallSilent) => {
      fallSilent();
      return connection.query('SELECT 1 AS one');
    },
    'SELECT 1 AS one',
    LIMITS,
  ],
  [
    'a commit',
    (connection, fallSilent) => inTransaction(connection, async () => fallSilent()),
    'COMMIT',
    LIMITS,
  ],
  ['the next photos', (connection, fallSilent) => readPhotos(connection, fallSilent), 'FETCH 20000', LONGER],
];
describe.each(SILENCES)('a database that falls silent %s', (silence) => {
  test.each(WORK)('is given up when asked for %s', async (_what, work, statement, limits) => {
    const { fallSilent } = await throughPeer();

    const error = await failureOf(
      withDatabase((connection) => work(connection, () => fallSilent(silence)), limits),
    );

    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error.message).toContain(`The database does not answer a query (127.0.0.1, ${statement}`);
    expect(error.message).toContain(`Found: no answer within ${limits.answerMs / 1000} s`);
  });
});

test('a database that is silent at the farewell keeps nobody waiting', async () => {
  const { fallSilent } = await throughPeer();
  const startedAt = performance.now();

  const done = await withDatabase(async () => {
    fallSilent('before the answer');
    return 'done';
  }, LIMITS);

  expect(done).toBe('done');
  expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
});

describe('a connection that the server ends', () => {
  test('while photos are read is an error at once, and not a cursor that never closes', async () => {
    const error = await failureOf(withDatabase((connection) => readPhotos(connection, terminateOthers)));

    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error.message).toContain('The connection to the database was lost');
  });

  test('while a query runs is named', async () => {
    const error = await failureOf(
      withDatabase(async (connection) => {
        const query = connection.query('SELECT pg_sleep(30)');
        query.catch(() => undefined);
        await terminateOthers();
        return query;
      }),
    );

    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error.message).toContain('57P01');
  });

  test('as it has been idle in a transaction for too long is named', async () => {
    const error = await failureOf(
      withDatabase(async (connection) => {
        await connection.query("SELECT set_config('idle_in_transaction_session_timeout', '100', false)");
        const ended = new Promise((resolve) => connection.once('end', resolve));
        return inTransaction(connection, () => ended);
      }),
    );

    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error.message).toContain('The connection to the database was lost (127.0.0.1, COMMIT)');
    expect(error.message).toContain('25P03: terminating connection due to idle-in-transaction timeout');
  });
});

test('a lock that a dead session holds is waited for no longer than is said', async () => {
  await database.query('BEGIN');
  await database.query('SELECT pg_advisory_xact_lock(1, 1)');

  const error = await failureOf(
    withDatabase((connection) => connection.query('SELECT pg_advisory_xact_lock(1, 1)'), LONGER),
  );
  await database.query('ROLLBACK');

  expect(error).toBeInstanceOf(DatabaseUnavailable);
  expect(error.message).toContain('Another session holds what is needed locked');
});

test('a statement that takes too long is ended by the server', async () => {
  const error = await failureOf(
    withDatabase((connection) => connection.query('SELECT pg_sleep(30)'), {
      ...LIMITS,
      statementMs: 100,
      answerMs: 10_000,
    }),
  );

  expect(error).toBeInstanceOf(DatabaseUnavailable);
  expect(error.message).toContain('The database took too long for a query');
  expect(error.message).toContain('to a query within 0.1 s');
});

test('a session has the limits, and lets go of what it holds when it is idle or gone', async () => {
  const settings = await withDatabase(async (connection) => {
    const { rows } = await connection.query(
      `SELECT name, setting FROM pg_settings WHERE name ~ '_timeout$|^tcp_keepalives'`,
    );
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  });

  expect(settings).toMatchObject({
    lock_timeout: '30000',
    statement_timeout: '45000',
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
    tcp_keepalives_idle: '30',
    tcp_keepalives_interval: '10',
    tcp_keepalives_count: '3',
  });
});

test('each limit ends before the next, and what a function waits for fits its timeout', () => {
  const text = readFileSync('resources/functions.yml', 'utf8');
  const functions = parse(text) as Record<string, { handler: string; timeout: number; vpc?: unknown }>;
  const withConnection = Object.entries(functions).filter(([, { vpc }]) => vpc);

  for (const { connectMs, lockMs, statementMs, answerMs } of Object.values(DATABASE_LIMITS))
    expect([connectMs <= lockMs, lockMs < statementMs, statementMs < answerMs]).toEqual([true, true, true]);
  expect(withConnection.length).toBeGreaterThan(5);
  for (const [name, { handler, timeout }] of withConnection) {
    const source = readFileSync(handler.replace(/\.handler$/, '.ts'), 'utf8');
    const used = [...source.matchAll(/DATABASE_LIMITS\.(\w+)/g)].map(([, limits]) => limits);
    const { connectMs, answerMs } = DATABASE_LIMITS[(used[0] ?? 'usual') as keyof typeof DATABASE_LIMITS];
    expect({ name, fits: connectMs + answerMs < timeout * 1000 }).toEqual({ name, fits: true });
  }
});

describe('an error of another service within a transaction', () => {
  const lost = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', $metadata: { attempts: 5 } });
  const named = new ServiceUnreachable({
    what: 'S3 does not answer',
    where: 's3://models/a',
    found: 'connect ETIMEDOUT',
    expected: 'an answer',
    fix: 'redrive',
  });

  test.each([lost, named])('is not blamed on the database (%s)', async (thrown) => {
    const error = await failureOf(
      withDatabase((connection) =>
        inTransaction(connection, async () => {
          throw thrown;
        }),
      ),
    );

    expect(error).toBe(thrown);
  });
});

test('a query that is wrong is not tried again, and is named with what the server says', async () => {
  const error = await failureOf(withDatabase((connection) => connection.query('SELECT * FROM nothing')));

  expect(error).toBeInstanceOf(DatabaseFailed);
  expect(error.message).toContain('127.0.0.1, SELECT * FROM nothing');
  expect(error.message).toContain('42P01: relation "nothing" does not exist');
});
