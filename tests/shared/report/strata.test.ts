import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ImageSplit } from '../../../shared/model-input/image-split.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../../../shared/report/data/split-groups.ts';
import {
  STRATA,
  STRATIFICATIONS,
  type Stratification,
  strataOfGroup,
  stratumOfRows,
} from '../../../shared/report/data/strata.ts';
import { unseenPhotos } from '../../../shared/report/data/unseen.ts';
import { metricsFile } from '../../../shared/report/metrics/file.ts';
import { titleBlock } from '../../../shared/report/page/header.ts';
import { agreementNote } from '../../../shared/report/page/note.ts';
import { kendallTauB } from '../../../shared/statistics/kendall-tau.ts';
import { scoredPhotos, type TestPhoto, testReport } from '../../fixtures/report.ts';

const group = (id: SplitGroup['id']) => SPLIT_GROUPS.find((one) => one.id === id) as SplitGroup;
const strataOf = (photos: TestPhoto[], id: SplitGroup['id'] = 'overall') => {
  const scored = scoredPhotos(photos);
  return strataOfGroup(scored, stratumOfRows(scored), group(id));
};
const photosAt = (times: string[], split: ImageSplit = 'test-in'): TestPhoto[] =>
  times.map((at, row) => ({ at, value: row, score: row, split }));
const idsOf = (photos: TestPhoto[], by: Stratification) => strataOf(photos)[by].map(({ id, n }) => [id, n]);

describe('A stratum', () => {
  test('is a season, a month and an hour, by the clock of the station', () => {
    const photos = photosAt([
      '2026-01-01T00:59:59Z',
      '2026-02-28T23:00:00Z',
      '2026-03-01T00:00:00Z',
      '2026-06-15T12:00:00Z',
      '2026-11-30T23:59:59Z',
      '2026-12-01T00:00:00Z',
    ]);

    expect(idsOf(photos, 'season')).toEqual([
      ['djf', 3],
      ['mam', 1],
      ['jja', 1],
      ['son', 1],
    ]);
    expect(idsOf(photos, 'month')).toEqual([
      ['jan', 1],
      ['feb', 1],
      ['mar', 1],
      ['jun', 1],
      ['nov', 1],
      ['dec', 1],
    ]);
    expect(idsOf(photos, 'hour')).toEqual([
      ['0', 3],
      ['12', 1],
      ['23', 2],
    ]);
  });

  test.each(STRATIFICATIONS)('has an id and a label of its own among those of one %s', (by) => {
    const ids = STRATA[by].map(({ id }) => id);
    const labels = STRATA[by].map(({ label }) => label);

    expect(ids.length).toBeGreaterThan(2);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(labels).size).toBe(labels.length);
  });

  test('is a tenth of the values of all photos of the run, whatever photos are looked at', () => {
    const photos = Array.from(
      { length: 100 },
      (_, row): TestPhoto => ({
        at: '2026-01-01T12:00:00Z',
        value: row,
        score: row,
        split: row < 50 ? 'train' : 'test-in',
      }),
    );

    expect(strataOf(photos).value.map(({ label, n }) => [label, n])).toEqual([
      ['lowest tenth', 10],
      ...['2nd', '3rd', '4th', '5th', '6th', '7th', '8th', '9th'].map((name) => [`${name} tenth`, 10]),
      ['highest tenth', 10],
    ]);
    expect(strataOf(photos, 'test-all').value.map(({ id }) => id)).toEqual([
      '6th_tenth',
      '7th_tenth',
      '8th_tenth',
      '9th_tenth',
      'highest_tenth',
    ]);
  });

  test('is before, within or after the days with annotated photos', () => {
    const photos = [
      ...photosAt(['2026-01-01T12:00:00Z', '2026-01-09T23:59:00Z'], 'test-out'),
      ...photosAt(['2026-01-10T12:00:00Z'], 'val'),
      ...photosAt(['2026-01-10T00:00:00Z', '2026-01-15T12:00:00Z', '2026-01-20T23:00:00Z'], 'test-in'),
      ...photosAt(['2026-01-20T12:00:00Z'], 'train'),
      ...photosAt(['2026-01-21T00:00:00Z'], 'test-out'),
    ];

    expect(idsOf(photos, 'period')).toEqual([
      ['before', 2],
      ['within', 5],
      ['after', 1],
    ]);
  });

  test('of the annotation period does not exist where nothing is annotated', () => {
    expect(idsOf(photosAt(['2026-01-01T12:00:00Z'], 'test-out'), 'period')).toEqual([]);
  });

  test('has no tau with nine photos, and one with ten', () => {
    const hours = (count: number, hour: number) =>
      Array.from({ length: count }, (_, day) => new Date(Date.UTC(2026, 0, 1 + day, hour)).toISOString());
    const photos = [...photosAt(hours(9, 7)), ...photosAt(hours(10, 8))];

    expect(strataOf(photos).hour).toEqual([
      { id: '7', label: '7:00', n: 9, tau: null, interval: null },
      { id: '8', label: '8:00', n: 10, tau: 1 },
    ]);
  });

  test('holds every photo with both numbers once, and its tau is that of its photos', () => {
    const photo = fc.record({
      at: fc
        .date({ min: new Date('2024-01-01'), max: new Date('2026-12-31'), noInvalidDate: true })
        .map((date) => date.toISOString()),
      value: fc.option(fc.integer({ min: 0, max: 9 })),
      score: fc.option(fc.integer({ min: 0, max: 9 })),
      split: fc.constantFrom('train' as const, 'val' as const, 'test-in' as const, 'test-out' as const),
    });
    fc.assert(
      fc.property(fc.array(photo, { maxLength: 80 }), fc.constantFrom(...SPLIT_GROUPS), (photos, of) => {
        const scored = scoredPhotos(photos);
        const places = stratumOfRows(scored);
        const strata = strataOfGroup(scored, places, of);
        const complete = photos.filter(
          ({ value, score, split }) =>
            value !== null && score !== null && (of.splits as readonly ImageSplit[]).includes(split),
        );

        const isAnnotated = photos.some(({ split }) => !split.startsWith('test'));
        for (const by of STRATIFICATIONS) {
          if (by === 'period' && !isAnnotated) continue;
          expect(strata[by].reduce((sum, { n }) => sum + n, 0)).toBe(complete.length);
        }
        const winter = complete.filter(({ at }) => [11, 0, 1].includes(new Date(at).getUTCMonth()));
        const expected = kendallTauB(
          Float64Array.from(winter, ({ value }) => value as number),
          Float64Array.from(winter, ({ score }) => score as number),
        );
        const found = strata.season.find(({ id }) => id === 'djf');
        expect(found?.n ?? 0).toBe(winter.length);
        expect(found?.tau ?? null).toBe(winter.length < 10 ? null : expected);
      }),
    );
  });
});

/** A year in which scores follow values, but not in winter; annotated until the end of April. */
const YEAR = Array.from({ length: 365 }, (_, day): TestPhoto => {
  const at = new Date(Date.UTC(2025, 0, 1 + day, 17));
  const isWinter = [11, 0, 1].includes(at.getUTCMonth());
  return {
    at: at.toISOString(),
    value: day,
    score: isWinter ? ((day * 7) % 11) + day * 0.001 : day,
    split: day < 120 ? (day % 2 === 0 ? 'train' : 'test-in') : 'test-out',
  };
});

describe('Photos that the model has not seen', () => {
  test('are told overall, by best and worst season, at high values, within and after the annotation period', () => {
    const unseen = unseenPhotos(testReport(YEAR));

    expect(unseen.n).toBe(305);
    expect(unseen.all).toMatchObject({ n: 305, interval: { low: expect.any(Number) } });
    expect(unseen.worst).toMatchObject({ label: 'Dec–Feb', interval: { high: expect.any(Number) } });
    expect(unseen.best?.tau).toBe(1);
    expect(unseen.high).toMatchObject({ id: 'highest_tenth', n: 37 });
    expect(unseen.within?.n).toBe(60);
    expect(unseen.after?.n).toBe(245);
  });

  test('have no best and no worst season where chance may have put one before the others', () => {
    // As unlike in each season as in the others.
    const alike = YEAR.map((photo, day) => {
      const value = (day * 61) % 365;
      return { ...photo, value, score: value + ((day * 37) % 101) * 4 };
    });
    const report = testReport(alike);

    const [highest, lowest] = [...report.strata['test-all'].season]
      .sort((a, b) => (b.tau as number) - (a.tau as number))
      .filter((_, place, { length }) => place === 0 || place === length - 1);
    expect(highest?.interval?.low).toBeLessThan(lowest?.interval?.high as number);
    expect(unseenPhotos(report)).toMatchObject({ best: null, worst: null, hasSeasons: true });
    expect(agreementNote(report)).toContain(
      'Of these photos: which season is best and which worst cannot be told;',
    );
    expect(titleBlock(report).text).toContain(
      '<th scope="row">Best and worst season</th><td colspan="3">cannot be told</td>',
    );
  });

  test('are told nothing of where there are fewer than ten, and no best season where there is one', () => {
    const unseen = unseenPhotos(testReport(YEAR.slice(120, 150)));

    expect(unseen).toMatchObject({ n: 30, best: null, worst: null, high: null, within: null, after: null });
    expect(unseenPhotos(testReport(YEAR.slice(0, 18)))).toMatchObject({ n: 9, all: null });
  });
});

describe('The numbers for programs', () => {
  const metrics = new Map(metricsFile(testReport(YEAR)).metrics.map((metric) => [metric.name, metric]));

  test('have every stratum by split, with n and interval', () => {
    const winter = 'kendall_tau.by_season.djf.test-all';

    expect(metrics.get(winter)?.value).toBe(unseenPhotos(testReport(YEAR)).worst?.tau);
    expect(metrics.get(winter)?.definition).toBe(
      "Kendall's tau-b of score and observed flow, photos taken in Dec–Feb, station time, in no pair: Test (In) and Test (Out) together; null for fewer than 10",
    );
    expect(metrics.get('kendall_tau_n.by_season.djf.test-all')?.value).toBe(60);
    expect(metrics.get(`${winter}.low`)?.value).toBeLessThan(metrics.get(`${winter}.high`)?.value as number);
    expect(metrics.get('kendall_tau_n.by_period.after.test-out')?.value).toBe(245);
    expect(metrics.get('kendall_tau.by_value.highest_tenth.test-out')?.value).not.toBeNull();
    expect(metrics.get('kendall_tau_n.by_hour.12')?.value).toBeGreaterThan(0);
  });

  test('have what FPE’s team compares models by, and no number of too few photos', () => {
    expect(metrics.get('spearman_rho.test-all')?.value).toBeGreaterThan(0.5);
    expect(metrics.get('rank_error')?.value).toBe(metrics.get('rank_error.overall')?.value);
    for (const end of ['high', 'low'])
      for (const name of ['', '_25', '_10', '_5'])
        expect(metrics.get(`average_precision_${end}${name}.test-all`)?.value).toEqual(expect.any(Number));
    expect(metrics.get('spearman_rho.val')?.value).toBeNull();
    expect(metrics.get('average_precision_high.val')?.value).toBeNull();
  });

  test('rank photos by score, and take the relevant ones by observed value', () => {
    // The highest score belongs to a photo of the lowest value: looked at first, and not relevant.
    const photos = Array.from(
      { length: 20 },
      (_, row): TestPhoto => ({
        at: new Date(Date.UTC(2026, 0, 1 + row)).toISOString(),
        value: row === 0 ? 0 : 100 - row,
        score: 100 - row,
        split: 'test-in',
      }),
    );
    const found = new Map(metricsFile(testReport(photos)).metrics.map(({ name, value }) => [name, value]));

    expect(found.get('average_precision_high_5.test-all')).toBe(1 / 2);
    expect(found.get('average_precision_low_5.test-all')).toBe(1 / 20);
  });
});
