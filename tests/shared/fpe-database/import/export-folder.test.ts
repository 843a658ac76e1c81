import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportFolderInvalid } from '../../../../shared/errors.ts';
import { enumerate } from '../../../../shared/fpe-database/import/enumerate.ts';
import {
  importableColumns,
  timestampInUtc,
  unknownColumns,
} from '../../../../shared/fpe-database/import/export-columns.ts';
import { findExport } from '../../../../shared/fpe-database/import/export-folder.ts';
import { readRecord, readRecords, sourceId } from '../../../../shared/fpe-database/import/export-records.ts';
import {
  keyFault,
  namedKey,
  requireKeySegment,
} from '../../../../shared/fpe-database/import/export-storage-key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-export-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content = '{}'): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

describe('findExport', () => {
  test('finds every part of a station, folders by name', () => {
    const station = 'users/u1/stations/MILL';
    for (const path of [
      'db/station.json',
      'db/imagesets/b/imageset.json',
      'db/imagesets/a/imageset.json',
      'db/imagesets/a/images.json',
      'db/datasets/d/dataset.json',
      'db/datasets/d/series/FLOW_CFS.json',
      'db/annotations.json',
      'db/models/m/model.json',
    ])
      write(`${station}/${path}`);
    write('users/u1/user.json');
    write('variables.json');

    const exported = findExport(folder);

    const at = (path: string) => join(folder, station, path);
    const user = { folder: join(folder, 'users/u1'), userFile: join(folder, 'users/u1/user.json') };
    expect(exported).toEqual({
      folder,
      variablesFile: join(folder, 'variables.json'),
      modelTypesFile: null,
      users: [user],
      stations: [
        {
          folder: join(folder, station),
          user,
          stationFile: at('db/station.json'),
          imagesets: [
            {
              folder: at('db/imagesets/a'),
              imagesetFile: at('db/imagesets/a/imageset.json'),
              imagesFile: at('db/imagesets/a/images.json'),
            },
            {
              folder: at('db/imagesets/b'),
              imagesetFile: at('db/imagesets/b/imageset.json'),
              imagesFile: null,
            },
          ],
          datasets: [
            {
              folder: at('db/datasets/d'),
              datasetFile: at('db/datasets/d/dataset.json'),
              series: [{ variableCode: 'FLOW_CFS', file: at('db/datasets/d/series/FLOW_CFS.json') }],
            },
          ],
          annotationsFile: at('db/annotations.json'),
          modelFiles: [at('db/models/m/model.json')],
          storage: [],
        },
      ],
      ignored: [],
    });
  });

  test('takes keys of storage files from their place below storage, with spaces, parentheses and sub-folders', () => {
    write('users/u1/stations/MILL/db/station.json');
    write('users/u1/stations/MILL/storage/imagesets/a/images/day 2/Mill Brook (1).JPG', 'four');

    const { stations } = findExport(folder);

    expect(stations[0]?.storage).toMatchObject([
      { key: 'imagesets/a/images/day 2/Mill Brook (1).JPG', bytes: 4 },
    ]);
  });

  test('lists what is no part of an export (Q-S8)', () => {
    write('users/u1/stations/MILL/db/station.json');
    const strays = [
      'truth.csv',
      'users/readme.txt',
      'users/u1/stations/MILL/notes.txt',
      'users/u1/stations/MILL/storage/Thumbs.db',
      'users/u1/stations/MILL/storage/imagesets/.DS_Store',
    ];
    for (const path of strays) write(path);
    symlinkSync('/etc/passwd', join(folder, 'users/u1/.lock'));

    const { ignored, stations } = findExport(folder);

    expect(ignored.sort()).toEqual([...strays, 'users/u1/.lock'].sort());
    expect(stations[0]?.storage).toEqual([]);
  });

  test.each([
    ['users/u1/stations/MILL/db/annotations.json', 'station.json'],
    ['users/u1/stations/MILL/storage/annotations/x.json', 'station.json'],
    ['users/u1/user.json', 'This folder is not an export of FPE'],
    ['MILL/db/station.json', 'belongs in users/{user id}/stations'],
  ])('refuses a folder with nothing but %s', (path, message) => {
    write(path);

    expect(() => findExport(folder)).toThrow(ExportFolderInvalid);
    expect(() => findExport(folder)).toThrow(message);
  });

  test.each([
    ['a file of photos', 'users/u1/stations/MILL/storage/imagesets/a/images/a.jpg', '/etc/passwd'],
    ['a folder of photos', 'users/u1/stations/MILL/storage/imagesets/a/images', '/etc'],
    ['storage', 'users/u1/stations/MILL/storage', '/etc'],
    ['a file of rows', 'users/u1/stations/MILL/db/annotations.json', '/etc/passwd'],
    ['a station', 'users/u1/stations/OTHER', 'MILL'],
    ['a file that is not there', 'users/u1/stations/MILL/db/annotations.json', 'nowhere'],
  ])('refuses a link in the place of %s', (_, path, target) => {
    write('users/u1/stations/MILL/db/station.json');
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(target, join(folder, path));

    expect(() => findExport(folder)).toThrow(ExportFolderInvalid);
    expect(() => findExport(folder)).toThrow(join(folder, path));
    expect(() => findExport(folder)).toThrow('Found: a symbolic link');
  });

  test('refuses a file whose name is not UTF-8', () => {
    write('users/u1/stations/MILL/db/station.json');
    write('users/u1/stations/MILL/storage/imagesets/a/images/a.jpg');
    const name = Buffer.concat([
      Buffer.from(join(folder, 'users/u1/stations/MILL/storage/imagesets/a/images/')),
      Buffer.from([0xff, 0x2e]),
    ]);
    writeFileSync(name, '');

    expect(() => findExport(folder)).toThrow(ExportFolderInvalid);
    expect(() => findExport(folder)).toThrow('An export holds files and folders only');
  });

  test('refuses a folder that does not exist', () => {
    const missing = join(folder, 'nowhere');

    expect(() => findExport(missing)).toThrow(ExportFolderInvalid);
    expect(() => findExport(missing)).toThrow('nothing there');
  });
});

describe('importableColumns', () => {
  const types = new Map([
    ['name', 'text'],
    ['n', 'integer'],
    ['config', 'json'],
    ['seen', 'timestamp with time zone'],
  ]);

  test('keeps the columns of the table and leaves out all others (Q-S1)', () => {
    const record = { name: 'Mill Brook', annotator: true };

    expect(importableColumns(record, types, 'user.json')).toEqual({ name: 'Mill Brook' });
    expect(unknownColumns(record, types)).toEqual(['annotator']);
  });

  test('reads "NA" as null where it cannot be a text (Q-S6)', () => {
    const record = { name: 'NA', n: 'NA', config: 'NA', seen: 'NA' };

    expect(importableColumns(record, types, 'x')).toEqual({ name: 'NA', n: null, config: null, seen: null });
  });

  test.each([
    ['text', '{"utcOffset":-5}', { utcOffset: -5 }],
    ['JSON', { utcOffset: -5 }, { utcOffset: -5 }],
    ['an empty text', '', null],
    ['null', null, null],
  ])('takes a JSON column as %s', (_shape, config, expected) => {
    expect(importableColumns({ config }, types, 'x')).toEqual({ config: expected });
  });

  test('refuses a JSON column whose text is not JSON', () => {
    const attempt = () => importableColumns({ config: '{utcOffset' }, types, 'imageset.json');

    expect(attempt).toThrow(ExportFolderInvalid);
    expect(attempt).toThrow('config in imageset.json');
  });
});

describe('inUtc (Q-S10)', () => {
  test.each([
    ['2022-02-01 12:00:00', '2022-02-01T12:00:00Z'],
    ['2022-02-01T12:00:00.25', '2022-02-01T12:00:00.25Z'],
    ['2022-02-01 12:00', '2022-02-01T12:00Z'],
    ['2022-02-01', '2022-02-01T00:00:00Z'],
    ['2022-02-01T12:00:00+0000', '2022-02-01T12:00:00+0000'],
    ['2022-02-01T07:00:00-05:00', '2022-02-01T07:00:00-05:00'],
    ['2022-02-01T12:00:00Z', '2022-02-01T12:00:00Z'],
  ])('reads %s as %s', (given, expected) => {
    expect(timestampInUtc(given, 'here')).toBe(expected);
  });

  test.each([
    'yesterday',
    'x',
    '',
    'now',
    '2022-02-31',
    '2022-13-01',
    '2022-02-01 25:00',
    '2022-02-01T12:00:00 EST',
    'infinity',
  ])('refuses what is no time, though PostgreSQL may take it: %j', (given) => {
    const attempt = () => timestampInUtc(given, 'timestamp in row 1 of images.json');

    expect(attempt).toThrow(ExportFolderInvalid);
    expect(attempt).toThrow(`(timestamp in row 1 of images.json). Found: ${JSON.stringify(given)}`);
  });
});

describe('Records of an export', () => {
  test('name the storage bucket wherever the exporter left a place for it', () => {
    const file = write(
      'image.json',
      '{"full_s3": "{\\"Bucket\\":\\"{STORAGE_BUCKET}\\"}", "url": "https://{STORAGE_BUCKET}.s3"}',
    );

    expect(readRecord(file, 'photos')).toEqual({ full_s3: '{"Bucket":"photos"}', url: 'https://photos.s3' });
  });

  test('are none where there is no file (Q-S8)', () => {
    expect(readRecords(null, 'photos')).toEqual([]);
  });

  test.each([
    ['{}', 'a JSON object'],
    ['[{}, 3]', 'element 2 is a JSON number'],
    ['', 'no text'],
  ])('are refused when the file holds %j', (content, message) => {
    const file = write('images.json', content);

    expect(() => readRecords(file, 'photos')).toThrow(ExportFolderInvalid);
    expect(() => readRecords(file, 'photos')).toThrow(message);
  });

  test.each([
    [{ id: 913 }, 913],
    [{ id: 'NA' }, null],
    [{ id: null }, null],
    [{}, null],
  ])('have the id of %j', (record, expected) => {
    expect(sourceId(record, 'row 1')).toBe(expected);
  });

  test.each([[-1], [1.5], ['913'], [2 ** 31 - 1]])('are refused with the id %j', (id) => {
    expect(() => sourceId({ id }, 'row 1')).toThrow(ExportFolderInvalid);
    expect(() => sourceId({ id }, 'row 1')).toThrow('a whole number above 0, or no id');
  });
});

describe('keyFault', () => {
  test.each([
    'imagesets/a/images/Mill Brook (1).JPG',
    'imagesets/a/images/day 2/c#d?e;f+g.jpg',
    'imagesets/a/images/50%25.jpg',
    'imagesets/a/images/100%.jpg',
    'imagesets/a/images/%C3%9Cbersicht–ö.jpg',
    'imagesets/a/images/a..b.jpg',
    'annotations/c0ffee.json',
  ])('takes %s', (key) => {
    expect(keyFault(key)).toBeNull();
  });

  test.each([
    ['', 'empty'],
    ['imagesets/a/../../models/b/model.tar.gz', '. or .. folders'],
    ['imagesets/a/./b.jpg', '. or .. folders'],
    ['/imagesets/a.jpg', '. or .. folders'],
    ['imagesets//a.jpg', '. or .. folders'],
    ['imagesets/a/', '. or .. folders'],
    ['imagesets\\..\\models\\b', '. or .. folders'],
    ['imagesets/a/%2e%2E/b.jpg', '. or .. folders'],
    ['imagesets/a/%252e%252e%252fb.jpg', '. or .. folders'],
    ['imagesets/a/..%5Cb.jpg', '. or .. folders'],
    ['imagesets/a\0.jpg', 'control characters'],
    ['imagesets/a%00.jpg', 'control characters'],
    ['imagesets/a\nb.jpg', 'control characters'],
    ['imagesets/\ud800.jpg', 'not Unicode'],
    [`imagesets/${'ö'.repeat(510)}`, 'longer than 1024 bytes'],
  ])('refuses %j', (key, fault) => {
    expect(keyFault(key)).toContain(fault);
  });

  test('a key without a fault stays below its folder, however often a reader decodes it', () => {
    const part = fc.constantFrom('.', '..', '%2e', '%252e', '%2f', '/', '\\', '%5c', 'a', '%', '25', '2e');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        let key = `imagesets/a/${parts.join('')}`;
        if (keyFault(key) !== null) return;
        for (let times = 0; times < 3; times++) {
          expect(new URL(`https://bucket.s3.amazonaws.com/${key}`).pathname).toMatch(/^\/imagesets\/a\/./);
          key = key.replaceAll(/%[0-7][0-9a-f]/gi, decodeURIComponent);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('namedKey', () => {
  const columns = { s3: 'full_s3', url: 'full_url' };
  const place = { folder: 'imagesets/a/' } as const;
  const read = (record: Record<string, unknown>) => namedKey(record, columns, place, 'photos', 'row 1');
  const at = (Key: unknown, Bucket: unknown = 'photos') => ({ Bucket, Key });
  const url = (key: string, host = 'photos.s3.amazonaws.com') => `https://${host}/${key}`;
  const key = 'imagesets/a/images/a b(1).JPG';

  test.each([
    ['no column', {}, null],
    ['empty columns', { full_s3: null, full_url: '' }, null],
    ['a location without a key', { full_s3: { Bucket: 'photos' } }, null],
    ['a location', { full_s3: at(key) }, key],
    ['a URL', { full_url: url(key) }, key],
    ['a regional URL', { full_url: url(key, 'photos.s3.us-west-2.amazonaws.com') }, key],
    ['both', { full_s3: at(key), full_url: url(key) }, key],
    ['both, the URL percent-encoded', { full_s3: at(key), full_url: encodeURI(url(key)) }, key],
  ])('finds the object of %s', (_, record, expected) => {
    expect(read(record)).toBe(expected);
  });

  test.each([
    ['a location in another bucket', { full_s3: at(key, 'models') }, 'full_s3 names "models"'],
    ['a URL of another bucket', { full_url: url(key, 'photos2.s3.amazonaws.com') }, 'full_url names https'],
    [
      'a URL of another site',
      { full_url: url(key, 'photos.s3.amazonaws.com.evil.org') },
      'full_url names https',
    ],
    ['a URL with a user', { full_url: url(key, 'photos.s3.amazonaws.com@evil.org') }, 'full_url names https'],
    ['a script', { full_url: 'javascript:alert(1)' }, 'full_url names javascript:alert(1)'],
    ['a key that is no text', { full_s3: at(7) }, 'full_s3 with the key 7'],
    [
      'another imageset',
      { full_s3: at('imagesets/b/images/a.jpg') },
      'full_s3 names imagesets/b/images/a.jpg',
    ],
    ['a model', { full_url: url('models/m/model.tar.gz') }, 'full_url names models/m/model.tar.gz'],
    ['the folder itself', { full_s3: at('imagesets/a/') }, '. or .. folders'],
    ['the folder in capitals', { full_s3: at('Imagesets/a/b.jpg') }, 'full_s3 names Imagesets/a/b.jpg'],
    ['a folder above', { full_s3: at('imagesets/a/../b/c.jpg') }, '. or .. folders'],
    [
      'two objects',
      { full_s3: at(key), full_url: url('imagesets/a/images/c.jpg') },
      'and full_url imagesets/a/images/c.jpg',
    ],
  ])('refuses %s', (_, record, message) => {
    expect(() => read(record)).toThrow(ExportFolderInvalid);
    expect(() => read(record)).toThrow(message);
  });

  test.each(['', '..', 'a/b', 'a\\b', '%2e%2e', 'a\0'])('no folder is named %j', (uuid) => {
    expect(() => requireKeySegment('uuid', uuid, 'row 1')).toThrow(ExportFolderInvalid);
  });
});

test('names are listed up to a number, without what a terminal would obey', () => {
  expect(enumerate(['a', 'b\u001b[2J', 'c'], 2)).toBe('a, b\\u{1b}[2J and 1 more');
});
