import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { zipSync } from 'fflate';
import { startS3 } from '../../local/s3.ts';
import { packFiles } from '../../shared/formats/packed-archive.ts';
import { searchBytes, searchFolder, secretsOf } from './search.ts';

const SECRET = 'p@ss/w:"rd Zq7vK2';
const secrets = { DB_PASSWORD: SECRET };
/** Packed, small texts would not be long enough to be looked at. */
const line = `${'a line of a report; '.repeat(20)}${SECRET}\n`;
const base64 = (body: string | Buffer) => Buffer.from(body as string).toString('base64');

test.each<[string, Buffer]>([
  ['as it is', Buffer.from(`x${SECRET}y`)],
  ['in JSON', Buffer.from(JSON.stringify({ cause: SECRET }))],
  ['in JSON in JSON', Buffer.from(JSON.stringify(JSON.stringify({ cause: SECRET.replace('"', '') })))],
  ['in a URL', Buffer.from(`postgres://fpe:${encodeURIComponent(SECRET)}@host`)],
  ['in a form', Buffer.from(new URLSearchParams({ key: SECRET }).toString())],
  ['in base64', Buffer.from(base64(SECRET))],
  ['in base64 behind one character', Buffer.from(base64(`:${SECRET}`))],
  ['in base64 behind two characters', Buffer.from(base64(`u:${SECRET}@`))],
  ['in base64 of URLs', Buffer.from(Buffer.from(`user:${SECRET}`).toString('base64url'))],
  ['in hexadecimal digits', Buffer.from(Buffer.from(SECRET).toString('hex'))],
  ['in 16 bits', Buffer.from(SECRET, 'utf16le')],
  ['in gzip', gzipSync(line)],
  ['in a zip', Buffer.from(zipSync({ 'a/b.txt': Buffer.from(line) }))],
  ['in a zip of gzip', Buffer.from(zipSync({ 'a.gz': gzipSync(line) }))],
  ['packed in a page', Buffer.from(`<script>const data = "${base64(brotliCompressSync(line))}"`)],
])('a secret is found %s', (_form, bytes) => {
  const planted = _form === 'in JSON in JSON' ? { DB_PASSWORD: SECRET.replace('"', '') } : secrets;

  expect(searchBytes(bytes, planted)[0]).toMatch(/^DB_PASSWORD \(in |^DB_PASSWORD \(as it is/);
});

test('a secret is found in an archive, by file; where it may be it is not looked for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-search-'));
  mkdirSync(join(folder, 'jobs'));
  writeFileSync(join(folder, 'jobs', 'model.tar.gz'), await packFiles([['metrics.csv', line]]));
  writeFileSync(join(folder, 'stack.json'), SECRET);

  const found = searchFolder(folder, secrets, (path) => path === 'stack.json');
  rmSync(folder, { recursive: true });

  expect(found).toEqual(['DB_PASSWORD (as it is) in jobs/model.tar.gz']);
});

test('a secret is found in every archive of the local S3, and in the description of an object', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-search-'));
  const { store, stop } = await startS3(folder, { buckets: ['models'] });
  const archive = Buffer.from(await packFiles([['metrics.csv', line]]));
  store.putObject('models', 'one/model.tar.gz', archive);
  store.putObject('models', 'other/model.tar.gz', archive);
  store.putObject(
    'models',
    'clean.tar.gz',
    Buffer.from(await packFiles([['metrics.csv', 'nothing']])),
    undefined,
    {
      told: Buffer.from(SECRET).toString('hex'),
    },
  );
  await stop();

  const found = searchFolder(folder, secrets).sort();
  rmSync(folder, { recursive: true });

  const objects = 'objects/buckets/models/objects';
  expect(found).toEqual([
    `DB_PASSWORD (as it is) in ${objects}/one/model.tar.gz%object`,
    `DB_PASSWORD (as it is) in ${objects}/other/model.tar.gz%object`,
    `DB_PASSWORD (in hexadecimal digits) in ${objects}/clean.tar.gz%object`,
  ]);
});

test('nothing is found where there is none', () => {
  expect(searchBytes(gzipSync('a line of a report'), secrets)).toEqual([]);
  expect(searchBytes(Buffer.from([0x1f, 0x8b, 1, 2]), secrets)).toEqual([]);
});

test('secrets of an environment are told by name, words that everybody knows are none', () => {
  const environment = {
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7',
    DB_PASSWORD: 'local',
    DB_SECRET_ID: 'fpe-local-db-secret',
    PAGE_TOKEN: '0123456789abcdef',
  };

  expect(Object.keys(secretsOf(environment))).toEqual(['AWS_SECRET_ACCESS_KEY', 'PAGE_TOKEN']);
});
