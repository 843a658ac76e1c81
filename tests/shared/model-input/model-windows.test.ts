import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { windowFilter } from '../../../shared/filters/filter-images.ts';
import { stationClock } from '../../../shared/formats/local-time.ts';
import {
  DEFAULT_WINDOWS,
  misreadWindows,
  modelFilters,
  pairDatesOf,
  windowsOf,
} from '../../../shared/model-input/model-windows.ts';

test('FPE’s container takes the same hours and months from rank-input.json, or there is a warning', () => {
  const hour = fc.integer({ min: 0, max: 23 });
  const month = fc.integer({ min: 1, max: 12 });
  const windows = fc.record({ min_hour: hour, max_hour: hour, min_month: month, max_month: month });
  fc.assert(
    fc.property(windows, (limits) => {
      const given = { ...DEFAULT_WINDOWS, ...limits };
      const isOurs = windowFilter(given, stationClock('UTC'));
      const isTheirs = (atHour: number, inMonth: number) =>
        atHour >= given.min_hour &&
        atHour <= given.max_hour &&
        inMonth >= given.min_month &&
        inMonth <= given.max_month;
      let isSame = true;
      for (let atHour = 0; atHour < 24; atHour++)
        for (let inMonth = 1; inMonth <= 12; inMonth++)
          isSame &&= isOurs(Date.UTC(2026, inMonth - 1, 15, atHour)) === isTheirs(atHour, inMonth);

      expect(misreadWindows(given)).toHaveLength(isSame ? 0 : 1);
    }),
  );
});

test('the warning names what wraps and what to do', () => {
  const [warning] = misreadWindows({
    ...DEFAULT_WINDOWS,
    min_hour: 22,
    max_hour: 4,
    min_month: 11,
    max_month: 3,
  });

  expect(warning).toContain('for hours 22 to 4 and months 11 to 3,');
  expect(warning).toContain('score new photos with score-station alone');
});

describe('of a model’s rank-input.json', () => {
  const read = (text: object | null) => (text === null ? null : modelFilters.parse(text));

  test.each<[string, object | null, object]>([
    ['there is none', null, {}],
    ['it has no arguments', {}, {}],
    ['it has no options', { args: { options: {} } }, {}],
    ['its limits are null', { args: { options: { min_hour: null, max_month: null } } }, {}],
    ['it has some', { args: { options: { min_hour: 9, max_month: 10 } } }, { min_hour: 9, max_month: 10 }],
  ])(
    'the hours and months are those of upstream’s scripts but for what it says, where %s',
    (_, text, own) => {
      expect(windowsOf(read(text))).toEqual({ ...DEFAULT_WINDOWS, ...own });
    },
  );

  test.each<[string, object | null, object | null]>([
    ['there is none', null, null],
    ['it has no pairs', {}, null],
    ['the end is missing', { pairs: { start: '2026-01-10' } }, null],
    ['the start is missing', { pairs: { start: null, end: '2026-01-12' } }, null],
    [
      'it has both, with a time',
      { pairs: { start: '2026-01-10T11:40:00-05:00', end: '2026-01-12 11:40:00' } },
      { first: '2026-01-10', last: '2026-01-12' },
    ],
  ])('the dates of the pairs are known if it has both, where %s', (_, text, dates) => {
    expect(pairDatesOf(read(text))).toEqual(dates);
  });

  test('a date begins with the year', () => {
    expect(() => modelFilters.parse({ pairs: { start: 'on 2026-01-10', end: '2026-01-12' } })).toThrow(
      'Invalid',
    );
  });
});
