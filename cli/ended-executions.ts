import { keptExecutions } from '../local/stopped-stack.ts';
import { parseJson } from '../shared/formats/json.ts';
import { countOf } from '../shared/formats/numbers.ts';
import { STARTED_BY } from '../shared/inputs/parameters.ts';

type Kept = { executionArn: string; name: string; status: string; input: string };
type Ended = {
  /** A redrive goes on with these, and starts what they had started anew. */
  roots: Kept[];
  /** Of stations, started by a refresh. */
  children: number;
};

/** What runs on a stack and ends with it. */
export const runningOn = (folder: string): Kept[] =>
  keptExecutions(folder).filter(({ status }) => status === 'RUNNING');

/**
 * What the end of a stack has ended, and how it goes on; null if nothing was running.
 *
 * @param before what ran on it before
 */
export function describeEnded(folder: string, before: readonly Kept[]): string | null {
  const hadEnded = new Set(
    keptExecutions(folder)
      .filter(({ status }) => status !== 'RUNNING' && status !== 'ABORTED')
      .map(({ executionArn }) => executionArn),
  );
  const ended = before.filter(({ executionArn }) => !hadEnded.has(executionArn));
  if (ended.length === 0) return null;
  const { roots, children } = endedOf(ended);
  const again = roots.map((execution) => `./fpe redrive ${distinctName(execution, ended)}`);
  return [
    `${countOf(roots.length, 'execution')} that ${roots.length === 1 ? 'was' : 'were'} still running ended with it: ${roots.map(({ name }) => name).join(', ')}${children > 0 ? `, with ${countOf(children, 'execution')} of stations that a refresh had started` : ''}.`,
    `To go on, start the stack with ./fpe local, then: ${again.length === 1 ? again[0] : ''}`.trimEnd(),
    ...(again.length === 1 ? [] : again.map((command) => `  ${command}`)),
  ].join('\n');
}

function endedOf(ended: readonly Kept[]): Ended {
  const arns = new Set(ended.map(({ executionArn }) => executionArn));
  const isChild = ({ input }: Kept) =>
    arns.has(String((parseJson(input) as Record<string, unknown>)[STARTED_BY]));
  const roots = ended.filter((execution) => !isChild(execution));
  return { roots, children: ended.length - roots.length };
}

/** Executions of two machines may have the same name. */
const distinctName = ({ name, executionArn }: Kept, among: readonly Kept[]): string =>
  among.filter((other) => other.name === name).length === 1 ? name : executionArn;
