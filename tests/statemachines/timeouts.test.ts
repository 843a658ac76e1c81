import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

type State = {
  Resource?: unknown;
  TimeoutSeconds?: number;
  TimeoutSecondsPath?: string;
  Catch?: { ErrorEquals: string[] }[];
  ItemProcessor?: { States: Record<string, State> };
};

const statesOf = (states: Record<string, State>): [string, State][] =>
  Object.entries(states).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...statesOf(state.ItemProcessor?.States ?? {}),
  ]);
const waiting = (machine: string) => {
  const file = join(import.meta.dirname, '../../statemachines', `${machine}.asl.yml`);
  const { States } = parse(readFileSync(file, 'utf8'), { merge: true }) as { States: Record<string, State> };
  return statesOf(States).filter(([, { Resource }]) => /\.sync(:2)?$/.test(String(Resource)));
};

test.each([
  ['train-station', ['TrainModel', 'ScoreImages']],
  ['score-station', ['ScoreImages']],
  ['refresh-stations', ['TrainStation', 'ScoreStation']],
])('%s waits for no job and no execution without end, and says what comes of that', (machine, names) => {
  const states = waiting(machine);

  expect(states.map(([name]) => name)).toEqual(names);
  for (const [name, { TimeoutSeconds, TimeoutSecondsPath, Catch = [] }] of states) {
    expect([name, TimeoutSeconds ?? TimeoutSecondsPath]).not.toEqual([name, undefined]);
    const isCaught = Catch.some(({ ErrorEquals }) =>
      ['States.Timeout', 'States.ALL'].includes(ErrorEquals[0] ?? ''),
    );
    expect([name, isCaught]).toEqual([name, true]);
  }
});
