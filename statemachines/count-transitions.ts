type Rule = { Variable?: string; BooleanEquals?: boolean; StringEquals?: string; Next: string };
type State = {
  Type: string;
  Next?: string;
  End?: boolean;
  Choices?: Rule[];
  Default?: string;
  ItemProcessor?: MachineDefinition;
};
export type MachineDefinition = { StartAt: string; States: Record<string, State> };

/**
 * Counts the state transitions of an execution without retries: one into each state, one out of the last, and the same within a
 * Map for each of its items.
 *
 * @param facts values that Choice states test: path → value
 * @param items of a Map
 * @throws Error for a rule or a loop that is not supported
 */
export function countTransitions(
  { StartAt, States }: MachineDefinition,
  facts: Readonly<Record<string, unknown>>,
  items: number,
): number {
  const entered = new Set<string>();
  let count = 1;
  for (let name: string | undefined = StartAt; name; ) {
    const state: State | undefined = States[name];
    if (!state || entered.has(name)) throw new Error(`The state ${name} is not there, or entered twice`);
    entered.add(name);
    count += 1;
    if (state.ItemProcessor) count += items * countTransitions(state.ItemProcessor, facts, items);
    name = state.Type === 'Choice' ? choose(name, state, facts) : state.Next;
  }
  return count;
}

function choose(name: string, { Choices = [], Default }: State, facts: Readonly<Record<string, unknown>>) {
  for (const { Variable = '', BooleanEquals, StringEquals, Next } of Choices) {
    if (!(Variable in facts) || (BooleanEquals === undefined && StringEquals === undefined))
      throw new Error(`Which way ${name} goes cannot be told: its rule looks at ${Variable || 'nothing'}`);
    if (facts[Variable] === (BooleanEquals ?? StringEquals)) return Next;
  }
  return Default;
}
