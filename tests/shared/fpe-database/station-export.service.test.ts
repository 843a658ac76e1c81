import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { inSnapshot, snapshotTime } from '../../../shared/fpe-database/station-export.ts';
import { createTestDatabase, insertImageset, insertRow, insertStation } from '../../fixtures/station.ts';
import { connectDatabase, connectionOf } from '../../services/database-client.ts';

const TEN_MINUTES_MS = 600_000;
const PASSWORD = randomUUID();
const suffix = randomUUID().replaceAll('-', '');
/** Two plain roles, as docs/deploy.md has them: neither is told anything of the other. */
const [pipeline, website] = [`pipeline_${suffix}`, `website_${suffix}`];
const connections: pg.Client[] = [];

let database: pg.Client;
let isConnected = true;
let imagesetId: number;
beforeAll(async () => {
  database = await createTestDatabase();
  const station = await insertStation(database);
  imagesetId = (await insertImageset(database, station.id, [])).id;
  for (const role of [pipeline, website]) {
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
    await database.query(`GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO ${role}`);
    await database.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
  }
});
afterEach(() => Promise.all(connections.splice(0).map((connection) => connection.end())));
afterAll(() => database.end());

async function connectAs(user: string): Promise<pg.Client> {
  const connection = new pg.Client({ ...connectionOf(process.env), user, password: PASSWORD });
  await connection.connect();
  connections.push(connection);
  return connection;
}

/** The watermark of a selection by the role, and when it was made; other sessions than those of a test have ended. */
async function watermarkOf(role: string): Promise<{ at: number; now: number }> {
  const connection = await connectAs(role);
  await othersHaveEnded(connection);
  return inSnapshot(connection, async () => {
    const at = Date.parse(await snapshotTime(connection));
    const { rows } = await connection.query('SELECT now()');
    return { at, now: rows[0].now.getTime() };
  });
}

/** A session that was ended is there for a moment longer. */
async function othersHaveEnded(connection: pg.Client): Promise<void> {
  const wanted = connections.length + (isConnected ? 1 : 0);
  for (;;) {
    const { rows } = await connection.query(
      'SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND usesysid IS NOT NULL',
    );
    if (rows[0].count <= wanted) return;
    await sleep(20);
  }
}

/** The connection of the tests belongs to another role, which `work` is not to find. */
async function withoutTestConnection<Result>(work: () => Promise<Result>): Promise<Result> {
  await database.end();
  isConnected = false;
  try {
    return await work();
  } finally {
    database = await connectDatabase(process.env);
    isConnected = true;
  }
}

/** Inserts a photo and leaves the transaction open. @returns its created_at */
async function insertWithoutCommit(connection: pg.Client): Promise<number> {
  await connection.query('BEGIN');
  const id = await insertRow(connection, 'images', { imageset_id: imagesetId, status: 'DONE' });
  const { rows } = await connection.query('SELECT created_at FROM images WHERE id = $1', [id]);
  return rows[0].created_at.getTime();
}

test('a row of a transaction of the same role that has not ended is new for the next, and nothing before it', async () => {
  const created = await insertWithoutCommit(await connectAs(pipeline));

  const { at } = await withoutTestConnection(() => watermarkOf(pipeline));

  expect(at).toBe(created);
});

test('a row of a hidden transaction of another role that has not ended is new for the next', async () => {
  const created = await insertWithoutCommit(await connectAs(website));

  const { at, now } = await watermarkOf(pipeline);

  expect(at).toBeLessThanOrEqual(created);
  expect(at).toBe(now - TEN_MINUTES_MS);
});

test('what a hidden session does is not known, so that one that does nothing counts as well', async () => {
  await connectAs(website);

  const { at, now } = await watermarkOf(pipeline);

  expect(at).toBe(now - TEN_MINUTES_MS);
});

test('a role that may see the other knows when its transaction began, and that idle ones have none', async () => {
  await database.query(`GRANT ${website} TO ${pipeline}`);
  const other = await connectAs(website);

  const { idle, writing, created } = await withoutTestConnection(async () => {
    const idle = await watermarkOf(pipeline);
    const created = await insertWithoutCommit(other);
    return { idle, created, writing: await watermarkOf(pipeline) };
  });

  await database.query(`REVOKE ${website} FROM ${pipeline}`);
  expect(idle.at).toBe(idle.now);
  expect(writing.at).toBe(created);
});

test('without another session it is the beginning of the snapshot', async () => {
  const { at, now } = await withoutTestConnection(() => watermarkOf(pipeline));

  expect(at).toBe(now);
});
