import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stationClock } from '../../../shared/formats/local-time.ts';
import { checkClocks } from '../../../shared/quality/clock.ts';
import { hourChanges } from '../../../shared/quality/daylight-saving.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type PlannedPhoto, photosOf, schedule, utc } from './photos.ts';

const ZONE = 'America/New_York';
const NOW = Date.parse('2026-06-01T00:00:00Z');
const check = (planned: readonly PlannedPhoto[], zone = ZONE) =>
  checkClocks(photosOf(planned), { clock: stationClock(zone), at: utc, now: NOW });
const kinds = (planned: readonly PlannedPhoto[]) => check(planned).findings.map(({ kind }) => kind);
const every15 = { from: 12 * 60, to: 22 * 60, minutes: 15 };
const at = (instants: readonly number[]): PlannedPhoto[] => instants.map((instant) => ({ at: instant }));

describe('The check of clocks', () => {
  test('finds nothing in a camera that keeps its time, whatever its schedule and the changes of the clocks at the station', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 5, max: 60 }),
        fc.integer({ min: 0, max: 600 }),
        fc.integer({ min: 120, max: 820 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        (firstDay, minutes, from, length, imagesets, counts) => {
          const start = new Date(Date.UTC(2015, 0, 3) + firstDay * DAY_MS).toISOString().slice(0, 10);
          const instants = schedule(start, 45, { from, to: from + length, minutes });
          const planned = instants.map((instant, index) => ({
            at: instant,
            imageset: 1 + Math.floor((index * imagesets) / instants.length),
            ...(!counts && { filename: `imagesets/1/images/${utc(instant).replaceAll(/\D/g, '')}00.JPG` }),
          }));

          expect(check(planned).findings).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('finds nothing in a camera whose count starts over after 9999', () => {
    const planned = at(schedule('2024-05-01', 12, every15)).map(({ at }, index) => ({
      at,
      filename: `imagesets/1/images/IMG_${String(((9800 + index) % 9999) + 1).padStart(4, '0')}.JPG`,
    }));

    expect(kinds(planned)).toEqual([]);
  });

  test.each(['1970-01-01', '1980-01-01', '2000-01-01', '2017-01-01'])(
    'names the photos of a camera that started again at %s',
    (date) => {
      const lost = Array.from({ length: 5 }, (_, index) => ({
        // Camera time is five hours behind UTC.
        at: Date.parse(`${date}T05:00:00Z`) + index * 15 * MINUTE_MS,
        filename: `imagesets/1/images/late (${index}).JPG`,
      }));
      const planned = [...at(schedule('2024-05-01', 10, every15)), ...lost];

      const { findings } = check(planned);

      expect(findings.map(({ kind }) => kind)).toEqual(['clock.reset']);
      expect(findings[0]?.title).toBe('5 photos are dated as by a camera that has lost its clock');
      expect(findings[0]?.examples).toHaveLength(1);
      expect(findings[0]?.examples[0]?.photos[0]?.filename).toBe('imagesets/1/images/late (0).JPG');
    },
  );

  test('knows the midnight of a camera that is an hour ahead of the station', () => {
    const lost = at([0, 15, 30].map((minutes) => Date.parse('2017-01-01T04:15:00Z') + minutes * MINUTE_MS));

    expect(kinds([...at(schedule('2024-05-01', 10, every15)), ...lost])).toContain('clock.reset');
  });

  test('takes a season that begins on 1 January for one', () => {
    expect(kinds(at(schedule('2024-01-01', 40, { from: 5 * 60, to: 20 * 60, minutes: 30 })))).toEqual([]);
  });

  test('finds photos that were taken after the run was started', () => {
    expect(kinds([...at(schedule('2026-05-01', 5, every15)), { at: NOW + 3 * DAY_MS }])).toEqual([
      'clock.future',
    ]);
  });

  test('finds where the count goes on while the time goes back, and shows both photos', () => {
    const instants = schedule('2024-05-01', 10, every15);
    const planned = at(instants.map((instant, index) => (index < 200 ? instant : instant - 3 * DAY_MS)));

    const { findings } = check(planned);

    expect(findings.map(({ kind }) => kind)).toContain('clock.back');
    const photos = findings.find(({ kind }) => kind === 'clock.back')?.examples[0]?.photos;
    expect(photos?.map(({ image_id }) => image_id)).toEqual([200, 201]);
  });

  test.each([
    ['spring', '2024-03-05', Date.parse('2024-03-10T07:00:00Z'), HOUR_MS],
    ['autumn', '2024-10-29', Date.parse('2024-11-03T06:00:00Z'), -HOUR_MS],
  ])(
    'finds the daily schedule of a camera that follows daylight saving time in %s',
    (_, start, change, shift) => {
      const instants = schedule(start, 12, every15).map((instant) =>
        instant < change ? instant : instant + shift,
      );

      const { findings } = check(at(instants));

      expect(findings.map(({ kind }) => kind)).toEqual(['clock.daylight_saving']);
      expect(findings[0]?.examples[0]?.photos).toHaveLength(2);
      expect(findings[0]?.examples[0]?.photos.map(({ timestamp }) => timestamp < change)).toEqual([
        true,
        false,
      ]);
    },
  );

  test.each([
    ['spring', '2024-03-05', Date.parse('2024-03-10T07:00:00Z'), HOUR_MS],
    ['autumn', '2024-10-29', Date.parse('2024-11-03T06:00:00Z'), -HOUR_MS],
  ])('finds it in %s as well where photos are taken day and night', (_, start, change, shift) => {
    const planned = schedule(start, 12, { from: 0, to: 24 * 60 - 10, minutes: 10 }).map((instant, index) => ({
      at: instant < change ? instant : instant + shift,
      filename: `imagesets/1/images/a (${index}).JPG`,
    }));

    expect(kinds(planned)).toEqual(['clock.daylight_saving']);
  });

  test('says how often a camera was regular enough around a change of the clocks to show it', () => {
    const change = { instant: Date.parse('2024-03-10T07:00:00Z'), minutes: 60 };
    const seenIn = (instants: number[]) => hourChanges(new Map([[1, photosOf(at(instants))]]), [change]).seen;

    expect(seenIn(schedule('2024-03-05', 12, every15))).toBe(1);
    expect(seenIn([change.instant - HOUR_MS, change.instant + HOUR_MS])).toBe(0);
  });

  test('finds one hour back in the count of names far from any change of the clocks', () => {
    const instants = schedule('2024-06-01', 8, every15).map((instant, index) =>
      index < 150 ? instant : instant - HOUR_MS,
    );

    expect(kinds(at(instants))).toEqual(['clock.daylight_saving']);
  });

  test('finds an imageset whose schedule is an hour off that of the one before', () => {
    const planned = [
      ...schedule('2024-06-01', 10, every15).map((instant) => ({ at: instant, imageset: 1 })),
      ...schedule('2024-06-13', 10, every15).map((instant) => ({ at: instant + HOUR_MS, imageset: 2 })),
    ];

    const { findings } = check(planned);

    expect(findings.map(({ kind }) => kind)).toEqual(['clock.imageset_offset']);
    expect(findings[0]?.examples[0]?.caption).toContain('60 minutes later');
  });

  test('says that it cannot see a clock that was set back where no names count', () => {
    const planned = schedule('2024-06-01', 3, every15).map((instant, index) => ({
      at: instant,
      filename: `imagesets/1/images/${'abcdefghij'[index % 10]}.JPG`,
    }));

    expect(check(planned).checked).toContain('no file names count on');
  });

  test('survives any photos at all', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            at: fc.integer({ min: -62e12, max: 250e12 }),
            imageset: fc.integer({ min: 1, max: 3 }),
            filename: fc.string({ unit: 'binary' }),
          }),
          { maxLength: 30 },
        ),
        (planned) => {
          expect(check(planned).check).toBe('clock');
        },
      ),
      { numRuns: 100 },
    );
  });
});
