import fc from 'fast-check';
import type { Fate } from './gated-machines.ts';

export type Actor = { machine: 'train-station' | 'score-station'; input: object };
export type Move =
  | { do: 'go'; who: number; states: number }
  | { do: 'go to publishing'; who: number }
  | { do: 'fail'; who: number; fate: Fate }
  | { do: 'stop' | 'stop during' | 'redrive'; who: number }
  | { do: 'photos' | 'pairs' | 'people' };

const training = fc.record({
  model_code: fc.constantFrom('A', 'A', 'A', 'B'),
  dataset_code: fc.constantFrom('A', 'D'),
  overwrite: fc.boolean(),
  publish: fc.constantFrom(true, true, true, false),
  promote: fc.constantFrom('always', 'if_better', 'if_better', 'never'),
});
const actor: fc.Arbitrary<Actor> = fc.oneof(
  {
    weight: 3,
    arbitrary: training.map(
      (input): Actor => ({
        machine: 'train-station',
        input: { ...input, pretrained: false, max_hour: 23, min_hour: 0 },
      }),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Actor>({ machine: 'score-station', input: {} }) },
);
const who = fc.constantFrom(0, 0, 1, 1, 2);
const fate = fc.constantFrom<Fate>('fails before', 'fails after');
const event: fc.Arbitrary<Move> = fc.record({
  do: fc.constantFrom('photos' as const, 'pairs' as const, 'people' as const),
});
const go = fc.record({ do: fc.constant('go' as const), who, states: fc.integer({ min: 1, max: 20 }) });
const trouble = (at: number): fc.Arbitrary<Move> =>
  fc.oneof(
    fc.record({ do: fc.constant('fail' as const), who: fc.constant(at), fate }),
    fc.record({ do: fc.constantFrom('stop' as const, 'stop during' as const), who: fc.constant(at) }),
  );
const anything: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: go },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('go to publishing' as const), who }) },
  { weight: 2, arbitrary: who.chain(trouble) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redrive' as const), who }) },
  { weight: 2, arbitrary: event },
);

/**
 * The core of an interleaving: one execution gets somewhere, mostly to where it publishes, and into trouble; another one does its
 * work; the first goes on. What comes in between is anything.
 */
const core: fc.Arbitrary<Move[]> = fc
  .record({
    one: who,
    other: who,
    states: fc.integer({ min: 1, max: 14 }),
    isNear: fc.boolean(),
    more: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ one, other, states, isNear, more }) =>
    trouble(one).map((step): Move[] => [
      isNear ? { do: 'go to publishing', who: one } : { do: 'go', who: one, states },
      step,
      { do: 'go to publishing', who: other },
      { do: 'go', who: other, states: more },
      { do: 'redrive', who: one },
      { do: 'go', who: one, states: 20 },
      { do: 'go', who: other, states: 20 },
    ]),
  );
export const moves: fc.Arbitrary<Move[]> = fc
  .tuple(core, fc.array(fc.tuple(fc.nat(7), anything), { maxLength: 5 }))
  .map(([steps, more]) =>
    steps.flatMap((step, at) => [...more.filter(([place]) => place === at).map(([, each]) => each), step]),
  );

/** Two or three executions of a station. */
export const actors: fc.Arbitrary<Actor[]> = fc.array(actor, { minLength: 2, maxLength: 3 });
