import { describe, expect, test } from '@jest/globals';
import { requireRefreshNeeds } from '../../cli/refresh-needs.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { RefreshAction } from '../../shared/refresh/plan.ts';

const NEXT = { without: './fpe refresh --pretrained false', scoring: './fpe refresh --mode score' };

/** On a local stack with stations 1 and 2, of which a plan would do this. @returns how often it was planned, and the complaint */
async function needs(
  input: Record<string, unknown>,
  { weights = false, ids = [1, 2], plan = { 1: 'train', 2: 'train' } as Record<number, RefreshAction> } = {},
) {
  let plans = 0;
  const complaint: unknown = await requireRefreshNeeds(input, 'stations.txt', NEXT, {
    hasWeights: async () => weights,
    stations: async () => ids.map((id) => ({ id, name: `Brook ${id}` })),
    decide: async () => {
      plans += 1;
      return Object.entries(plan).map(([id, action]) => ({
        ...{ station_id: Number(id), station_name: `Brook ${id}`, action, reason: 'It has pairs.' },
      }));
    },
    now: () => new Date('2026-11-28T00:00:00Z'),
  }).then(
    () => null,
    (error) => error,
  );
  return { plans, complaint: complaint as Error | null };
}

describe('weights are not asked for by a refresh', () => {
  test.each<[string, Record<string, unknown>, Parameters<typeof needs>[1], number]>([
    ['that finds them', {}, { weights: true }, 0],
    ['that would train nothing now', {}, { plan: { 1: 'score', 2: 'nothing' } }, 1],
    ['that only scores', { mode: 'score' }, {}, 0],
    ['that may train nothing', { max_training_jobs: 0 }, {}, 0],
    ['that is only planned', { dry_run: true }, {}, 0],
    ['whose trainings need none', { train: { pretrained: false } }, {}, 1],
    [
      'whose trainings start from a model',
      { train: { start_from: { station_id: 99, model_code: 'A' } } },
      {},
      1,
    ],
    [
      'of which the station that wants them is not trained',
      { train: { pretrained: false }, stations: { 2: { pretrained: true } } },
      { plan: { 1: 'train', 2: 'score' } },
      1,
    ],
    ['on a stack without stations', {}, { ids: [], plan: {} }, 1],
  ])('%s', async (_, input, situation, expected) => {
    expect(await needs(input, situation)).toEqual({ plans: expected, complaint: null });
  });
});

test.each([
  ['both stations', {}, 'at stations 1, 2.'],
  [
    'the only station whose training wants them',
    { train: { pretrained: false }, stations: { 2: { pretrained: true } } },
    'at station 2.',
  ],
  [
    'a station that is trained though others are scored',
    { mode: 'score', stations: { 1: { mode: 'train' } } },
    'at stations 1, 2.',
  ],
])('a refresh that would train with weights asks for them, and names %s', async (_, input, where) => {
  const { complaint } = await needs(input);

  expect(complaint).toBeInstanceOf(UsageError);
  expect(complaint?.message).toBe(
    `The local stack has no ImageNet weights, and this refresh would train with them ${where} Supply them once with: ./fpe weights. Or train without them: ${NEXT.without}. To score new photos alone: ${NEXT.scoring}`,
  );
});

test.each([
  ['a list', { station_ids: [1, 9, 8] }, 'stations that the local stack does not have: 9, 8. '],
  [
    'the rules of a single station',
    { stations: { 9: { mode: 'train' } } },
    'a station that the local stack does not have: 9. ',
  ],
  ['a plan', { station_ids: [9], dry_run: true }, 'a station that the local stack does not have: 9. '],
])(
  'a station of %s that is not there is told with the file that names it, and before weights',
  async (_, input, message) => {
    const { complaint, plans } = await needs(input);

    expect(complaint).toBeInstanceOf(UsageError);
    expect(complaint?.message).toBe(
      `stations.txt names ${message}It has 1 “Brook 1”, 2 “Brook 2”. Load another one with: ./fpe import FOLDER`,
    );
    expect(plans).toBe(0);
  },
);
