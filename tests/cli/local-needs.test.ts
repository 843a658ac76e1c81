import { expect, test } from '@jest/globals';
import { requireLocalNeeds } from '../../cli/local-needs.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { MachineKind } from '../../shared/inputs/machines.ts';

const REFRESH = { kind: 'refresh-stations' as const };
const needs = (
  input: Record<string, unknown>,
  { kind = 'train-station' as MachineKind, weights = false, ids = [1, 2], annotated = ['FLOW'] } = {},
) =>
  requireLocalNeeds(
    kind,
    input,
    { without: './fpe start 1 --pretrained false' },
    {
      hasWeights: async () => weights,
      stations: async () => ids.map((id) => ({ id, name: `Brook ${id}` })),
      annotated: async () => annotated.map((variable) => ({ variable, pairs: 200 })),
    },
  );

test.each([
  ['weights that are there', { station_id: 1 }, { weights: true }],
  ['a training without weights', { station_id: 2, pretrained: false }, {}],
  ['a scoring, which needs none', { station_id: 1 }, { kind: 'score-station' as const }],
  ['a refresh with weights, which finds its own stations', {}, { ...REFRESH, ids: [], weights: true }],
  ['a refresh that trains nothing', { mode: 'score' }, REFRESH],
  ['a refresh that may train nothing', { max_training_jobs: 0 }, REFRESH],
  ['a refresh that is only planned', { dry_run: true }, REFRESH],
  ['a refresh whose trainings need none', { train: { pretrained: false } }, REFRESH],
])('nothing is missing for %s', async (_, input, situation) => {
  await expect(needs(input, situation)).resolves.toBeUndefined();
});

test.each([
  ['that says nothing', {}],
  ['of which a station wants them', { train: { pretrained: false }, stations: { 1: { pretrained: true } } }],
])('a refresh %s needs weights before it starts', async (_, input) => {
  await expect(needs(input, REFRESH)).rejects.toThrow('The local stack has no ImageNet weights');
});

test.each([
  [
    [],
    {},
    'no finished annotation sessions for FLOW_CFS, which a training learns from. Compare pairs of its photos',
  ],
  [['STAGE', 'SNOW'], {}, 'It has some for STAGE_FT, SNOW_FT: set variable_code in the input.'],
  [['FLOW'], { variable_code: 'ICE' }, 'for ICE, which a training learns from. It has some for FLOW_CFS'],
])(
  'of a station annotated by %j, what it lacks for %j comes before weights',
  async (annotated, input, message) => {
    const attempt = needs({ station_id: 1, ...input }, { annotated });

    await expect(attempt).rejects.toThrow(UsageError);
    await expect(attempt).rejects.toThrow(message);
  },
);

test('without weights, both ways to go on are named', async () => {
  const attempt = needs({ station_id: 1 });

  await expect(attempt).rejects.toThrow(UsageError);
  await expect(attempt).rejects.toThrow(
    'Supply them once with: ./fpe weights. Or train without them: ./fpe start 1 --pretrained false',
  );
});

test.each([
  [[1, 2], 'The local stack has no station 29. It has 1 “Brook 1”, 2 “Brook 2”.'],
  [[], 'The local stack has no station 29; it has none at all. Load one with: ./fpe import FOLDER'],
  [[1, 2, 3, 4, 5, 6, 7], '5 “Brook 5”, 2 more.'],
])(
  'of a station that is not there, with %j, the stations that are there are named',
  async (ids, expected) => {
    const attempt = needs({ station_id: 29 }, { ids });

    await expect(attempt).rejects.toThrow(UsageError);
    await expect(attempt).rejects.toThrow(expected);
  },
);
