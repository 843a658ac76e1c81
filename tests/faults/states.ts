import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const MACHINES = ['train-station', 'score-station', 'refresh-stations'] as const;
export type Machine = (typeof MACHINES)[number];

/** A Task state: `work` is the key of its function or machine, or the last word of its integration. */
export type TaskState = { machine: Machine; name: string; work: string; kind: 'function' | 'service' };

type State = {
  Type: string;
  Resource?: string | { 'Fn::GetAtt': [string, string] };
  Parameters?: { StateMachineArn?: { Ref: string } };
  ItemProcessor?: { States: Record<string, State> };
};

/** Task states of a machine's source, in their order. */
export function taskStates(machine: Machine): TaskState[] {
  const file = join(import.meta.dirname, '..', '..', 'statemachines', `${machine}.asl.yml`);
  return statesOf(
    machine,
    (parse(readFileSync(file, 'utf8'), { merge: true }) as { States: Record<string, State> }).States,
  );
}

const statesOf = (machine: Machine, states: Record<string, State>): TaskState[] =>
  Object.entries(states).flatMap(([name, { Type, Resource, Parameters, ItemProcessor }]): TaskState[] => {
    if (ItemProcessor) return statesOf(machine, ItemProcessor.States);
    if (Type !== 'Task' || !Resource) return [];
    if (typeof Resource === 'object')
      return [{ machine, name, work: Resource['Fn::GetAtt'][0], kind: 'function' }];
    const started = Parameters?.StateMachineArn?.Ref;
    const work = started ? started.charAt(0).toLowerCase() + started.slice(1) : Resource.split(':').at(-1);
    return [{ machine, name, work: work as string, kind: 'service' }];
  });
