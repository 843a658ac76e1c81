import { describe, expect, test } from '@jest/globals';
import { addIntervals, shownStrata } from '../../../browser/shown-strata.ts';
import { DAY_MS } from '../../../shared/formats/durations.ts';
import type { ImageSplit } from '../../../shared/model-input/image-split.ts';
import { RESAMPLES, type ReportData, reportData } from '../../../shared/report/data/report-data.ts';
import { SPLIT_GROUPS } from '../../../shared/report/data/split-groups.ts';
import { STRATIFICATIONS, stratumOfRows } from '../../../shared/report/data/strata.ts';
import { strataTable } from '../../../shared/report/data/text-tables.ts';
import { unseenPhotos } from '../../../shared/report/data/unseen.ts';
import { metricsFile } from '../../../shared/report/metrics/file.ts';
import { titleBlock } from '../../../shared/report/page/header.ts';
import { leadSentence } from '../../../shared/report/page/note.ts';
import { certaintySection } from '../../../shared/report/page/sections/certainty.ts';
import { performanceSection } from '../../../shared/report/page/sections/performance.ts';
import type { Interval } from '../../../shared/statistics/tau-bootstrap.ts';
import { PAGE, viewWith } from '../../fixtures/page-view.ts';
import { type TestPhoto, testReport } from '../../fixtures/report.ts';
import { syntheticReport } from '../../fixtures/synthetic-report.ts';

type Told = Interval | null | undefined;

/** Every interval of tau of photos that a report tells, by the photos that it is of. */
function intervalsByPhotos({ photos, wallMs, intervals, strata }: ReportData): Map<string, Told[]> {
  const stratumOf = stratumOfRows({ ...photos, timestamps: wallMs });
  const told = new Map<string, Told[]>();
  const tell = (rows: number[], interval: Told) =>
    told.set(rows.join(), [...(told.get(rows.join()) ?? []), interval]);
  for (const { id, splits } of SPLIT_GROUPS) {
    const members: readonly ImageSplit[] = splits;
    const rows = [...photos.keys.keys()].filter(
      (row) =>
        members.includes(photos.splits[row] as ImageSplit) &&
        !Number.isNaN((photos.values[row] as number) + (photos.scores[row] as number)),
    );
    tell(rows, intervals.photos[id]);
    for (const by of STRATIFICATIONS) {
      const parts = Map.groupBy(rows, (row) => stratumOf[by][row] as number);
      const inOrder = [...parts].sort(([one], [other]) => one - other).map(([, part]) => part);
      expect(inOrder.map(({ length }) => length)).toEqual(strata[id][by].map(({ n }) => n));
      for (const [place, part] of inOrder.entries()) tell(part, strata[id][by][place]?.interval);
    }
  }
  return told;
}

/** A photo a day of one split, whose scores follow the values only roughly. */
const photosOf = (days: number, split: ImageSplit): TestPhoto[] =>
  Array.from({ length: days }, (_, day) => ({
    // A Thursday, with which weeks begin.
    at: new Date(Date.UTC(2026, 0, 1, 17) + day * DAY_MS).toISOString(),
    value: (day * 61) % 97,
    score: ((day * 61) % 97) + 40 * ((day * 37) % 5),
    split,
  }));

describe('Photos that are told of in two places', () => {
  const report = reportData(syntheticReport(3000, { pairCount: 700 }));

  test('have one interval: by split, by stratum and in the title block', () => {
    const told = [...intervalsByPhotos(report).values()];

    const repeated = told.filter(({ length }) => length > 1);
    expect(repeated.filter(([interval]) => interval).length).toBeGreaterThan(3);
    for (const all of repeated) expect(new Set(all.map((interval) => JSON.stringify(interval))).size).toBe(1);
    const { within } = unseenPhotos(report);
    expect(within?.n).toBe(report.agreement.photos['test-in'].n);
    expect(within?.interval).toEqual(report.intervals.photos['test-in']);
  });

  test('have one interval in metrics.json', () => {
    const found = new Map(metricsFile(report).metrics.map(({ name, value }) => [name, value]));

    for (const end of ['low', 'high'])
      expect(found.get(`kendall_tau.by_period.within.test-in.${end}`)).toBe(
        found.get(`kendall_tau.test-in.${end}`),
      );
    expect(found.get('kendall_tau.test-in.low')).toEqual(expect.any(Number));
  });

  test('have the same in a browser that computes them for a period', () => {
    const page = {
      ...PAGE,
      photos: { ...report.photos, timestamps: report.wallMs },
      resamples: RESAMPLES,
      seed: 1691,
    };
    const view = viewWith({ strataSplit: 'test-in' }, page);
    // One day more than the run has: another period with the same photos.
    view.selection = { ...view.selection, to: view.whole.to + DAY_MS };
    for (const by of STRATIFICATIONS) addIntervals(view, by);

    expect(report.state.run.parameters.seed).toBe(page.seed);
    expect(shownStrata(view)).toEqual(report.strata['test-in']);
  });
});

describe('An interval', () => {
  const everywhere = (report: ReportData) =>
    [titleBlock(report), performanceSection(report).content, certaintySection(report).content]
      .map(({ text }) => text)
      .join('\n');

  test('is told of photos of eight weeks', () => {
    const report = testReport(photosOf(8 * 7, 'test-out'));

    expect(report.intervals.photos['test-out']).toEqual({
      low: expect.any(Number),
      high: expect.any(Number),
    });
    expect(leadSentence(report)).toMatch(/\(95 % interval 0\.\d\d – 0\.\d\d, n 56\)/);
  });

  test('of fewer weeks is told nowhere, and why is', () => {
    const report = testReport(photosOf(8 * 7 - 7, 'test-out'));

    expect(report.intervals.photos['test-out']).toBeNull();
    expect(leadSentence(report)).toMatch(
      /^On photos .* is 0\.\d\d \(too few weeks for an interval, n 49\)\.$/,
    );
    const text = everywhere(report);
    expect(text.match(/data-interval="photos\.[^"]+">([^<]+)</g)).toEqual([
      'data-interval="photos.test-out">too few weeks<',
      'data-interval="photos.test-all">too few weeks<',
      'data-interval="photos.overall">too few weeks<',
    ]);
    expect(text).not.toMatch(/\d\.\d\d – \d\.\d\d/);
    const ofTaus = metricsFile(report).metrics.filter(({ name }) => /^kendall_tau.*\.(low|high)$/.test(name));
    expect(ofTaus.length).toBeGreaterThan(20);
    for (const { value, definition } of ofTaus) {
      expect(value).toBeNull();
      expect(definition).toContain('from a cluster bootstrap over weeks; null for fewer than 8');
    }
  });

  test('that is still to be computed is not called one of too few weeks', () => {
    const photos = testReport(photosOf(100, 'test-out')).photos;
    const view = viewWith({}, { ...PAGE, photos });
    view.selection = { ...view.selection, to: view.whole.to - DAY_MS };

    const text = strataTable(shownStrata(view).hour).rows;

    expect(text).toEqual([['17:00', '99', expect.stringMatching(/^0\.\d\d$/), '']]);
  });
});
