import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

type Retrier = {
  ErrorEquals: string[];
  IntervalSeconds: number;
  BackoffRate: number;
  MaxAttempts: number;
  MaxDelaySeconds?: number;
};
type State = {
  Retry?: string[];
  Catch?: { ErrorEquals: string[]; Next: string }[];
  ItemProcessor?: Machine;
};
type Machine = { States: Record<string, State> };
/** What a machine does about an error before the execution ends. */
export type Repetition = { attempts: number; minutes: number; states: string[] };
export type Detour = { state: string; next: string };

const MACHINES = ['train-station', 'score-station', 'refresh-stations'];
const readYaml = (name: string) =>
  parse(readFileSync(join(import.meta.dirname, name), 'utf8'), { merge: true });
const retriers: Record<string, Retrier> = readYaml('retriers.yml');
const states = MACHINES.flatMap((machine) => statesOf(readYaml(`${machine}.asl.yml`)));

function statesOf({ States }: Machine): [name: string, state: State][] {
  return Object.entries(States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : []),
  ]);
}

/** The retrier with this error: how often and how long it tries again, pauses added up, and the states that have it. */
export function repetitionOf(error: string): Repetition | null {
  const found = Object.entries(retriers).find(([, { ErrorEquals }]) => ErrorEquals.includes(error));
  if (!found) return null;
  const [key, { IntervalSeconds, BackoffRate, MaxAttempts, MaxDelaySeconds = Number.POSITIVE_INFINITY }] =
    found;
  const pauses = Array.from({ length: MaxAttempts }, (_, attempt) =>
    Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** attempt),
  );
  const having = states.filter(([, { Retry = [] }]) => Retry.some((name) => name.endsWith(`:${key}}`)));
  return {
    attempts: MaxAttempts,
    minutes: Math.round(pauses.reduce((sum, pause) => sum + pause, 0) / 60),
    states: [...new Set(having.map(([name]) => name))],
  };
}

/** The states that catch this error by its name, and where they lead. */
export function detoursOf(error: string): Detour[] {
  const all = states.flatMap(([state, { Catch = [] }]) =>
    Catch.filter(({ ErrorEquals }) => ErrorEquals.includes(error)).map(({ Next }) => ({ state, next: Next })),
  );
  return all.filter(({ state }, index) => all.findIndex((other) => other.state === state) === index);
}

/** Every name that a machine retries or catches, but for the one that means all of them. */
export function errorsOfMachines(): string[] {
  const retried = Object.values(retriers).flatMap(({ ErrorEquals }) => ErrorEquals);
  const caught = states.flatMap(([, { Catch = [] }]) => Catch.flatMap(({ ErrorEquals }) => ErrorEquals));
  return [...new Set([...retried, ...caught])].filter((name) => name !== 'States.ALL');
}
