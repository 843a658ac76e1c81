import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  MAX_STATIONS_AT_WORK,
  planRefresh,
  type RefreshRules,
  type StationHistory,
} from '../../../shared/refresh/plan.ts';

const NOW = new Date('2026-11-24T08:00:00Z');
const RULES: RefreshRules = {
  mode: 'auto',
  min_new_pairs: 500,
  max_model_age_days: 365,
  variable_code: 'FLOW_CFS',
  needed_pairs: 119,
  most_pairs: Number.POSITIVE_INFINITY,
};
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);

/** A station whose model of 30 days ago knows every pair and photo. */
const history = (change: Partial<StationHistory> = {}): StationHistory => ({
  station_id: 29,
  station_name: 'Mill Brook',
  model: { code: 'RANK-FLOW-20261025', scored_until: daysAgo(30) },
  trained_at: daysAgo(30),
  pairs: 2000,
  new_pairs: 0,
  new_photos: 0,
  people_left: null,
  ...change,
});
const without = { model: null, trained_at: null };

function decide(change: Partial<StationHistory>, rules: Partial<RefreshRules> = {}, max_training_jobs = 20) {
  const [decision] = planRefresh([history(change)], () => ({ ...RULES, ...rules }), {
    max_training_jobs,
    now: NOW,
  });
  return `${decision?.action}: ${decision?.reason}`;
}

describe('one station', () => {
  test.each<[string, Partial<StationHistory>, Partial<RefreshRules>, string]>([
    [
      'without a model and with enough pairs',
      { ...without, pairs: 500 },
      {},
      'train: It has no model yet and 500 annotation pairs.',
    ],
    [
      'without a model and with too few pairs',
      { ...without, pairs: 499 },
      {},
      'nothing: It has no model yet and only 499 annotation pairs of 500.',
    ],
    [
      'without a model and without pairs',
      { ...without, pairs: 0 },
      { min_new_pairs: 0 },
      'nothing: It has no annotation pairs for FLOW_CFS.',
    ],
    [
      'without a model and with fewer pairs than a training needs',
      { ...without, pairs: 1 },
      { min_new_pairs: 0 },
      'nothing: It has no model yet and 1 annotation pair. A training needs 119.',
    ],
    [
      'with a model and fewer pairs than a training of today needs',
      { pairs: 118, new_pairs: 20, new_photos: 1 },
      { min_new_pairs: 0, mode: 'train' },
      'nothing: It has 20 new annotation pairs since the training of 2026-10-25. It has 118 in all, and a training needs 119.',
    ],
    [
      'whose input takes fewer pairs than a training needs',
      { ...without, pairs: 500 },
      { most_pairs: 50 },
      'nothing: It has no model yet and 500 annotation pairs. annotations_max_n takes 50 of its pairs, and a training needs 119.',
    ],
    [
      'with as many pairs as a training needs',
      { ...without, pairs: 119 },
      { min_new_pairs: 0 },
      'train: It has no model yet and 119 annotation pairs.',
    ],
    [
      'without pairs for another variable',
      { ...without, pairs: 0 },
      { variable_code: 'SNOW_FT' },
      'nothing: It has no annotation pairs for SNOW_FT.',
    ],
    [
      'with many new pairs',
      { new_pairs: 1200 },
      {},
      'train: It has 1,200 new annotation pairs since the training of 2026-10-25.',
    ],
    [
      'with many new pairs and new photos',
      { new_pairs: 500, new_photos: 9 },
      {},
      'train: It has 500 new annotation pairs since the training of 2026-10-25.',
    ],
    [
      'with an old model and a new pair',
      { trained_at: daysAgo(366), new_pairs: 1 },
      {},
      'train: Its model is 366 days old and there is a new annotation pair.',
    ],
    [
      'with an old model and no new pair',
      { trained_at: daysAgo(900) },
      {},
      'nothing: It has 0 new annotation pairs of 500 since the training of 2024-06-07. It has no new photos since RANK-FLOW-20261025 last scored on 2026-10-25.',
    ],
    [
      'with new photos',
      { new_photos: 1 },
      {},
      'score: It has 1 new photo since RANK-FLOW-20261025 last scored on 2026-10-25.',
    ],
    [
      'with photos that show people since',
      { people_left: { photos: 2, code: 'ANY' } },
      {},
      'score: People or vehicles are in 2 photos that published files may name; these are to go.',
    ],
    [
      'with photos that show people where only training is asked for',
      { people_left: { photos: 1, code: 'ANY' } },
      { mode: 'train' },
      'score: People or vehicles are in 1 photo that published files may name; these are to go.',
    ],
    [
      'with new pairs where only scoring is asked for',
      { new_pairs: 9000 },
      { mode: 'score' },
      'nothing: It has no new photos since RANK-FLOW-20261025 last scored on 2026-10-25.',
    ],
    [
      'with new photos where only training is asked for',
      { new_photos: 9000 },
      { mode: 'train' },
      'nothing: It has 0 new annotation pairs of 500 since the training of 2026-10-25.',
    ],
    [
      'that is to be trained in any case',
      {},
      { mode: 'train', min_new_pairs: 0 },
      'train: It has 0 new annotation pairs since the training of 2026-10-25.',
    ],
    [
      'without a model where only scoring is asked for',
      without,
      { mode: 'score' },
      'nothing: It has no default model of FLOW_CFS to score with.',
    ],
    [
      'that does not exist',
      { ...without, station_name: null },
      { min_new_pairs: 0 },
      'nothing: There is no station 29 in the database.',
    ],
  ])('%s', (_, change, rules, expected) => {
    expect(decide(change, rules)).toBe(expected);
  });

  test('that gets no training within the budget is scored if it has new photos', () => {
    expect(decide({ new_pairs: 600, new_photos: 7 }, {}, 0)).toMatch(
      /^score: It has 7 new photos .* Its training waits: max_training_jobs is 0\.$/,
    );
    expect(decide({ new_pairs: 600 }, {}, 0)).toMatch(/^nothing: It has 600 .* Its training waits/);
  });
});

describe('many stations', () => {
  test('those with the most new pairs are trained first, and the plan keeps the order of the stations', () => {
    const stations = [900, 700, 800].map((new_pairs, index) => history({ station_id: index + 1, new_pairs }));

    const plan = planRefresh(stations, () => RULES, { max_training_jobs: 2, now: NOW });

    expect(plan.map(({ station_id, action }) => [station_id, action])).toEqual([
      [1, 'train'],
      [2, 'nothing'],
      [3, 'train'],
    ]);
  });

  test('beyond the limit of one refresh they wait, scorings before trainings', () => {
    const stations = Array.from({ length: MAX_STATIONS_AT_WORK + 1 }, (_, index) =>
      history({
        station_id: index + 1,
        ...(index === MAX_STATIONS_AT_WORK ? { new_pairs: 600 } : { new_photos: 1 }),
      }),
    );

    const plan = planRefresh(stations, () => RULES, { max_training_jobs: 20, now: NOW });

    expect(plan.filter(({ action }) => action !== 'nothing')).toHaveLength(MAX_STATIONS_AT_WORK);
    expect(plan.at(-1)?.action).toBe('train');
    expect(plan.at(-2)).toMatchObject({ action: 'nothing', reason: expect.stringContaining('It waits') });
  });

  const anyHistories = fc.uniqueArray(
    fc.record({
      station_id: fc.integer({ min: 1, max: 10_000 }),
      station_name: fc.option(fc.string()),
      model: fc.option(
        fc.record({
          code: fc.string({ minLength: 1 }),
          scored_until: fc.date({ max: NOW, noInvalidDate: true, min: daysAgo(9000) }),
        }),
      ),
      trained_at: fc.option(fc.date({ max: NOW, min: daysAgo(9000), noInvalidDate: true })),
      pairs: fc.nat(5000),
      new_pairs: fc.nat(5000),
      new_photos: fc.nat(3),
      people_left: fc.option(fc.record({ photos: fc.integer({ min: 1, max: 2 }), code: fc.constant('ANY') })),
    }),
    { selector: ({ station_id }) => station_id, maxLength: 60 },
  );
  const anyRules = fc.record({
    mode: fc.constantFrom('auto' as const, 'train' as const, 'score' as const),
    min_new_pairs: fc.nat(3000),
    max_model_age_days: fc.integer({ min: 1, max: 4000 }),
    variable_code: fc.constant('FLOW_CFS'),
    needed_pairs: fc.integer({ min: 112, max: 2000 }),
    most_pairs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 5000 })),
  });

  test('each gets one decision with a reason, within the budget and the mode, however they are ordered', () => {
    fc.assert(
      fc.property(anyHistories, anyRules, fc.nat(10), (stations, rules, max_training_jobs) => {
        const settings = { max_training_jobs, now: NOW };

        const plan = planRefresh(stations, () => rules, settings);

        const actions = plan.map(({ action }) => action);
        expect(plan.map(({ station_id }) => station_id)).toEqual(
          stations.map(({ station_id }) => station_id),
        );
        expect(actions.filter((action) => action === 'train').length).toBeLessThanOrEqual(max_training_jobs);
        // Only what people are to be taken out of is touched against the mode.
        const worked = plan.filter(
          (_, index) => rules.mode === 'score' || stations[index]?.people_left === null,
        );
        if (rules.mode !== 'auto')
          expect(worked.some(({ action }) => action === (rules.mode === 'train' ? 'score' : 'train'))).toBe(
            false,
          );
        for (const { reason } of plan) expect(reason).toMatch(/^[A-Z].*\.$/s);
        const reversed = planRefresh([...stations].reverse(), () => rules, settings);
        expect(reversed.reverse()).toEqual(plan);
      }),
    );
  });

  test('a station without a model is never scored, one of too few pairs never trained, and one that does not exist never worked on', () => {
    fc.assert(
      fc.property(anyHistories, anyRules, (stations, rules) => {
        const plan = planRefresh(stations, () => rules, { max_training_jobs: 99, now: NOW });

        for (const [index, { action }] of plan.entries()) {
          const { model, people_left } = stations[index] as StationHistory;
          if (action === 'score' && !people_left) expect(model).not.toBeNull();
          if (action === 'score' && !model) expect(plan[index]?.model_code).toBe('ANY');
          if (stations[index]?.station_name === null) expect(action).toBe('nothing');
          if (action === 'train')
            expect(Math.min(stations[index]?.pairs ?? 0, rules.most_pairs)).toBeGreaterThanOrEqual(
              rules.needed_pairs,
            );
        }
      }),
    );
  });
});
