import { expect, test } from '@jest/globals';
import { requireLocalNeeds } from '../../cli/local-needs.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { MachineKind } from '../../shared/inputs/machines.ts';

const needs = (
  input: Record<string, unknown>,
  { kind = 'train-station' as MachineKind, weights = false, ids = [1, 2] } = {},
) =>
  requireLocalNeeds(kind, input, './fpe start 1 --pretrained false', undefined, {
    hasWeights: async () => weights,
    stations: async () => ids.map((id) => ({ id, name: `Brook ${id}` })),
  });

test.each([
  ['weights that are there', { station_id: 1 }, { weights: true }],
  ['a training without weights', { station_id: 2, pretrained: false }, {}],
  ['a scoring, which needs none', { station_id: 1 }, { kind: 'score-station' as const }],
  ['a refresh, which finds its own stations', {}, { kind: 'refresh-stations' as const, ids: [] }],
])('nothing is missing for %s', async (_, input, situation) => {
  await expect(needs(input, situation)).resolves.toBeUndefined();
});

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
