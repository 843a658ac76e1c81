import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { startPostgres } from '../../local/postgres.ts';
import { queryDatabase } from '../database-client.ts';
import { createTestDatabase } from '../test-station.ts';

let database: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.end());

test.each([
  [0.2, 0, false, false, true],
  [0.1999, 0, false, false, false],
  [0, 0.8, false, false, true],
  [0, 0, true, true, false],
  [null, 0.9, false, false, true],
  [0.9, 0, null, false, true],
  [0.9, 0, false, null, false],
  [null, null, null, null, false],
])(
  'image_has_pii answers for person %p, vehicle %p, on %p, off %p: %p',
  async (person, vehicle, on, off, expected) => {
    const { rows } = await database.query('SELECT image_has_pii($1::real, $2::real, $3, $4) AS answer', [
      person,
      vehicle,
      on,
      off,
    ]);

    expect(rows[0].answer).toBe(expected);
  },
);

test('statuses sort as the website’s do', async () => {
  const { rows } = await database.query(
    "SELECT string_agg(s::text, ' ' ORDER BY s) AS all FROM unnest(enum_range(NULL::status_type)) s",
  );

  expect(rows[0].all).toBe('CREATED UPLOADING QUEUED PROCESSING DONE FAILED IN_PROGRESS');
});

test('every variable that can be annotated has a row, so that its model can be published (Q-S11)', async () => {
  const { rows } = await database.query('SELECT id FROM variables');

  expect(rows.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['FLOW_CFS', 'STAGE_FT', 'ICE', 'SNOW_FT', 'CHLA_PPB', 'ANIMAL_COUNT', 'OTHER']),
  );
});

test('data outlives the server, also one that its parent left behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-postgres-test-'));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  const first = await startPostgres(folder);
  await queryDatabase(first.env, "INSERT INTO users VALUES ('u', 'USER', 'Regular')");
  const leftBehind = Number(readFileSync(join(first.folder, 'postmaster.pid'), 'utf8').split('\n')[0]);

  const second = await startPostgres(folder);
  const rows = await queryDatabase(second.env, 'SELECT id FROM users');
  await second.stop();
  rmSync(folder, { recursive: true });

  expect(rows).toEqual([{ id: 'u' }]);
  expect(() => process.kill(leftBehind, 0)).toThrow('ESRCH');
});
