import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ExportFolderInvalid } from '../../shared/errors.ts';
import { importableColumns, inUtc, unknownColumns } from '../../shared/fpe-export/columns.ts';
import { findExport } from '../../shared/fpe-export/folder.ts';
import { readRecord, readRecords, sourceId } from '../../shared/fpe-export/records.ts';

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

  test('lists what is no part of an export, at the root of the bucket as well (Q-S8)', () => {
    write('users/u1/stations/MILL/db/station.json');
    const strays = [
      'truth.csv',
      'users/readme.txt',
      'users/u1/stations/MILL/notes.txt',
      'users/u1/stations/MILL/storage/Thumbs.db',
      'users/u1/stations/MILL/storage/imagesets/.DS_Store',
      'users/u1/stations/MILL/storage/list.csv',
    ];
    for (const path of strays) write(path);

    const { ignored, stations } = findExport(folder);

    expect(ignored.sort()).toEqual(strays);
    expect(stations[0]?.storage).toEqual([]);
  });

  test.each([
    ['users/u1/stations/MILL/db/annotations.json', 'station.json'],
    ['users/u1/stations/MILL/storage/annotations/x.json', 'station.json'],
    ['users/u1/user.json', 'This folder is not an export of FPE'],
    ['MILL/db/station.json', 'belongs into users/{user id}/stations'],
  ])('refuses a folder with nothing but %s', (path, message) => {
    write(path);

    expect(() => findExport(folder)).toThrow(ExportFolderInvalid);
    expect(() => findExport(folder)).toThrow(message);
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
    expect(inUtc(given)).toBe(expected);
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
    ['', 'text that is not JSON'],
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

  test.each([[-1], [1.5], ['913']])('are refused with the id %j', (id) => {
    expect(() => sourceId({ id }, 'row 1')).toThrow(ExportFolderInvalid);
    expect(() => sourceId({ id }, 'row 1')).toThrow('a whole number above 0, or no id');
  });
});
