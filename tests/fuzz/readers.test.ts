import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type * as z from 'zod';
import { parseStationIds } from '../../cli/stations-file.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { parseAnnotationFile } from '../../shared/dataset/annotation-sessions.ts';
import { annotationRow, datasetValue } from '../../shared/dataset/columns.ts';
import { FILL_VALUES, fillValues } from '../../shared/dataset/observed-values.ts';
import { findImageKey, imagesetUuidOf, photoFolder, usableKey } from '../../shared/dataset/photo-key.ts';
import { PHOTO_FAULTS } from '../../shared/dataset/reasons.ts';
import {
  AnnotationFileInvalid,
  ExportFolderInvalid,
  FileInvalid,
  InvalidInput,
} from '../../shared/errors.ts';
import { parseCsv, readCsv } from '../../shared/formats/csv.ts';
import { MalformedJson, parseJson } from '../../shared/formats/json.ts';
import { formatInstant, isTimezone, stationClock } from '../../shared/formats/local-time.ts';
import { importableColumns } from '../../shared/fpe-database/import/export-columns.ts';
import { parseRefreshInput } from '../../shared/inputs/refresh-stations.ts';
import { parseScoringInput } from '../../shared/inputs/score-station.ts';
import { parseRunInput } from '../../shared/inputs/train-station.ts';
import { modelFilters, pairDatesOf, windowsOf } from '../../shared/model-input/model-windows.ts';
import { faultOf, parseModelAnswer, predictedPhoto } from '../../shared/predictions/columns.ts';
import { PhotoNumbers } from '../../shared/predictions/photo-numbers.ts';
import { PhotoSet } from '../../shared/predictions/photo-set.ts';
import { budget } from './budget.ts';
import { hostileJson, hostileText } from './texts.ts';

/** What the work gives, or its error if that is one of ours with a message; any other error is a failure. */
function orRefusal<Result>(work: () => Result, ...refusals: (abstract new (...parts: never[]) => Error)[]) {
  try {
    return work();
  } catch (error) {
    expect(refusals.some((refusal) => error instanceof refusal)).toBe(true);
    expect((error as Error).message).not.toBe('');
    return null;
  }
}
const check = <Values extends [unknown, ...unknown[]]>(
  property: fc.IProperty<Values> | fc.IAsyncProperty<Values>,
  numRuns?: number,
) => fc.assert(property as fc.IProperty<Values>, budget(numRuns));

describe('the annotator’s JSON', () => {
  const pair = fc.record({
    left: fc.record({
      imageId: fc.oneof(fc.integer({ min: 1, max: 9 }), hostileJson),
      attributes: hostileJson,
    }),
    right: fc.record({ imageId: fc.oneof(fc.integer({ min: 1, max: 9 }), hostileJson) }),
    rank: fc.oneof(fc.constantFrom('LEFT', 'RIGHT', 'SAME', 'UNKNOWN', null), hostileJson),
    comment: fc.oneof(hostileText, hostileJson),
  });

  test('of any shape is read, element by element, or refused by name; nothing is lost or counted twice', () =>
    check(
      fc.property(
        fc.oneof(fc.array(fc.oneof(pair, hostileJson), { maxLength: 6 }), hostileJson),
        (content) => {
          const file = orRefusal(
            () => parseAnnotationFile(JSON.stringify(content), 'here'),
            AnnotationFileInvalid,
          );
          if (!file) return;
          const { pairs, elements, excluded } = file;
          expect(pairs.length + excluded.malformed + excluded.no_photo + excluded.same_photo).toBe(elements);
          for (const { pair_id, left, right } of pairs) {
            expect(pair_id).toBeLessThanOrEqual(elements);
            expect(left.imageId).not.toBe(right.imageId);
          }
          expect(Object.keys(Object.prototype)).toEqual([]);
        },
      ),
    ));

  test('of any text is read or refused by name', () =>
    check(
      fc.property(hostileText, (text) => {
        orRefusal(() => parseAnnotationFile(text, 'here'), AnnotationFileInvalid);
      }),
    ));

  test.each([
    ['[', 200_000],
    ['{"left":', 100_000],
  ])('of great depth is refused by name: %s', (open, depth) => {
    expect(() => parseAnnotationFile(open.repeat(depth), 'here')).toThrow(AnnotationFileInvalid);
    const nested = `[${'['.repeat(depth)}${']'.repeat(depth)}]`;
    orRefusal(() => parseAnnotationFile(nested, 'here'), AnnotationFileInvalid);
  });
});

test('JSON of any text is a value or MalformedJson', () =>
  check(
    fc.property(hostileText, (text) => {
      orRefusal(() => parseJson(text), MalformedJson);
    }),
  ));

test('a list of stations is ids of the database, each once, or refused by line', () =>
  check(
    fc.property(
      fc.oneof(
        hostileText,
        fc.array(fc.oneof(fc.nat().map(String), hostileText)).map((lines) => lines.join('\n')),
      ),
      (text) => {
        const ids = orRefusal(() => parseStationIds(text, 'stations.txt'), UsageError);
        if (ids) expect(ids).toEqual([...new Set(ids)].filter((id) => Number.isSafeInteger(id) && id > 0));
      },
    ),
  ));

test.each([
  ['train-station', parseRunInput],
  ['score-station', parseScoringInput],
  ['refresh-stations', parseRefreshInput],
])('an input of %s is taken or refused by name', (_, parse) =>
  check(
    fc.property(hostileJson, hostileText, (value, text) => {
      orRefusal(() => parse(value as never), InvalidInput);
      orRefusal(
        () => parse({ station_id: 29, model_code: text, images_start: text, [text]: value } as never),
        InvalidInput,
      );
    }),
  ),
);

describe('CSV files of others', () => {
  const schemas: [string, z.ZodType<unknown, Record<string, string | null | undefined>>, string][] = [
    ['predictions', predictedPhoto, 'image_id,timestamp,filename,score'],
    ['values', datasetValue, 'timestamp,value'],
    ['pairs', annotationRow, Object.keys(annotationRow.shape).join(',')],
  ];

  test.each(schemas)('%s are rows or refused by name, as a whole and as they arrive', (_, schema, header) =>
    check(
      fc.asyncProperty(
        fc.oneof(
          hostileText,
          fc
            .array(fc.array(hostileText, { maxLength: 5 }).map((cells) => cells.join(',')))
            .map((lines) => [header, ...lines].join('\n')),
        ),
        async (text) => {
          const whole = orRefusal(() => parseCsv(text, schema, 'here'), FileInvalid);
          async function* chunks() {
            const bytes = Buffer.from(text);
            for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
          }
          const arrived = await Array.fromAsync(readCsv(chunks(), schema, 'here')).catch((error) => {
            expect(error).toBeInstanceOf(FileInvalid);
            return null;
          });
          if (whole && arrived && text.isWellFormed()) expect(arrived.flat()).toEqual(whole);
        },
      ),
    ),
  );

  test('have finite numbers, ids of the database and instants, never white space that counts as 0', () => {
    const read = (cells: string) => () =>
      parseCsv(`image_id,timestamp,filename,score\n${cells}\n`, predictedPhoto, 'x');
    for (const cells of [
      '1,2026-01-01T00:00:00Z,a,"  "',
      '1,Mill Brook 5,a,1',
      '4294967297,2026-01-01T00:00:00Z,a,1',
      '-1,2026-01-01T00:00:00Z,a,1',
      '1.5,2026-01-01T00:00:00Z,a,1',
    ])
      expect(read(cells)).toThrow(FileInvalid);
    for (const score of ['Infinity', '-Inf', 'inf', 'NaN', 'nan'])
      expect(read(`1,2026-01-01T00:00:00Z,a,${score}`)()).toMatchObject([{ image_id: 1, score: null }]);
  });
});

test('an answer of any model has a fault of the list', () =>
  check(
    fc.property(hostileJson, hostileText, (value, text) => {
      const parsed = orRefusal(() => parseModelAnswer(JSON.stringify(value)), MalformedJson);
      if (parsed) expect(Object.keys(PHOTO_FAULTS)).toContain(faultOf(parsed));
      expect(Object.keys(PHOTO_FAULTS)).toContain(faultOf({ score: null, error: text, fault: text }));
    }),
  ));

test('rank-input.json of any pipeline gives windows or does not fit', () =>
  check(
    fc.property(hostileJson, (args) => {
      const parsed = modelFilters.safeParse({ args, pairs: args });
      const { min_hour, max_hour, min_month, max_month } = windowsOf(parsed.success ? parsed.data : null);
      for (const limit of [min_hour, max_hour, min_month, max_month])
        expect(Number.isInteger(limit)).toBe(true);
      pairDatesOf(parsed.success ? parsed.data : null);
    }),
  ));

test('rows of an export become columns of the table, whatever they are called, or are refused by name', () => {
  const types = new Map([
    ['name', 'text'],
    ['n', 'integer'],
    ['config', 'json'],
    ['created_at', 'timestamp with time zone'],
  ]);
  return check(
    fc.property(
      fc.dictionary(fc.oneof(fc.constantFrom(...types.keys()), hostileText), hostileJson),
      (record) => {
        const columns = orRefusal(() => importableColumns(record, types, 'here'), ExportFolderInvalid);
        for (const name of Object.keys(columns ?? {})) expect(types.has(name)).toBe(true);
      },
    ),
  );
});

describe('keys of photos', () => {
  test('are usable only if a job lays them out where it looks for them', () =>
    check(
      fc.property(
        fc.option(hostileText),
        fc.option(hostileText),
        fc.constantFrom(null, 'storage', 'elsewhere'),
        (key, url, bucket) => {
          const usable = usableKey({ bucket, key, url }, 'storage');
          if (usable === null) return;
          expect(usable).toBe(findImageKey({ key, url }));
          expect(bucket).not.toBe('elsewhere');
          const { pathname } = new URL(
            usable.split('/').map(encodeURIComponent).join('/'),
            'file:///opt/ml/input/data/images/',
          );
          expect(decodeURIComponent(pathname)).toBe(`/opt/ml/input/data/images/${usable}`);
          expect(usable.startsWith(photoFolder(usable))).toBe(true);
          imagesetUuidOf(usable);
        },
      ),
      2000,
    ));

  test('sets and times of photos know each by its own name, however large its id', () =>
    check(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.nat(), fc.integer({ min: 1, max: 2 ** 31 - 1 })), { minLength: 2 }),
        (ids) => {
          const [other, ...members] = ids as [number, ...number[]];
          const photos = new PhotoSet();
          const times = new PhotoNumbers();
          for (const image_id of members) {
            photos.add({ image_id, filename: '' });
            times.set({ image_id, filename: '' }, image_id * 1000);
          }
          expect(photos.has({ image_id: other, filename: 'x' })).toBe(false);
          expect(times.get({ image_id: other, filename: 'x' })).toBeUndefined();
          for (const image_id of members) expect(times.get({ image_id, filename: '' })).toBe(image_id * 1000);
          expect([photos.size, times.size]).toEqual([members.length, members.length]);
        },
      ),
    ));
});

describe('time zones', () => {
  test('of any name are known or not', () =>
    check(
      fc.property(hostileText, (name) => {
        expect(typeof isTimezone(name)).toBe('boolean');
      }),
    ));

  test('of every name give calendars that agree with their own offset, at any time of a photo', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    const seconds = fc.integer({ min: Date.UTC(1990, 0) / 1000, max: Date.UTC(2199, 11) / 1000 });
    return check(
      fc.property(fc.constantFrom(...zones), seconds, (zone, second) => {
        const epochMs = second * 1000;
        const clock = stationClock(zone);
        const text = clock.iso(epochMs);
        expect(Date.parse(text)).toBe(epochMs);
        const { date, hour, month } = clock.calendar(epochMs);
        expect(text.slice(0, 13)).toBe(`${date}T${String(hour).padStart(2, '0')}`);
        expect(Number(date.slice(5, 7))).toBe(month);
        expect(Date.parse(formatInstant(epochMs))).toBe(epochMs);
      }),
    );
  });
});

test('fill values are some of those that are asked about', () =>
  check(
    fc.property(
      fc.dictionary(fc.constantFrom(...FILL_VALUES.map(String)), fc.nat()),
      fc.double({ min: 0, noNaN: true }),
      (counts, most) => {
        for (const value of fillValues([{ series_id: 1, counts, most }]).get(1) ?? [])
          expect(FILL_VALUES).toContain(value);
      },
    ),
  ));
