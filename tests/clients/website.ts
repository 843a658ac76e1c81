import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Page, Route } from 'playwright-core';
import { freePort } from '../../local/postgres.ts';

const COPIES = join(import.meta.dirname, '..', '..', '.local', 'clients');
/** Where the page believes itself, its API and the website's files to be; the browser is led to the local ones. */
const PAGE = 'http://website.test';
const API = 'http://api.test';
const FILES = 'http://files.test';
const START_MS = 60_000;
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** FPE's website, built from a copy of a checkout, so that nothing is written into that. */
export class Website {
  readonly #folder: string;
  #api: { process: ChildProcess; address: string } | null = null;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Installs and builds what has changed since the last time. */
  static async build(checkout: string): Promise<Website> {
    const folder = join(COPIES, 'fpe');
    const stamp = join(folder, '.built');
    const version = versionOf(checkout);
    if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== version) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(COPIES, { recursive: true });
      const isSource = (path: string) => !['node_modules', '.git', 'dist'].includes(basename(path));
      cpSync(checkout, folder, { recursive: true, filter: isSource });
      await npm(folder, 'ci');
      await npm(join(folder, 'api'), 'ci');
      // The lock file of the page is not up to date with its package.json.
      await npm(join(folder, 'app'), 'install', '--legacy-peer-deps', '--no-package-lock');
      await run(join(folder, 'app'), 'npx', ['vue-cli-service', 'build'], {
        NODE_ENV: 'production', // Jest's own is "test"
        VUE_APP_API_URL: API,
        VUE_APP_DATA_URL: FILES,
      });
      writeFileSync(stamp, version);
    }
    return new Website(folder);
  }

  /** Runs FPE's migrations on a database. @returns what they say */
  migrate(database: Record<string, string>): Promise<string> {
    return run(this.#folder, 'npx', ['knex', 'migrate:latest'], settings(database));
  }

  /** Undoes the last migration and makes it again, as a developer does. */
  async migrateOnceMore(database: Record<string, string>): Promise<void> {
    await run(this.#folder, 'npx', ['knex', 'migrate:down'], settings(database));
    await run(this.#folder, 'npx', ['knex', 'migrate:up'], settings(database));
  }

  async startApi(database: Record<string, string>): Promise<void> {
    const port = await freePort();
    const folder = join(this.#folder, 'api');
    const api = spawn(process.execPath, ['start.js'], {
      cwd: folder,
      env: { ...process.env, ...settings(database), PORT: String(port) },
      stdio: 'ignore',
    });
    const address = `http://127.0.0.1:${port}`;
    this.#api = { process: api, address };
    for (const deadline = Date.now() + START_MS; ; await sleep(200)) {
      const answer = await fetch(`${address}/public/stations`).catch(() => null);
      if (answer?.ok) return;
      if (Date.now() > deadline || api.exitCode !== null) throw new Error('FPE’s API does not answer');
    }
  }

  /** What the API tells the public. */
  async ask<Answer>(path: string): Promise<Answer> {
    const answer = await fetch(`${this.#api?.address}/public${path}`);
    if (!answer.ok) throw new Error(`FPE’s API answers ${answer.status} to ${path}`);
    return (await answer.json()) as Answer;
  }

  /** Shows the page of a station. @param storage address of the storage bucket @param day what the page takes for now */
  async open(page: Page, stationId: number, storage: string): Promise<void> {
    await page.route(/^https?:/, (route) => this.#answer(route, storage));
    await page.goto(`${PAGE}/#/explorer/${stationId}`);
  }

  async #answer(route: Route, storage: string): Promise<void> {
    const url = new URL(route.request().url());
    const path = decodeURIComponent(url.pathname);
    if (url.origin === PAGE) return route.fulfill(this.#file(path));
    if (url.origin === API) return forward(route, `${this.#api?.address}${url.pathname}${url.search}`);
    if (url.origin === FILES || /\.s3[.-].*amazonaws\.com$/.test(url.hostname))
      return forward(route, `${storage}${url.pathname}`);
    return route.abort(); // maps, fonts, sign-in: not of this computer
  }

  #file(path: string): { status: number; contentType?: string; body?: Buffer } {
    const file = join(this.#folder, 'app', 'dist', path === '/' ? 'index.html' : path);
    if (!existsSync(file) || !statSync(file).isFile()) return { status: 404 };
    return {
      status: 200,
      contentType: TYPES[extname(file)] ?? 'application/octet-stream',
      body: readFileSync(file),
    };
  }

  async stop(): Promise<void> {
    if (!this.#api || this.#api.process.exitCode !== null) return;
    this.#api.process.kill('SIGTERM');
    await once(this.#api.process, 'exit');
  }
}

async function forward(route: Route, address: string): Promise<void> {
  const answer = await fetch(address);
  return route.fulfill({
    status: answer.status,
    headers: { ...Object.fromEntries(answer.headers), 'access-control-allow-origin': '*' },
    body: Buffer.from(await answer.arrayBuffer()),
  });
}

/** Commit and changes of a checkout. */
function versionOf(checkout: string): string {
  const git = (...args: string[]) => execFileSync('git', ['-C', checkout, ...args], { maxBuffer: 2 ** 28 });
  return createHash('sha256').update(git('rev-parse', 'HEAD')).update(git('diff', 'HEAD')).digest('hex');
}

/** As FPE's knexfile.js reads them. */
const settings = ({ DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME }: Record<string, string>) => ({
  NODE_ENV: 'development',
  REGION: 'us-west-2',
  DB_HOST: DB_HOST as string,
  DB_PORT: DB_PORT as string,
  DB_USER: DB_USER as string,
  DB_PASSWORD: DB_PASSWORD as string,
  DB_DATABASE: DB_NAME as string,
});

const npm = (folder: string, ...args: string[]): Promise<string> =>
  run(folder, 'npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']);

/** @throws Error with what the program said */
async function run(
  cwd: string,
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 28 };
  const { stdout } = await promisify(execFile)(program, args, options);
  return stdout;
}
