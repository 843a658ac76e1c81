import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { judgmentsOf } from '../../../../shared/predictions/judged-pairs.ts';
import { datasetPage, inputPage, type PagePhoto } from '../../../../shared/report/page/data-pages.ts';
import { html } from '../../../../shared/report/page/html.ts';
import { unpackPage } from '../../../../shared/report/page/page-data.ts';
import { plantedChecks } from '../../../fixtures/planted-findings.ts';
import { testReportState } from '../../../fixtures/report.ts';

const { run, dataset, export: exported, split } = testReportState({ storage: 'storage', model: 'model' });
const photoBase = 'https://storage.s3.amazonaws.com/';
const FIRST_PHOTO = Date.parse('2026-03-01T12:00:00Z');
const photosOf = (count: number): PagePhoto[] =>
  Array.from({ length: count }, (_, index) => ({
    image_id: index + 1,
    timestamp: FIRST_PHOTO + index * 900_000,
    filename: `imagesets/6f2c/images/Mill Brook (${index}).JPG`,
    value: index % 2 === 0 ? index + 0.5 : null,
  }));
const judgments = [{ user_id: 'b1946ac9', rank: 'LEFT' as const, 'left.imageId': 2, 'right.imageId': 1 }];
const noValues = { timestamps: new Float64Array(), values: new Float64Array() };
const dataOf = (markup: string) => {
  const [, packed] = /id="data">([^<]*)</.exec(markup) as RegExpExecArray;
  return unpackPage(new Uint8Array(gunzipSync(Buffer.from(packed as string, 'base64'))));
};
const chartsOf = (markup: string) => [...markup.matchAll(/data-chart="([^"]+)"/g)].map(([, id]) => id);

describe('The page of a dataset', () => {
  const page = (photos = photosOf(8), more = {}) =>
    datasetPage(
      { run, photos, judgments, photoBase, dataset, exported, series: noValues, checks: [], ...more },
      'draw()',
    );

  test('says of a synthetic station that it is one', () => {
    const synthetic = { run: { ...run, station: { ...run.station, synthetic: true } } };

    expect(page(photosOf(8), synthetic)).toContain('Synthetic station:');
    expect(dataOf(page(photosOf(8), synthetic)).station.synthetic).toBe(true);
    expect(page()).not.toMatch(/synthetic station/i);
  });

  test('shows photos, observed values and pairs', () => {
    expect(chartsOf(page())).toEqual([
      'images-per-day',
      'observed-values',
      'annotation-pairs',
      'pair-differences',
    ]);
  });

  test('says what is missing at a station without observed values', () => {
    const markup = page(photosOf(8), {
      dataset: { ...dataset, values: 0, images_with_value: 0, value_source: null },
    });

    expect(chartsOf(markup)).toEqual(['images-per-day', 'annotation-pairs']);
    expect(markup).toContain('The station has no observed values of Flow [cfs]');
  });

  test('says what was left out of the dataset and why', () => {
    expect(page()).toContain('Annotation pairs left out: 2 of a photo that the station does not have.');
    expect(page()).toContain('Observed values left out: 7 that a logger writes where it has none.');
  });

  test('carries times of the station, and annotators by number', () => {
    const { photos, pairs, kind } = dataOf(page());

    expect(kind).toBe('dataset');
    expect(new Date(photos.timestamps[0] as number).toISOString()).toBe('2026-03-01T07:00:00.000Z');
    expect([...pairs.left, ...pairs.right, ...pairs.choices, ...pairs.annotators]).toEqual([1, 0, 1, 1]);
  });

  test('of a very long series draws some photos, among them all of the pairs', () => {
    const { photos } = dataOf(page(photosOf(200_000)));

    expect(photos.keys.length).toBeLessThan(30_010);
    expect([...photos.imageIds].slice(0, 3)).toEqual([1, 2, 8]);
  });

  test('shows what was checked and found, with photos that the page would leave out otherwise', () => {
    const photos = photosOf(200_000);
    const checks = plantedChecks(photos.slice(0, 3000)).filter(({ check }) => check !== 'darkness');
    const findings = checks.flatMap(({ findings }) => findings);
    const markup = page(photos, { checks });

    const { noted, photos: shown } = dataOf(markup);
    for (const { title, meaning, action } of findings)
      for (const text of [title, meaning, action]) expect(markup).toContain(html`${text}`.text);
    expect([...new Set(noted.examples)].length).toBe(Math.max(...noted.examples) + 1);
    expect(noted.keys).toContain('imagesets/9a/images/reset <b>"one"</b>.JPG');
    expect(markup).not.toContain('reset <b>');
    const ids = new Set(shown.imageIds);
    const ofPage = [...noted.imageIds].filter((id) => id < 900_000);
    expect(ofPage.length).toBeGreaterThan(10);
    expect(ofPage.every((id) => ids.has(id))).toBe(true);
    expect(markup).toContain('photos are opened when they are scored');
  });

  test('says of each check of a healthy dataset that nothing was found, and what was looked at', () => {
    const checks = plantedChecks(photosOf(300)).map((check) => ({ ...check, findings: [] }));

    const markup = page(photosOf(8), { checks });

    expect(markup.match(/<dd>nothing found<\/dd>/g)).toHaveLength(6);
    for (const { checked } of checks) expect(markup).toContain(html`${checked}`.text);
    expect(dataOf(markup).noted.keys).toEqual([]);
    expect(markup).toContain('<p>Observed values left out: 7 that a logger writes where it has none.</p>');
  });

  test('shows names of users as text', () => {
    const hostile = '</script><script>alert(1)</script>';
    const markup = page([{ ...(photosOf(1)[0] as PagePhoto), filename: hostile }, ...photosOf(2)], {
      run: { ...run, station: { ...run.station, name: hostile } },
    });

    expect(markup.match(/<script[^>]*>/g)).toHaveLength(2);
  });
});

describe('The page of a model’s input', () => {
  test('shows photos by split and pairs by training and validation', () => {
    const markup = inputPage(
      { run, photos: photosOf(8), judgments, photoBase, split, pairSplits: [false], splitOf: () => 'val' },
      'draw()',
    );

    const { photos, pairs } = dataOf(markup);
    expect(chartsOf(markup)).toEqual([
      'images-timeseries',
      'images-months',
      'value-distributions',
      'value-frequencies',
      'annotation-pairs',
      'pair-differences',
    ]);
    expect(new Set(photos.splits)).toEqual(new Set(['val']));
    expect([...pairs.splits]).toEqual([1]);
  });
});

test('A pair that no annotator decided is no judgment', () => {
  const line = { user_id: null, 'left.imageId': 1, 'right.imageId': 2 };

  const found = judgmentsOf(['LEFT', 'UNKNOWN', null, 'SAME', 'toString'].map((rank) => ({ ...line, rank })));

  expect(found.map(({ rank }) => rank)).toEqual(['LEFT', 'SAME']);
});
