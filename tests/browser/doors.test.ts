import { readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { listenLocally } from '../../local/door.ts';
import {
  type LocalServers,
  MODELS,
  PHOTO,
  SECRET,
  STORAGE,
  startLocalServers,
} from '../services/local-servers.ts';
import { launchBrowser } from './open-page.ts';

/** A name of a stranger that leads to this computer. */
const EVIL = 'evil.test';
const NAMES = ['Step Functions', 'SageMaker', 'Scheduler', 'Secrets Manager', 'S3', 'SNS', 'USGS'];

let servers: LocalServers;
let stranger: Server;
let strangersPage: string;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  servers = await startLocalServers();
  stranger = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>harmless</title>');
  });
  const { port } = new URL(await listenLocally(stranger));
  strangersPage = `http://${EVIL}:${port}/`;
  browser = await launchBrowser([
    `--host-resolver-rules=MAP ${EVIL} 127.0.0.1`,
    // The doors have to hold in browsers that leave this computer open to pages.
    '--disable-features=LocalNetworkAccessChecks',
  ]);
});
afterAll(async () => {
  await browser.close();
  stranger.closeAllConnections();
  stranger.close();
  await servers.stop();
});
beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(() => page.close());

const everythingDone = async () =>
  Promise.all([
    ...servers.all.map(async (server) => structuredClone(await server.done())),
    readdirSync(servers.folder, { recursive: true }).toSorted(),
  ]);

type Request = { method: string; headers: Record<string, string>; body?: string; mode?: string };

/** What a script of the page gets to know: status and text, or only that it failed. */
const fetchIn = (address: string, init: Request): Promise<{ status: number; text: string } | string> =>
  page.evaluate(
    `fetch(${JSON.stringify(address)}, ${JSON.stringify(init)})
       .then(async (response) => ({ status: response.status, text: await response.text() }), (error) => error.name)`,
  );

/** Submits a form into a frame, as a script of a page may do unseen, and waits until the frame has an answer. */
async function submitForm(action: string, encoding: string, fields: Record<string, string>): Promise<void> {
  const answered = page.waitForResponse((response) => response.url().startsWith(action));
  await page.evaluate(`(() => {
    document.body.innerHTML = '<iframe name="unseen"></iframe><form target="unseen" method="post"></form>';
    const form = document.forms[0];
    form.action = ${JSON.stringify(action)};
    form.enctype = ${JSON.stringify(encoding)};
    for (const [name, value] of Object.entries(${JSON.stringify(fields)})) {
      const field = document.createElement('textarea');
      field.name = name;
      field.value = value;
      form.append(field);
    }
    form.submit();
  })()`);
  expect((await answered).status()).toBe(403);
}

describe.each(NAMES)('%s', (name) => {
  test('does nothing for a page of another site, and tells it nothing', async () => {
    const { endpoint, request } = servers.find(name);
    const { path, ...init } = request;
    const body = init.method === 'GET' ? {} : { body: init.body };
    const before = await everythingDone();
    await page.goto(strangersPage);

    const read = await fetchIn(`${endpoint}${path}`, { method: init.method, headers: init.headers, ...body });
    const sent = await fetchIn(`${endpoint}${path}`, {
      method: init.method === 'GET' ? 'GET' : 'POST',
      headers: {},
      ...body,
      mode: 'no-cors',
    });

    expect(read).toBe('TypeError');
    expect(sent).toEqual({ status: 0, text: '' });
    expect(await everythingDone()).toEqual(before);
  });

  test.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data'])(
    'does nothing for a form of another site (%s)',
    async (encoding) => {
      const { endpoint, request } = servers.find(name);
      const before = await everythingDone();
      await page.goto(strangersPage);

      await submitForm(`${endpoint}${request.path}`, encoding, {
        ...Object.fromEntries(new URLSearchParams(request.body)),
        key: '../../evil',
        file: 'evil',
      });

      expect(await everythingDone()).toEqual(before);
    },
  );

  test('does nothing under a name that was made to lead here, and tells its page nothing', async () => {
    const { endpoint, request } = servers.find(name);
    const rebound = `http://${EVIL}:${new URL(endpoint).port}`;
    const before = await everythingDone();
    // The stranger's page, loaded before its name began to lead here: now they are of one origin.
    await page.route(`${rebound}/page`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>harmless</title>' }),
    );
    await page.goto(`${rebound}/page`);

    const { path, method, headers, body } = request;
    const answer = await fetchIn(path, { method, headers, ...(method !== 'GET' && { body }) });

    expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('Found in Host') });
    expect(JSON.stringify(answer)).not.toContain(SECRET);
    expect(await everythingDone()).toEqual(before);
  });
});

describe('S3', () => {
  test('keeps its objects when a form of another site asks to delete them', async () => {
    const { endpoint } = servers.find('S3');
    const before = await everythingDone();
    await page.goto(strangersPage);

    for (const key of [PHOTO, '../../../jobs'])
      await submitForm(`${endpoint}/${STORAGE}?delete`, 'text/plain', {
        '<Delete><Object><Key>x</Key></Object><!--': `--><Object><Key>${key}</Key></Object></Delete>`,
      });

    expect(await everythingDone()).toEqual(before);
  });

  test('lets a report that was opened from a file show photos, and no page read them', async () => {
    const { endpoint } = servers.find('S3');
    const photo = `${endpoint}/${STORAGE}/${PHOTO.split('/').map(encodeURIComponent).join('/')}`;
    const report = join(servers.folder, 'report.html');
    writeFileSync(report, '<title>report</title>');
    await page.goto(pathToFileURL(report).href);

    const shown = await page.evaluate(`new Promise((resolve) => {
      const image = new Image();
      image.onload = () => {
        const canvas = document.createElement('canvas');
        canvas.getContext('2d').drawImage(image, 0, 0);
        try {
          canvas.getContext('2d').getImageData(0, 0, 1, 1);
          resolve('read');
        } catch (error) {
          resolve('shown, and ' + error.name);
        }
      };
      image.onerror = () => resolve('not shown');
      image.src = ${JSON.stringify(photo)};
    })`);

    expect(shown).toBe('shown, and SecurityError');
    expect(await fetchIn(photo, { method: 'GET', headers: {} })).toBe('TypeError');
  });

  test('shows no model to a page, and no list', async () => {
    const { endpoint } = servers.find('S3');
    for (const path of [`/${MODELS}/model.tar.gz`, `/${STORAGE}`, '/']) {
      const response = await page.goto(`${endpoint}${path}`);

      expect(response?.status()).toBe(403);
    }
  });
});
