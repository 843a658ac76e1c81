import { expect, test } from '@jest/globals';
import { requireLocalNeeds } from '../../cli/local-needs.ts';
import { UsageError } from '../../cli/usage-error.ts';

const needs = (
  input: Record<string, unknown>,
  {
    kind = 'train-station' as 'train-station' | 'score-station',
    weights = false,
    ids = [1, 2],
    annotated = ['FLOW'],
  } = {},
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
  [
    'a training from another station’s model',
    { station_id: 2, start_from: { station_id: 1, model_code: 'A' } },
    {},
  ],
  ['a scoring, which needs none', { station_id: 1 }, { kind: 'score-station' as const }],
])('nothing is missing for %s', async (_, input, situation) => {
  await expect(needs(input, situation)).resolves.toBeUndefined();
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
  [[], 'The local stack has no station 29. It has none at all. Load one with: ./fpe import FOLDER'],
  [[1, 2, 3, 4, 5, 6, 7], '5 “Brook 5” and 2 more (./fpe models lists them).'],
])(
  'of a station that is not there, with %j, the stations that are there are named',
  async (ids, expected) => {
    const attempt = needs({ station_id: 29 }, { ids });

    await expect(attempt).rejects.toThrow(UsageError);
    await expect(attempt).rejects.toThrow(expected);
  },
);
