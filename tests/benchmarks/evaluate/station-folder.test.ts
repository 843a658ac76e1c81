import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type JudgedStation, readStation } from '../../../benchmarks/evaluate/station-folder.ts';
import { UsageError } from '../../../cli/usage-error.ts';

let folder: string;
let station: JudgedStation;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-station-'));
  const write = (path: string, content: unknown) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const own = 'users/u/stations/S';
  write('member.json', {
    name: 'brook-1',
    annotation_period: ['2022-02-01T05:00:00.000Z', '2023-02-01T05:00:00.000Z'],
  });
  write(
    'truth.csv',
    `image_id,timestamp,true_value,light,usable
1,2022-07-01T15:30:00.000Z,4.5,day,TRUE
2,2023-01-31T15:00:00.000Z,6,low,TRUE
3,2023-02-02T15:00:00.000Z,7,day,TRUE
4,2022-07-01T15:40:00.000Z,5,day,FALSE
`,
  );
  const images = [1, 2, 3, 4].map((id) => ({ id, full_s3: `{"Bucket":"b","Key":"imagesets/${id}.jpg"}` }));
  write(`${own}/db/imagesets/i/images.json`, images);
  write(`${own}/db/datasets/d/series/FLOW_CFS.json`, [
    { timestamp: '2022-07-01 15:00:00', value: 4 },
    { timestamp: '2022-07-01 15:45:00' },
    { timestamp: '2022-07-01 16:00:00', value: 6 },
    { timestamp: '2023-01-31 15:00:00', value: 6.5 },
    { timestamp: '2023-02-02 13:00:00', value: 9 },
    { timestamp: '2023-02-02 15:10:00', value: 9 },
  ]);
  const pair = (rank: string, left: number, right: number) => ({
    ...{ rank, left: { imageId: left }, right: { imageId: right, attributes: ['ICE'] } },
  });
  write(`${own}/storage/annotations/s.json`, [
    ...[pair('LEFT', 1, 2), pair('RIGHT', 2, 3), pair('SAME', 1, 3)],
    ...[pair('UNKNOWN', 1, 2), pair('LEFT', 4, 1)],
  ]);
  station = readStation(folder);
});

afterAll(() => rmSync(folder, { recursive: true }));

test('photos that are usable have their file, their season, their light and their period', () => {
  expect(
    station.photos.map(({ observed, timestamp, ...photo }) => ({
      ...photo,
      at: new Date(timestamp).toISOString(),
    })),
  ).toEqual([
    ...[
      {
        imageId: 1,
        at: '2022-07-01T15:30:00.000Z',
        filename: 'imagesets/1.jpg',
        trueValue: 4.5,
        period: 'within',
        season: 'summer',
        light: 'day',
      },
      {
        imageId: 2,
        at: '2023-01-31T15:00:00.000Z',
        filename: 'imagesets/2.jpg',
        trueValue: 6,
        period: 'within',
        season: 'winter',
        light: 'low',
      },
      {
        imageId: 3,
        at: '2023-02-02T15:00:00.000Z',
        filename: 'imagesets/3.jpg',
        trueValue: 7,
        period: 'after',
        season: 'winter',
        light: 'day',
      },
    ],
  ]);
  expect(station.storage).toBe(join(folder, 'users/u/stations/S/storage'));
});

test('the observed value lies on the line between its neighbors, and is missing where one is too far', () => {
  expect(station.photos.map(({ observed }) => observed)).toEqual([5, 6.5, Number.NaN]);
});

test('pairs are those that were decided of photos that are usable', () => {
  expect(station.pairs).toEqual([
    { one: 1, two: 2, label: 1 },
    { one: 2, two: 3, label: -1 },
    { one: 1, two: 3, label: 0 },
  ]);
});

test('what the generator says of the folder tells results of other photos apart', () => {
  expect(station.stamp).toContain('brook-1');
});

test.each([
  [
    'truth.csv',
    null,
    /^The station in .* is damaged \(ENOENT.*truth\.csv'?\)\. Remove that folder: it is drawn anew\.$/,
  ],
  ['member.json', '{"name":', /is damaged/],
  ['truth.csv', 'image_id\n1\n', /is damaged/],
  ['users/u/stations/S/storage/annotations/s.json', '[{}]', /is damaged/],
])('a folder whose %s is missing or no longer what it was is named: %j', (path, text, message) => {
  const damaged = mkdtempSync(join(tmpdir(), 'fpe-station-'));
  cpSync(folder, damaged, { recursive: true });
  if (text === null) rmSync(join(damaged, path));
  else writeFileSync(join(damaged, path), text);

  expect(() => readStation(damaged)).toThrow(UsageError);
  expect(() => readStation(damaged)).toThrow(message);
  rmSync(damaged, { recursive: true });
});
