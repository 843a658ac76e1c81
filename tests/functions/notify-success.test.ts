import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as notifySuccess } from '../../functions/notify-success.ts';
import { noneOf, PHOTO_EXCLUSIONS, PHOTO_FAULTS } from '../../shared/dataset/reasons.ts';
import { InvalidState } from '../../shared/errors.ts';
import { HOSTILE, startTestTopic, type TestTopic } from '../fixtures/notifications.ts';
import { promotionTo } from '../fixtures/promotion.ts';
import { call, testRun } from '../fixtures/run.ts';
import { testScoringRun } from '../fixtures/scoring-run.ts';

let topic: TestTopic;
beforeAll(async () => {
  topic = await startTestTopic();
});
afterAll(() => topic.stop());
beforeEach(() => {
  topic.told = [];
});

const BUCKETS = { storage: 'storage', model: 'model' };
const TAUS = { train: 0.9, val: 0.8, 'test-in': 0.7, 'test-out': null, 'test-all': 0.7, overall: 0.75 };

const trained = () => ({
  run: testRun({ id: 29 }, BUCKETS),
  predictions: { images: 10, scored: 8, unreadable: 2, faults: noneOf(PHOTO_FAULTS), missing: 0 },
  report: {
    note: 'Kendall tau is 0.75.',
    remarks: '\nPhotos without a score: 2 truncated or broken.',
    data_findings: { clock: 0, duplicates: 0, gaps: 0, values: 0, darkness: 0, annotators: 0 },
    learnt: null,
    kendall_tau: TAUS,
    kendall_tau_daily: TAUS,
  },
  promotion: promotionTo(true),
  published: {
    outcome: 'published',
    model_id: 7,
    images: 8,
    diagnostics_url: 'https://x/report.html',
    predictions_url: 'https://x/predictions.csv',
    note: 'Its report is at https://x/report.html.',
  },
});
const scored = () => ({
  run: {
    ...testScoringRun({ id: 29 }, BUCKETS),
    station: { id: 29, name: HOSTILE, timezone: 'UTC' },
  },
  selection: { removed: 1, left_out: noneOf(PHOTO_EXCLUSIONS) },
  extended: { scored: 2, unreadable: 0, images: 10, remarks: '', faults: noneOf(PHOTO_FAULTS), imagesets: 1 },
});

describe('NotifySuccess', () => {
  test('tells a scoring with the name of its station, whatever is in that', async () => {
    await call(notifySuccess, scored());

    expect(topic.told).toHaveLength(1);
    expect(topic.told[0]?.Subject).toBe('FPE: station 29 has new scores');
    expect(topic.told[0]?.Message).toMatch(
      /^Station 29 \(Mill "Brook" \\ \{\} \\\{ ' 😀x+…\), model RANK-FLOW-/,
    );
  });

  test('tells a training with its numbers, what was decided and where its report is', async () => {
    await call(notifySuccess, trained());

    expect(topic.told).toHaveLength(1);
    expect(topic.told[0]?.Subject).toBe('FPE: a model of station 29 is finished');
    expect(topic.told[0]?.Message).toBe(
      'Station 29 (Mill Brook): model RANK-FLOW-20260401 scored 8 of 10 photos. Kendall tau is 0.75. ' +
        'It becomes the default, as the station has no other default model of this variable. Its report is at https://x/report.html.\n' +
        'Photos without a score: 2 truncated or broken.',
    );
  });

  test('refuses what is neither a training nor a scoring, and tells nothing', async () => {
    await expect(call(notifySuccess, { run: {} })).rejects.toThrow(InvalidState);
    expect(topic.told).toEqual([]);
  });
});
