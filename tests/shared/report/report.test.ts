import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { US_WEST_2 } from '../../../shared/cost/model.ts';
import { ArchiveInvalid, FileInvalid } from '../../../shared/errors.ts';
import { HOUR_MS } from '../../../shared/formats/durations.ts';
import { legibleText } from '../../../shared/formats/legible-text.ts';
import { formatTau } from '../../../shared/formats/numbers.ts';
import type { ImageSplit } from '../../../shared/model-input/image-split.ts';
import { judgedPairs, judgment } from '../../../shared/predictions/judged-pairs.ts';
import { dailyMeans } from '../../../shared/predictions/scored-photos.ts';
import { NOT_KNOWN } from '../../../shared/publication/model-comparison.ts';
import { CHECKS, type CheckName } from '../../../shared/quality/finding.ts';
import { finalEpochs } from '../../../shared/report/data/epochs.ts';
import { NO_CURVE } from '../../../shared/report/data/learning-curve.ts';
import type { ReportData } from '../../../shared/report/data/report-data.ts';
import { jobCosts } from '../../../shared/report/data/run-cost.ts';
import { totalCost } from '../../../shared/report/data/run-facts.ts';
import { agreements, meanRankError, overlapRanks } from '../../../shared/report/data/statistics.ts';
import {
  readComputation,
  readTrainingOutput,
  trainingOutputLocation,
} from '../../../shared/report/data/training-output.ts';
import { metricsFile, pairCounts, photoCounts, valueCounts } from '../../../shared/report/metrics/file.ts';
import { Html, html } from '../../../shared/report/page/html.ts';
import { agreementNote, leadSentence } from '../../../shared/report/page/note.ts';
import { reportPage } from '../../../shared/report/page/report-page.ts';
import { lossTable } from '../../../shared/report/page/sections/model-training.ts';
import { performanceSection } from '../../../shared/report/page/sections/performance.ts';
import {
  hourlyPhotos,
  packOutput,
  judgedPairs as pairsOf,
  scoredPhotos,
  TRAINING,
  testReport,
  testReportState,
} from '../../fixtures/report.ts';

const BUCKETS = { storage: 'storage', model: 'model' };
const utcDate = (epochMs: number) => new Date(epochMs).toISOString().slice(0, 10);
const once = async function* (...chunks: Uint8Array[]) {
  yield* chunks;
};
const SCRIPT = 'draw()';
const page = (...report: Parameters<typeof testReport>) => reportPage(testReport(...report), SCRIPT);
/** The page's words, as a reader sees them. */
const words = (markup: string) =>
  markup
    .replaceAll(/<(style|script)[\s\S]*?<\/\1>/g, '')
    .replaceAll('<wbr>', '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
const metricsOf = (report: ReportData) =>
  new Map(metricsFile(report).metrics.map(({ name, value }) => [name, value]));

describe('Daily means', () => {
  test('are over the scored photos of a day; the value only over those that have one', () => {
    const photos = scoredPhotos([
      { at: '2026-03-01T12:00:00Z', value: 10, score: 1 },
      { at: '2026-03-01T13:00:00Z', value: null, score: 3 },
      { at: '2026-03-01T14:00:00Z', value: 99, score: null },
      { at: '2026-03-02T12:00:00Z', value: null, score: 5 },
      { at: '2026-03-03T12:00:00Z', value: 7, score: null },
    ]);

    const days = dailyMeans(photos, utcDate);

    expect(days.dates).toEqual(['2026-03-01', '2026-03-02']);
    expect([...days.values]).toEqual([10, Number.NaN]);
    expect([...days.scores]).toEqual([2, 5]);
  });

  test('take the first of train, val, test-in, test-out that any scored photo of the day has (Q-R8)', () => {
    const photos = scoredPhotos([
      { at: '2026-03-01T12:00:00Z', score: 1, split: 'test-out' },
      { at: '2026-03-01T13:00:00Z', score: 1, split: 'val' },
      { at: '2026-03-01T14:00:00Z', score: null, split: 'train' },
      { at: '2026-03-02T12:00:00Z', score: 1, split: 'test-out' },
      { at: '2026-03-02T13:00:00Z', score: 1, split: 'test-in' },
    ]);

    expect(dailyMeans(photos, utcDate).splits).toEqual(['val', 'test-in']);
  });

  test('group by the date at the station, not in New York (Q-R1)', () => {
    // 23:30 and 00:30 in Honolulu; the same evening in New York.
    const photos = [{ at: '2026-03-02T09:30:00Z' }, { at: '2026-03-02T10:30:00Z' }];
    const state = testReportState(BUCKETS, { id: 7, timezone: 'Pacific/Honolulu' });

    const { days } = testReport(
      photos.map((photo) => ({ ...photo, score: 1 })),
      { state },
    );

    expect(days.dates).toEqual(['2026-03-01', '2026-03-02']);
  });

  test('come in the order of the dates, whatever the order of the photos', () => {
    const photos = scoredPhotos([
      { at: '2026-03-02T12:00:00Z', score: 2 },
      { at: '2026-03-01T12:00:00Z', score: 1 },
    ]);

    expect([...dailyMeans(photos, utcDate).scores]).toEqual([1, 2]);
  });
});

describe('Agreement', () => {
  test('is computed for each split, for both tests together and for all photos', () => {
    const at = '2026-03-01T12:00:00Z';
    const ten = (split: ImageSplit, sense: 1 | -1, n = 10) =>
      Array.from({ length: n }, (_, value) => ({ at, value, score: sense * value, split }));
    const photos = scoredPhotos([
      ...ten('train', 1),
      ...ten('val', -1),
      ...ten('test-in', 1, 5),
      ...ten('test-out', 1, 9),
      { at, value: null, score: 7, split: 'test-out' },
      { at, value: 8, score: null, split: 'test-out' },
    ]);

    const result = agreements(photos);

    expect(result.train).toEqual({ n: 10, tau: 1 });
    expect(result.val).toEqual({ n: 10, tau: -1 });
    // Too few to tell.
    expect(result['test-in']).toEqual({ n: 5, tau: null });
    expect(result['test-out']).toEqual({ n: 9, tau: null });
    expect(result['test-all']).toEqual({ n: 14, tau: 1 });
    expect(result.overall.n).toBe(34);
  });

  test('of fewer than ten photos or days is in no number of metrics.json, as it is in no table of the page', () => {
    const few = metricsOf(testReport(hourlyPhotos(34)));

    const told = [...few].filter(([name]) => /^kendall_tau(_daily)?\.[a-z-]+(\.low|\.high)?$/.test(name));
    expect(told.length).toBeGreaterThan(20);
    expect(few.get('kendall_tau.overall')).not.toBeNull();
    for (const [name, value] of told) {
      const n = few.get(name.replace(/^(kendall_tau(_daily)?)\.([^.]+)(\.low|\.high)?$/, '$1_n.$3'));
      expect(n).toEqual(expect.any(Number));
      if ((n as number) < 10) expect({ name, value }).toEqual({ name, value: null });
    }
  });

  test('ranks photos and days by one formula, over those that have both value and score (Q-R2)', () => {
    const at = '2026-03-01T12:00:00Z';
    const photos = scoredPhotos([
      { at, value: 10, score: 0.3 },
      { at, value: 20, score: 0.1 },
      { at, value: 20, score: 0.2 },
      { at, value: null, score: -5 },
    ]);

    const ranks = overlapRanks(photos);

    expect([...ranks.observed]).toEqual([0, 0.75, 0.75, Number.NaN]);
    expect([...ranks.predicted]).toEqual([1, 0, 0.5, Number.NaN]);
    expect(meanRankError(photos)).toBeCloseTo((1 + 0.75 + 0.25) / 3);
  });

  test('has no rank error where fewer than two photos have both', () => {
    expect(meanRankError(scoredPhotos([{ at: '2026-03-01T12:00:00Z', value: 1, score: 1 }]))).toBeNull();
    expect(meanRankError(scoredPhotos([]))).toBeNull();
  });

  test('does not depend on the order of the photos', () => {
    const photo = fc.record({
      at: fc.constantFrom('2026-03-01T12:00:00Z', '2026-03-02T12:00:00Z'),
      value: fc.option(fc.integer({ min: 0, max: 9 })),
      score: fc.option(fc.integer({ min: 0, max: 9 })),
      split: fc.constantFrom('train' as const, 'val' as const, 'test-in' as const, 'test-out' as const),
    });
    fc.assert(
      fc.property(fc.array(photo), (photos) => {
        expect(agreements(scoredPhotos(photos.toReversed()))).toEqual(agreements(scoredPhotos(photos)));
      }),
    );
  });
});

describe('The note', () => {
  test('gives tau over all photos and over those in no annotation pair', () => {
    const photos = hourlyPhotos(40).map((photo) => ({ ...photo, score: photo.value as number }));

    expect(agreementNote(testReport(photos))).toBe(
      'On photos that the model has not seen, Kendall tau of scores and observed flow is 1.00 (too few weeks for an interval, n 20). Of these photos: within the annotation period 1.00 (n 10); after it 1.00 (n 10). The method’s paper (doi 10.5194/hess-29-6445-2025) found medians of 0.75 within and 0.59 after.',
    );
  });

  test.each([
    [
      'agree',
      1,
      /^scores and observed flow agree with a Kendall tau of (0\.\d|1\.0)\d \(95 % interval 0\.\d[1-9]/,
    ],
    [
      'run against each other',
      -1,
      /^scores and observed flow run against each other: their Kendall tau is -[01]\.\d/,
    ],
    [
      'are not related',
      0,
      /^it cannot be told whether scores and observed flow agree: their Kendall tau is -?0\.[01]\d \(95 % interval -0\.\d\d – 0/,
    ],
  ])('says in words that fit tau and its interval where both %s', (_, direction, expected) => {
    const days = Array.from({ length: 120 }, (_, day) => ({
      at: new Date(Date.UTC(2025, 0, 1 + day, 17)).toISOString(),
      value: day,
      score: direction * day + 90 * Math.sin(day * 12.9898),
      split: 'test-out' as const,
    }));

    const [lead] = agreementNote(testReport(days)).split('. ');

    expect(lead?.replace('On photos that the model has not seen, ', '')).toMatch(expected);
  });

  test('never says that scores agree where the interval, as it is shown, holds 0', () => {
    const tau = fc.double({ min: -1, max: 1, noNaN: true });
    const report = testReport(hourlyPhotos(80));
    fc.assert(
      fc.property(tau, tau, tau, (low, at, high) => {
        const { photos: intervals } = report.intervals;
        const interval = { low: Math.min(low, at), high: Math.max(high, at) };
        const note = leadSentence({
          ...report,
          agreement: {
            ...report.agreement,
            photos: { ...report.agreement.photos, 'test-all': { n: 40, tau: at } },
          },
          intervals: { ...report.intervals, photos: { ...intervals, 'test-all': interval } },
        });
        const [shownLow, shownHigh] = [interval.low, interval.high].map((end) => Number(formatTau(end)));

        expect(note.includes('flow agree with')).toBe((shownLow as number) > 0);
        expect(note.includes('against each other')).toBe((shownHigh as number) < 0);
      }),
    );
  });

  test('speaks of the best and the worst season and of high values, with interval and n', () => {
    const days = Array.from({ length: 365 }, (_, day) => ({
      at: new Date(Date.UTC(2025, 0, 1 + day, 17)).toISOString(),
      value: day,
      score: day < 59 ? (day * 7) % 11 : day,
      split: 'test-out' as const,
    }));

    const note = agreementNote(testReport(days));

    expect(note).toMatch(
      /^On photos that the model has not seen, .* tau of 0\.\d\d \(95 % interval 0\.\d\d – [01]\.\d\d, n 365\)\./,
    );
    expect(note).toMatch(/in the best season, (Mar–May|Jun–Aug|Sep–Nov), 1\.00 \(1\.00 – 1\.00, n 9[12]\);/);
    expect(note).toMatch(/in the worst, Dec–Feb, 0\.\d\d \(.* – .*, n 90\);/);
    expect(note).toContain(
      'in the highest tenth of observed flow 1.00 (too few weeks for an interval, n 37).',
    );
    expect(note).not.toContain('paper');
  });

  test.each([
    [
      'it has seen nearly all photos',
      'train' as const,
      'How well the model does on photos that it has not seen, 3 photos with a score and observed flow are too few to tell. Over all 20 photos, those that it has seen included, tau is 1.00, which tells little of others.',
    ],
    [
      'all photos that it has not seen are alike',
      'test-out' as const,
      'How well the model does on photos that it has not seen cannot be told: all 19 have the same value or the same score.',
    ],
  ])('promises nothing where %s', (_, split, note) => {
    const photos = hourlyPhotos(20).map((photo, row) => ({
      ...photo,
      score: photo.value as number,
      split: row === 19 ? ('train' as const) : row < 3 ? ('test-in' as const) : split,
    }));
    const alike = photos.map((photo, row) => ({ ...photo, score: row < 19 ? 1 : 2 }));

    expect(agreementNote(testReport(split === 'train' ? photos : alike))).toContain(note);
  });

  test.each([
    [
      'without values',
      [null, null],
      'There are no observed values at this station to compare the scores with.',
    ],
    [
      'with a single value',
      [3, null],
      'The scores cannot be compared with observed flow: 1 photo with both, two are needed.',
    ],
    [
      'with equal values',
      [3, 3],
      'The scores cannot be compared with observed flow: all 2 photos with both have the same value or the same score.',
    ],
  ])('of a station %s says so', (_, [first, second], note) => {
    const report = testReport([
      { at: '2026-03-01T12:00:00Z', value: first as number | null, score: 1 },
      { at: '2026-03-01T13:00:00Z', value: second as number | null, score: 2 },
    ]);

    expect(agreementNote(report)).toBe(note);
    expect(report.agreement.photos.overall.tau).toBeNull();
  });

  test.each([
    ['SNOW_FT', 'observed snow depth'],
    ['CHLA_PPB', 'observed chlorophyll a'],
    ['OTHER', 'observed values'],
  ])('names the variable %s in words (Q-R5)', (variable_code, phrase) => {
    const state = testReportState(BUCKETS, { id: 29 }, { variable_code });

    expect(agreementNote(testReport(hourlyPhotos(8), { state }))).toContain(phrase);
  });
});

describe('The page of a synthetic station', () => {
  const pageOf = (synthetic: boolean) =>
    page(hourlyPhotos(60), { state: testReportState(BUCKETS, { id: 29, synthetic }) });

  test('says so above all its numbers, and that of a real one does not', () => {
    expect(words(pageOf(true))).toMatch(/Mill Brook \(29\) Synthetic station: a program made up its photos/);
    expect(words(pageOf(false))).not.toMatch(/synthetic/i);
  });
});

describe('The page', () => {
  test('does not call data in order that nobody has checked', () => {
    const empty = (check: CheckName) => ({ check, checked: 'all', findings: [] });
    const said = (made: readonly CheckName[]) => words(page(hourlyPhotos(60), { checks: made.map(empty) }));

    expect(said([])).toContain('Nothing was checked.');
    expect(said(CHECKS.slice(1))).toContain('Nothing was found by the checks that were made.');
    expect(said(CHECKS)).toContain('Nothing was found.');
  });

  test('parts no number from its percent sign', () => {
    const text = page(hourlyPhotos(60)).replaceAll(/<(style|script)[\s\S]*?<\/\1>/g, '');

    expect(text.match(/.*\d[ \n]%.*/g)).toBeNull();
  });

  test('speaks of no place that another layout has elsewhere, and of no mouse', () => {
    const previous = {
      model_code: 'RANK-FLOW-20250101',
      scores: new Float64Array(60),
      wasTest: new Uint8Array(60),
    };

    const text = words(page(hourlyPhotos(60), { previous }));

    expect(text).toContain('Observed flow at the time of each photo');
    expect(text).toContain('Photos that both models scored');
    const places =
      /[^.]*\b(on the (left|right)|(left|right)(most)? (panel|plot|chart)|at the (top|bottom)|(figure|panel|plot|chart)s? (above|below)|below it every|hover\w*|click\w*)\b[^.]*/gi;
    expect(text.match(places)).toBeNull();
  });

  test('shows every number of the title block', () => {
    const text = words(page(hourlyPhotos(600)));

    for (const phrase of [
      'FPE Rank Model Diagnostics',
      'Mill Brook (29)',
      'Model code RANK-FLOW-20260401',
      'Variable Flow [cfs]',
      'Created 2026-04-01 08:00',
      'Time zone America/New_York',
      'Start 2026-03-01 07:00',
      'End 2026-03-26 07:00',
      '# Images 600',
      'With Value 600',
      'Source human',
      '# Train Pairs 300',
      '# Val Pairs 75',
      'Period 2026-03-01 – 2026-03-20',
      'Notes NA',
      '# Epochs 3',
      'Started From ImageNet weights',
      'Learn Rate 0.001',
      'Final Model epoch 2',
      'Performance (Kendall Tau)',
    ])
      expect(text).toContain(phrase);
  });

  test('counts photos, not days without any, and takes start and end from photos (Q-R3)', () => {
    const text = words(
      page([
        { at: '2026-03-01T12:00:00Z', score: 1 },
        { at: '2026-03-31T12:00:00Z', score: null },
      ]),
    );

    expect(text).toContain('Start 2026-03-01 07:00 End 2026-03-31 08:00 # Images 2 With Value 0');
  });

  test('gives tau by photo and by day with two decimals, intervals and their n, unless they are too few', () => {
    const at = (day: number, hour: number) => new Date(Date.UTC(2026, 2, 7 * day, hour)).toISOString();
    const days = Array.from({ length: 10 }, (_, index) => index + 1).flatMap((day) => [
      {
        at: at(day, 17),
        value: day,
        score: day,
        split: 'train' as const,
      },
      {
        at: at(day, 18),
        value: day + 10,
        score: -day,
        split: day < 10 ? ('test-in' as const) : ('test-out' as const),
      },
    ]);

    const text = words(page(days));

    expect(text).toContain(
      'Photos tau 95 % n Train 1.00 1.00 – 1.00 10 Val too few 0 Test (In) too few 9 Test (Out) too few 1 Test (All) -1.00 -1.00 – -1.00 10 Overall -0.53',
    );
    expect(text).toContain('Daily means tau 95 % n Train NA 10 Val too few 0');
  });

  test('says which hours and which days the daily means are made of (Q-R7, Q-R8)', () => {
    const state = testReportState(BUCKETS, { id: 29 }, { min_hour: 22, max_hour: 4 });

    const text = words(page(hourlyPhotos(8), { state }));

    expect(text).toContain('taken from 22:00 to 4:59');
    expect(text).toContain('a day counts to the first of Train, Val, Test (In) and Test (Out)');
  });

  test('shows how many photos and pairs each filter left out', () => {
    const text = words(page(hourlyPhotos(8)));

    expect(text).toContain(
      'Found at the station 1,203 Imageset not processed −10 Photo not processed −2 No timestamp −1 May show people or vehicles −3 Same file as another photo −1 In the dataset 1,186 Outside the months −86 Outside the hours −500 In this run 600 Truncated or broken −2 No answer −1 Scored 597',
    );
    expect(text).toContain(
      'Found at the station 412 Photo unknown −2 In the dataset 410 Not ranked −12 Photo not in this run −20 Outside the dates −3 In this run 375 Train 300 Val 75',
    );
  });

  test('warns of a model that really learned from fewer pairs than it should', () => {
    const learnt = (train: number, val: number) => ({
      ...TRAINING,
      learnt: { train, val, photos_unreadable: 35 },
    });
    const textOf = (training: typeof TRAINING) =>
      words(reportPage(testReport(hourlyPhotos(8), { training }), 'draw()'));

    const few = textOf(learnt(72, 25));
    const enough = textOf(learnt(250, 75));

    expect(few).toContain('Photo unreadable −278 Really learned from: train 72 Really learned from: val 25');
    expect(few).toContain(
      'from 72 training pairs and 25 validation pairs, not from 300 and 75, because 35 photos',
    );
    expect(few).toContain('Warning: these are fewer than the 101 and 11 that a model needs');
    expect(enough).toContain('from 250 training pairs');
    expect(enough).not.toContain('Warning');
    expect(textOf(TRAINING)).not.toContain('really learnt');
  });

  test('names the method of the split and the photos it leaked', () => {
    const state = testReportState(BUCKETS);
    const random = { ...state, split: { ...state.split, method: 'random' as const, leaked_images: 3 } };

    expect(words(page(hourlyPhotos(8)))).toContain('Pairs were divided by graph');
    expect(words(page(hourlyPhotos(8), { state: random }))).toContain(
      'divided at random, as the pairs hang together too closely to be kept apart: 3 photos are in both training and validation',
    );
  });

  test.each([
    [
      'FPE',
      null,
      'Observed flow: 2,000 values from the datasets of the station on FPE, interpolated to the time of 8 of 8 photos.',
    ],
    [
      'NWIS',
      'Two series; chose the longer.',
      'from USGS, interpolated to the time of 8 of 8 photos. Two series; chose the longer.',
    ],
    [
      null,
      'USGS has none.',
      'There are no observed values of Flow [cfs] for the time of the photos. USGS has none.',
    ],
  ] as const)('says where the observed values come from: %s', (value_source, note, phrase) => {
    const state = testReportState(BUCKETS);
    const observed = {
      ...state,
      dataset: { ...state.dataset, value_source },
      observations: { count: 0, time_series_id: null, note },
    };

    expect(words(page(hourlyPhotos(8), { state: observed }))).toContain(phrase);
  });

  test('shows what users wrote as text: names, sources, notes and file names hold no markup', () => {
    const hostile = `</title></style></script><script>alert('1')</script>" onload="alert(2)&amp;`;
    const state = testReportState(BUCKETS, { id: 29, name: hostile });
    const photos = hourlyPhotos(8).map((photo) => ({ ...photo, key: `imagesets/${hostile}.jpg` }));
    const report = testReport(photos, {
      state,
      period: { source: hostile },
      notes: hostile,
      files: [{ name: hostile, key: hostile, bytes: 1, sha256: hostile, written_at: '' }],
      cost: { parts: [{ name: hostile, usd: 1, basis: hostile }], assumptions: hostile },
    });

    const markup = reportPage(report, SCRIPT);

    expect(markup.match(/<script[^>]*>/g)).toEqual([
      '<script type="application/octet-stream" id="data">',
      '<script>',
    ]);
    expect(markup).not.toContain('" onload');
    expect(markup.match(/<\/(title|style)>/g)).toHaveLength(2);
    expect(markup).toContain('alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;alert(2)&amp;amp;');
  });

  test.each([
    ['an override', 'Mill\u202e Brook\u2067\u0007'],
    ['letters from right to left', 'נחל 2 דן'],
  ])('is turned by no name in it, wherever it stands: %s', (_, name) => {
    const state = testReportState(BUCKETS, { id: 29, name });
    const report = testReport(hourlyPhotos(8), {
      state,
      period: { source: name },
      notes: name,
      files: [{ name, key: name, bytes: 1, sha256: name, written_at: '' }],
      cost: { parts: [{ name, usd: 1, basis: name }], assumptions: name },
    });

    const markup = reportPage(report, SCRIPT);

    expect(markup.split(legibleText(name)).length).toBeGreaterThan(8);
    expect(markup.replaceAll(/\u2068[^\u2068\u2069\n]+\u2069/g, '')).not.toMatch(
      /[[\p{Cc}\p{Bidi_Control}\p{Script=Hebrew}]--[\t\n]]/v,
    );
  });

  test('asks for nothing but itself and photos, and runs no script but its own', () => {
    const markup = page(hourlyPhotos(60));

    const hash = createHash('sha256').update(SCRIPT).digest('base64');
    expect(markup).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; script-src &#39;sha256-${hash}&#39;; img-src data: https://storage.s3.amazonaws.com"`,
    );
    // A link is followed by a reader alone.
    const asked = markup.replaceAll(/<a href="[^"]*"/g, '').matchAll(/(?:src|href)\s*=\s*"([^"]*)/g);
    expect(Array.from(asked, ([, target]) => target)).toEqual(['data:,']);
    expect(markup).not.toMatch(/@import|url\(/);
  });

  test('never holds a comment of an annotator or the id of a user (Q-P8)', () => {
    const judgments = [
      {
        user_id: 'b1946ac9',
        rank: 'LEFT' as const,
        'left.imageId': 2,
        'right.imageId': 1,
        comment: 'secret',
      },
    ].map((row) => judgment.parse({ ...row, 'left.imageId': '2', 'right.imageId': '1' }));
    const photos = scoredPhotos(hourlyPhotos(8));

    const pairs = judgedPairs(judgments, [{ pair: 1, split: 'train' }], photos.imageIds);

    expect(pairs).toEqual({
      left: Uint32Array.of(1),
      right: Uint32Array.of(0),
      choices: Int8Array.of(1),
      splits: Uint8Array.of(0),
      annotators: Uint16Array.of(1),
    });
  });

  test.each([
    [9, 'Both scored 9 photos of this run, too few to tell how far they agree.'],
    [10, 'Both scored 10 photos of this run; Kendall tau between their scores is'],
  ])('compares with the model before over ten photos and more: %d', (n, said) => {
    const { photos } = testReport(hourlyPhotos(n));
    const previous = { model_code: 'OLD', scores: photos.scores, wasTest: new Uint8Array(n) };

    expect(words(page(hourlyPhotos(n), { previous }))).toContain(said);
  });

  test.each<[string, (score: number, row: number) => number, RegExp]>([
    ['no clear difference', (score) => score, /no clear difference \(0\.00 to 0\.00\)/],
    ['better', (score) => -score, /better \(\d\.\d\d to \d\.\d\d\)/],
    ['too few weeks to tell', (score, row) => (row < 100 ? score : Number.NaN), /100 \S+ \S+ too few weeks/],
    [
      'too few photos to tell',
      (score, row) => (row < 9 ? score : Number.NaN),
      / 9 too few too few too few(?! weeks)/,
    ],
  ])('tells by an interval whether the model before is another: %s', (_, scoreOf, expected) => {
    const start = Date.UTC(2026, 2, 1);
    const photos = hourlyPhotos(600).map((photo, row) => ({
      ...photo,
      at: new Date(start + 3 * row * HOUR_MS).toISOString(),
    }));
    const scores = testReport(photos).photos.values.map(scoreOf);
    const previous = { model_code: 'OLD', scores, wasTest: new Uint8Array(600) };
    const own = photos.map((photo, row) => ({ ...photo, score: row }));

    expect(words(page(own, { previous }))).toMatch(expected);
  });

  test('says of which photos the file of the model before does not tell whether it has learned from them', () => {
    const photos = hourlyPhotos(600).map(
      (photo, row) => ({ ...photo, split: row < 30 ? 'train' : 'test-in' }) as const,
    );
    const { scores } = testReport(photos).photos;
    const told = (wasTest: number) => {
      const previous = { model_code: 'OLD', scores, wasTest: new Uint8Array(600).fill(wasTest) };
      return words(page(photos, { previous }));
    };

    expect(told(NOT_KNOWN)).toContain(
      'Of 570 photos it is not known whether OLD has learned from them, as its file does not say. The second row leaves them out; in the first, they may favor that model.',
    );
    for (const wasTest of [0, 1]) expect(told(wasTest)).not.toContain('not known whether');
  });

  test('keeps a number and its percent sign in one line', () => {
    const text = page(hourlyPhotos(40)).replaceAll(/<(style|script)[\s\S]*?<\/\1>/g, '');

    expect(html`${'71 % – 88 %'}`.text).toBe('71\u00a0% – 88\u00a0%');
    expect(text).toContain('\u00a0% ');
  });

  test('says of a run on one computer what really ran: no image, no instance, no dollars', () => {
    const local = words(page(hourlyPhotos(8), { jobPlace: 'one computer' }));
    const inSageMaker = words(page(hourlyPhotos(8)));

    expect(local).toContain('on one computer, by the local stack; nothing was paid for');
    expect(local).toContain('PyTorch 2.6.0, device cuda, 8 threads');
    expect(local).toMatch(/training_instance_type ml\.\S+ \(not used: one computer\)/);
    expect(local).not.toMatch(/image .*dkr\.ecr|\$\d/);
    expect(inSageMaker).toContain('Jobs ran in SageMaker');
    expect(inSageMaker).toContain('Training image');
    expect(inSageMaker).not.toContain('not used');
  });

  test('says where its numbers and the other pages are, as their bucket is private, and how to open them', () => {
    const { run } = testReportState(BUCKETS);
    const folder = `s3://model/rank/29/models/${run.model_code}/versions/${run.model_uuid}`;
    const text = words(page(hourlyPhotos(8)));

    expect(text).toContain(`Every number with its definition ${folder}/metrics.json`);
    expect(text).toContain(`Page of the model input ${folder}/input/input.html ./fpe open input one`);
    expect(text).toContain(`Page of the dataset ${folder}/dataset/dataset.html ./fpe open dataset one`);
    expect(text).toContain('from a checkout of the pipeline with --stage.');
    expect(text).not.toContain('Beside this page');
    const local = words(page(hourlyPhotos(8), { jobPlace: 'one computer' }));
    expect(local).toContain('in the model bucket of a local stack, not of AWS.');
    expect(local).not.toContain('with --stage.');
  });

  test('begins with the figures where a model became the default though it is worse than the one before', () => {
    const state = testReportState(BUCKETS);
    const promotion = {
      ...state.promotion,
      is_worse: true,
      current_model_code: 'OLD',
      kendall_tau: 0.19,
      current_kendall_tau: 0.77,
    };

    const header = (of: typeof state) =>
      words(page(hourlyPhotos(8), { state: of }).split('</header>')[0] as string);

    expect(header({ ...state, promotion })).toContain(
      '⚠ Kendall tau 0.77 → 0.19: the new default is worse than OLD, which it replaces.',
    );
    expect(header(state)).not.toContain('⚠');
  });

  test('links to the files beside it, to the station at FPE and to its gage, as far as there are any', () => {
    const state = testReportState(BUCKETS);
    const { run } = state;
    const linksOf = (more: Partial<typeof run>, jobPlace: 'SageMaker' | 'one computer' = 'SageMaker') =>
      Array.from(
        page(hourlyPhotos(8), { state: { ...state, run: { ...run, ...more } }, jobPlace }).matchAll(
          /<a href="([^"#][^"]*)">/g,
        ),
        ([, address]) => address,
      );
    const station = { ...run.station, id: 29, nwis_id: '01171100' };

    expect(linksOf({ station })).toEqual([
      'predictions.csv',
      'images.csv',
      'annotations.csv',
      'https://www.usgs.gov/apps/ecosheds/fpe/#/explorer/29',
      'https://waterdata.usgs.gov/monitoring-location/USGS-01171100',
    ]);
    // The last three are shown where npm start leaves them beside the report.
    expect(linksOf({ station: { ...station, nwis_id: 'x"' } }, 'one computer')).toEqual([
      ...['predictions.csv', 'images.csv', 'annotations.csv'],
      ...['metrics.json', 'predictions-intervals.csv', 'input.html', 'dataset.html'],
    ]);
    expect(
      linksOf(
        { station: { ...station, nwis_id: null }, parameters: { ...run.parameters, publish: false } },
        'one computer',
      ),
    ).toEqual([]);
  });

  test('holds every anchor that its contents name, and each id once', () => {
    const markup = page(hourlyPhotos(8));

    const ids = [...markup.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    const targets = [...markup.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);

    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(targets));
    expect(targets.slice(0, 6)).toEqual([
      'performance',
      'measures',
      'input-data',
      'photos',
      'observed-values',
      'images-timeseries',
    ]);
  });

  test('is the same, byte for byte, however many reports the process has made', () => {
    const first = page(hourlyPhotos(60));
    const second = page(hourlyPhotos(60));

    expect(second).toBe(first);
  });

  test('has the thirteen figures of the old report in their order, then its own', () => {
    const figures = [...page(hourlyPhotos(60)).matchAll(/data-chart="([^"]+)"/g)].map(([, id]) => id);

    expect(figures.filter((id) => id !== 'learning-curve')).toEqual([
      ...THIRTEEN,
      'calibration',
      'tau-strata',
    ]);
    expect(figures.indexOf('learning-curve')).toBe(figures.indexOf('loss-function') + 1);
  });

  test('says how far a score may be off, and where held-out pairs cannot tell', () => {
    const pairs = pairsOf(
      Array.from({ length: 30 }, (_, index) => ({
        left: index + 31,
        right: index + 1,
        choice: 1,
        split: 'val',
      })),
    );

    const [told, untold] = [words(page(hourlyPhotos(61), { pairs })), words(page(hourlyPhotos(61)))];

    expect(told).toMatch(
      /Judged by 30 held-out pairs with a decision, the 90 % interval of a score is ± \d+\.\d\d\. For half of the photos it spans at most \d+.% of all ranks/,
    );
    expect(untold).toContain('Fewer than 10 held-out pairs have a decision');
  });

  test.each([
    [0, 'in none of its datasets on FPE'],
    [40, 'The 40 values of the station are more than 65 minutes away from every photo of this run'],
  ])('of a station with %d values and none at its photos says what is missing and why', (values, why) => {
    const state = testReportState(BUCKETS);
    const markup = page(
      hourlyPhotos(8).map((photo) => ({ ...photo, value: null })),
      { state: { ...state, dataset: { ...state.dataset, values } } },
    );

    const figures = [...markup.matchAll(/data-chart="([^"]+)"/g)].map(([, id]) => id);
    expect(figures).toEqual([
      'images-timeseries',
      'annotation-pairs',
      'loss-function',
      'learning-curve',
      'predictions-timeseries',
      'daily-scores',
      'daily-ranks',
      'calibration',
    ]);
    expect(markup.match(/<figure id="[^"]*" class="absent">/g)).toHaveLength(3);
    expect(markup).not.toMatch(/<td[^>]* data-(tau|measure)="|href="#measures"/);
    expect(markup).toContain('<a href="#pair-accuracy">');
    expect(words(markup)).toContain(
      'No observed data: none of the 8 photos has an observed value of Flow [cfs].',
    );
    expect(words(markup)).toContain(why);
  });

  test('names the variable in titles of figures (Q-R5)', () => {
    const state = testReportState(BUCKETS, { id: 29 }, { variable_code: 'SNOW_FT' });

    const text = words(page(hourlyPhotos(8), { state }));

    expect(text).toContain('Timeseries of Obs. Snow depth [ft] and Image Splits');
    expect(text).not.toContain('[cfs]');
  });

  test('tells where everything comes from: parameters, jobs and their time, images, files and cost', () => {
    const state = testReportState(BUCKETS);
    const { keys } = state.run;
    state.run.model_request = { Image: 'serving:2.6' };
    state.run.training_request = { AlgorithmSpecification: { TrainingImage: 'training:2.13' } };
    const file = (name: string, key: string, written_at: string) => ({
      name,
      key,
      written_at,
      bytes: 45_000_000,
      sha256: 'abc123',
    });
    const text = words(
      page(hourlyPhotos(8), {
        state,
        files: [
          file('input/rank-input.json', keys.input.summary, '2026-04-01T12:00:40Z'),
          file('model.tar.gz', 'rank/29/jobs/one/output/model.tar.gz', '2026-04-01T12:30:40Z'),
          file('transform/predictions.csv', keys.transform.predictions, '2026-04-01T15:00:40Z'),
          file('sourcedir.tar.gz', keys.source, '2026-04-01T12:00:10Z'),
        ],
        cost: {
          parts: [{ name: 'Training', usd: 1.234, basis: '1 h of ml.g6.2xlarge' }],
          assumptions: 'Prices of 2026.',
        },
      }),
    );

    expect(text).not.toContain('arn:aws');
    for (const phrase of [
      'Execution one Pipeline 0.1.0+1f0c9a2e5b7d Model UUID',
      'Source of model/ sha256 abc123',
      'Preparation 40 s',
      'Training job fpe-rank-29-20260401-0a1b2c3d-0, 30 min',
      'Scoring job fpe-rank-29-20260401-0a1b2c3d-score-0-0, 2.5 h',
      'Training image training:2.13 Serving image serving:2.6',
      'Split graph, 0 photos leaked',
      'Cost about $1.23',
      'Training 1.23 1 h of ml.g6.2xlarge Prices of 2026.',
      'learning_rate 0.001',
      'model.tar.gz 45,000,000 abc123',
    ])
      expect(text).toContain(phrase);
  });
});

describe('The cost of the jobs', () => {
  const state = testReportState(BUCKETS);
  const filesAt = (...times: string[]) =>
    ['input/rank-input.json', 'model.tar.gz', 'transform/predictions.csv'].map((name, index) => ({
      name,
      key: [
        state.run.keys.input.summary,
        'rank/29/jobs/one/output/model.tar.gz',
        state.run.keys.transform.predictions,
      ][index] as string,
      bytes: 1,
      sha256: '',
      written_at: times[index] ?? '',
    }));

  test('is that of their machines for the time that they took', () => {
    const cost = jobCosts(
      state,
      filesAt('2026-04-01T12:01:00Z', '2026-04-01T13:01:00Z', '2026-04-01T13:31:00Z'),
    );

    expect(cost?.parts.map(({ name, basis }) => `${name}: ${basis}`)).toEqual([
      'Training: 1 × ml.g6.2xlarge for 1.00 h',
      'Scoring: 1 × ml.c5.xlarge for 0.50 h',
    ]);
    const { instanceHour } = US_WEST_2;
    const machines =
      (instanceHour['ml.g6.2xlarge'] as number) + 0.5 * (instanceHour['ml.c5.xlarge'] as number);
    expect(totalCost(cost as NonNullable<typeof cost>)).toBeGreaterThan(machines);
    expect(totalCost(cost as NonNullable<typeof cost>)).toBeLessThan(machines + 0.05);
  });

  test('is not known where a time or a price is missing', () => {
    const times = ['2026-04-01T12:01:00Z', '2026-04-01T13:01:00Z', '2026-04-01T13:31:00Z'];
    const rare = testReportState(BUCKETS, { id: 29 }, { training_instance_type: 'ml.p9.large' });

    expect(jobCosts(state, filesAt(...times.slice(0, 2)))).toBeNull();
    expect(jobCosts(rare, filesAt(...times))).toBeNull();
  });
});

const THIRTEEN = [
  'images-timeseries',
  'value-distributions',
  'value-frequencies',
  'annotation-pairs',
  'loss-function',
  'predictions-timeseries',
  'scatter-plots',
  'residuals-timeseries',
  'residual-patterns',
  'daily-scores',
  'daily-ranks',
  'daily-overlap',
  'daily-rank-scatter',
];

describe('The numbers of the loss curve', () => {
  test('count epochs from 1 and mark the final model', () => {
    expect(words(lossTable(TRAINING.epochs).text).trim()).toBe(
      'Epoch Train Val 1 0.6900 0.6800 2 0.5000 0.4200 Final Model 3 0.3500 0.4500',
    );
  });

  test('mark every epoch with the least validation loss, and none without', () => {
    const epochs = [
      { epoch: 1, train: 0.6, val: 0.4 },
      { epoch: 2, train: 0.5, val: 0.5 },
      { epoch: 3, train: 0.4, val: 0.4 },
    ];

    expect(finalEpochs(epochs).map(({ epoch }) => epoch)).toEqual([1, 3]);
    expect(finalEpochs([{ epoch: 1, train: 0.6, val: null }])).toEqual([]);
  });
});

describe('Smoothed scores', () => {
  const buckets = { storage: 'storage', model: 'model' };
  const smoothing = testReportState(buckets, { id: 29 }, { smoothing_hours: 24 });
  /** Scores that follow the values but for a fault of every other photo. */
  const photos = hourlyPhotos(60).map((photo, index) => ({
    ...photo,
    score: index + (index % 2 ? 15 : -15),
  }));

  test('are told with their Kendall tau beside that of the scores, on the page and in metrics.json', () => {
    const report = testReport(photos, { state: smoothing });

    const tau = report.smoothed?.agreement['test-all'].tau as number;
    expect(tau).toBeGreaterThan(report.agreement.photos['test-all'].tau as number);
    expect(metricsOf(report).get('kendall_tau_smoothed.test-all')).toBe(tau);
    expect(words(performanceSection(report).content.text)).toContain(
      `standard deviation of 24 hours. Over the photos that the model has not seen, their tau is ${tau.toFixed(2)}, that of the scores ${report.agreement.photos['test-all'].tau?.toFixed(2)};`,
    );
  });

  test('are told of in the note of e-mails and the command line, after the scores themselves', () => {
    const report = testReport(photos, { state: smoothing });
    const [scores, smoothed] = agreementNote(report).split(/(?<=\.) (?=[A-Z])/);

    expect(scores).toContain(
      `is ${report.agreement.photos['test-all'].tau?.toFixed(2)} (too few weeks for an interval, n 30)`,
    );
    expect(smoothed).toBe(
      `Smoothed with a standard deviation of 24 h, the scores agree with a tau of ${report.smoothed?.agreement['test-all'].tau?.toFixed(2)}.`,
    );
  });

  test('are not spoken of where the input asks for none', () => {
    const report = testReport(photos);

    expect(report.smoothed).toBeNull();
    expect(agreementNote(report)).not.toContain('mooth');
    expect([...metricsOf(report).keys()].filter((name) => name.includes('smoothed'))).toEqual([]);
    expect(performanceSection(report).content.text).not.toContain('smooth');
  });
});

describe('metrics.json', () => {
  test('holds every number once, with unit and definition', () => {
    const { metrics, ...head } = metricsFile(testReport(hourlyPhotos(60)));

    expect(head).toEqual({
      station_id: 29,
      synthetic: false,
      model_code: 'RANK-FLOW-20260401',
      run_id: '20260401-120000-0a1b2c3d',
      variable_id: 'FLOW_CFS',
      created_at: '2026-04-01T08:00:00-04:00',
      files: [],
    });
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
    for (const metric of metrics) {
      expect(Object.keys(metric)).toEqual(['name', 'value', 'unit', 'definition']);
      expect(metric.unit).toMatch(/\S/);
      expect(metric.definition).toMatch(/\S \S/);
    }
  });

  test('gives the numbers that the page shows', () => {
    const pairs = Array.from({ length: 20 }, (_, row) => ({ left: row, right: row + 1, choice: 1 as const }));
    const heldOut = pairsOf(pairs.map((pair) => ({ ...pair, split: 'val' as const })));
    const report = testReport(hourlyPhotos(60), { pairs: heldOut });

    const metrics = metricsOf(report);

    expect(metrics.get('photos.scored')).toBe(597);
    expect(metrics.get('photos.filtered.outside_hours')).toBe(500);
    expect(metrics.get('pairs.filtered.not_ranked')).toBe(12);
    expect(metrics.get('photos.split.test-in')).toBe(150);
    expect(metrics.get('training.final_epoch')).toBe(2);
    expect(metrics.get('training.final_val_loss')).toBe(0.42);
    expect(metrics.get('learning_curve.pairs.4')).toBe(300);
    expect(metrics.get('learning_curve.accuracy.4')).toBe(0.81);
    expect(metrics.get('learning_curve.accuracy.3.low')).toBe(0.74);
    expect(metrics.get('learning_curve.loss.1.high')).toBe(0.65);
    expect(metrics.get('kendall_tau.overall')).toBe(report.agreement.photos.overall.tau);
    expect(metrics.get('kendall_tau_daily.train')).toBe(report.agreement.days.train.tau);
    expect(metrics.get('kendall_tau_n.test-all')).toBe(30);
  });

  test('has null where a number is not available', () => {
    const photos = hourlyPhotos(8).map((photo) => ({ ...photo, value: null }));
    const training = {
      epochs: [{ epoch: 1, train: 0.6, val: null }],
      learningRate: null,
      recipe: null,
      learnt: null,
      computation: { device: null, threads: null, torch: null, resumedAfterEpochs: 0 },
      learningCurve: NO_CURVE,
    };

    const metrics = metricsOf(testReport(photos, { training }));

    expect([...metrics.keys()].filter((name) => name.startsWith('learning_curve'))).toEqual([]);
    for (const name of [
      'kendall_tau.overall',
      'rank_error',
      'training.final_epoch',
      'training.learning_rate',
    ])
      expect(metrics.get(name)).toBeNull();
  });

  test('has no share, tau, interval or mean of fewer than ten photos or pairs, as the page has none', () => {
    const photos = hourlyPhotos(9);
    const nine = (split: 'train' | 'val') =>
      photos.map((_, row) => ({ left: row, right: (row + 1) % 9, choice: 1 as const, split }));
    const { learningCurve } = TRAINING;
    const report = testReport(photos, {
      state: testReportState(BUCKETS, { id: 29 }, { smoothing_hours: 24 }),
      training: { ...TRAINING, learningCurve: { ...learningCurve, valPairs: 9 } },
      pairs: pairsOf([...nine('train'), ...nine('val')]),
      previous: {
        model_code: 'RANK-FLOW-20250101',
        scores: Float64Array.from(photos, (_, row) => row),
        wasTest: new Uint8Array(9).fill(1),
      },
    });
    const isEstimate = ({ name, unit }: { name: string; unit: string }) =>
      /fraction|to 1$|as the number|as the scores/.test(unit) || name.startsWith('learning_curve.loss');

    const estimates = metricsFile(report).metrics.filter(isEstimate);

    expect(estimates.length).toBeGreaterThan(100);
    expect(estimates.filter(({ value }) => value !== null).map(({ name }) => name)).toEqual([]);
    expect(metricsOf(report).get('pair_accuracy_n.val')).toBe(9);
    expect(words(reportPage(report, SCRIPT))).toContain(
      'There is no learning curve: 9 held-out pairs are too few to tell.',
    );
  });

  test('has counts that add up from each total to the next', () => {
    const report = testReport(hourlyPhotos(8));
    for (const counts of [photoCounts(report), pairCounts(report), valueCounts(report)]) {
      let left = counts[0]?.value;
      for (const { kind, value } of counts.slice(1)) {
        if (kind === 'left-out') left = (left as number) - value;
        if (kind === 'total') expect(value).toBe(left);
      }
    }
  });
});

describe('The output of the training', () => {
  const UNTOLD = { device: null, threads: null, torch: null, resumedAfterEpochs: 0 };
  const WHERE = 's3://model/rank/29/output.tar.gz';
  const METRICS = 'epoch,train_loss,val_loss\n0,0.69,0.68\n1,0.5,0.42\n';
  const read = async (files: Record<string, string>) =>
    readTrainingOutput(once(await packOutput(files)), WHERE);

  test.each(['', './', 'data/'])('is read from the folder "%s" of the archive', async (folder) => {
    const output = await read({
      [`${folder}notes.txt`]: 'x'.repeat(100_000),
      [`${folder}args.json`]: '{"n_epochs": 2, "learning_rate": 0.01, "recipe": "fpe"}',
      [`${folder}metrics.csv`]: METRICS,
    });

    expect(output).toEqual({
      epochs: [
        { epoch: 1, train: 0.69, val: 0.68 },
        { epoch: 2, train: 0.5, val: 0.42 },
      ],
      learningRate: 0.01,
      recipe: 'fpe',
      learnt: null,
      computation: UNTOLD,
      learningCurve: NO_CURVE,
    });
  });

  test('may carry further columns, upstream’s names, numbers as text and losses that are none', async () => {
    const output = await read({
      'args.json': '{"epochs": 2, "lr": "0.001"}',
      'metrics.csv': 'epoch,train_loss,val_loss,val_accuracy\n1,nan,inf,0.5\n0,0.7,,0.6\n',
    });

    expect(output).toEqual({
      epochs: [
        { epoch: 1, train: 0.7, val: null },
        { epoch: 2, train: null, val: null },
      ],
      learningRate: 0.001,
      recipe: null,
      learnt: null,
      computation: UNTOLD,
      learningCurve: NO_CURVE,
    });
  });

  test.each([
    [
      '{"device": "cuda", "threads": 4, "torch": "2.6.0", "resumed_after_epochs": 3, "pairs_train": 1}',
      { device: 'cuda', threads: 4, torch: '2.6.0', resumedAfterEpochs: 3 },
    ],
    // Trainings by other code write no such file.
    [null, UNTOLD],
  ])('tells what the training computed on: %s', async (facts, expected) => {
    const archive = await packOutput({
      'args.json': '{}',
      'metrics.csv': METRICS,
      ...(facts !== null && { 'training.json': facts }),
    });

    expect(await readComputation(once(archive), WHERE)).toEqual(expected);
  });

  test('tells what the training really learned from, where it says so', async () => {
    const output = await read({
      'args.json': '{}',
      'metrics.csv': METRICS,
      'training.json': '{"pairs_train": 72, "pairs_val": 25, "photos_unreadable": 35, "unreadable": {}}',
    });

    expect(output.learnt).toEqual({ train: 72, val: 25, photos_unreadable: 35 });
  });

  const curveOf = async (curve: object) =>
    (
      await read({
        'args.json': '{}',
        'metrics.csv': METRICS,
        'training.json': JSON.stringify({
          ...{ pairs_train: 72, pairs_val: 25, photos_unreadable: 0 },
          learning_curve: curve,
        }),
      })
    ).learningCurve;

  test('has the learning curve by rising numbers of pairs, or why there is none', async () => {
    const points = [
      { pairs: 72, accuracy: [0.8], loss: [0.4] },
      { pairs: 36, accuracy: [0.7, null], loss: [0.5, 0.6] },
    ];

    expect(await curveOf({ pairs_val: 25, points, seconds: 1.5 })).toEqual({
      valPairs: 25,
      points: [
        { pairs: 36, accuracy: [0.7], loss: [0.5, 0.6] },
        { pairs: 72, accuracy: [0.8], loss: [0.4] },
      ],
      missing: null,
    });
    expect(await curveOf({ skipped: '12 training pairs are fewer than 40' })).toEqual({
      ...NO_CURVE,
      missing: '12 training pairs are fewer than 40',
    });
  });

  test('with a learning curve of another form is refused by name', async () => {
    const reading = curveOf({ pairs_val: 25, points: [{ pairs: 0, accuracy: [1.5], loss: [] }] });

    await expect(reading).rejects.toThrow(FileInvalid);
    await expect(reading).rejects.toThrow(`training.json in ${WHERE}`);
  });

  test.each([
    ['no metrics.csv', { 'args.json': '{}' }, 'no metrics.csv among its files'],
    ['neither file', {}, 'no metrics.csv and no args.json among its files'],
    ['no epoch', { 'args.json': '{}', 'metrics.csv': 'epoch,train_loss,val_loss\n' }, 'no epoch'],
    ['other columns', { 'args.json': '{}', 'metrics.csv': 'a,b\n1,2\n' }, 'epoch: '],
    [
      'broken JSON',
      { 'args.json': 'hunter2', 'metrics.csv': METRICS },
      `args.json in ${WHERE}). Found: text that is not JSON (7 characters): it does not begin with { or [. Expected`,
    ],
    ['a file twice', { 'a/args.json': '{}', 'b/args.json': '{}' }, 'args.json twice'],
  ])('with %s is refused by name', async (_, files, message) => {
    const reading = read(files as Record<string, string>);

    await expect(reading).rejects.toThrow(FileInvalid);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(WHERE);
  });

  test.each([
    ['no archive', async () => Buffer.from('<html>not found</html>')],
    [
      'a truncated archive',
      async () => (await packOutput({ 'metrics.csv': METRICS, 'args.json': '{}' })).subarray(0, 90),
    ],
  ])('that is %s is refused by name', async (_, bytes) => {
    const reading = readTrainingOutput(once(await bytes()), WHERE);

    await expect(reading).rejects.toThrow(ArchiveInvalid);
    await expect(reading).rejects.toThrow(`An archive cannot be unpacked (${WHERE}). Found: `);
  });

  test('whose download breaks off fails with that fault, which is worth another try', async () => {
    const broken = async function* () {
      yield (await packOutput({ 'metrics.csv': METRICS })).subarray(0, 40);
      throw new Error('socket hang up');
    };

    await expect(readTrainingOutput(broken(), WHERE)).rejects.toThrow(new Error('socket hang up'));
  });

  test('lies beside the model', () => {
    expect(trainingOutputLocation('s3://models/rank/29/jobs/one/output/model.tar.gz')).toEqual({
      bucket: 'models',
      key: 'rank/29/jobs/one/output/output.tar.gz',
    });
  });

  test('cannot be found beside something that is no model', () => {
    expect(() => trainingOutputLocation('rank/29/model.tar.gz')).toThrow(FileInvalid);
    expect(() => trainingOutputLocation('rank/29/model.tar.gz')).toThrow('Found: "rank/29/model.tar.gz"');
  });
});

describe('Markup', () => {
  test('escapes what is put in, unless it is markup itself', () => {
    expect(html`<p title="${'"a" & <b>'}">${new Html('<i>ok</i>')}${3}</p>`.text).toBe(
      '<p title="&quot;a&quot; &amp; &lt;b&gt;"><i>ok</i>3</p>',
    );
  });

  test('never shows a negative zero', () => {
    expect([0.004, -0.004, -0.006, null, 1].map(formatTau)).toEqual(['0.00', '0.00', '-0.01', 'NA', '1.00']);
  });
});
