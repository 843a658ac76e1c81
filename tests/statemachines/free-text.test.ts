import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { evaluateTemplate } from '../../local/step-functions/states-language.ts';
import { hostileText } from '../fuzz/texts.ts';

type State = {
  Resource?: unknown;
  Parameters?: Record<string, unknown>;
  ItemProcessor?: { States: Record<string, State> };
};
const ROOT = join(import.meta.dirname, '../..');
const MACHINES = ['train-station', 'score-station', 'refresh-stations'];
const sourceOf = (machine: string) => readFileSync(join(ROOT, 'statemachines', `${machine}.asl.yml`), 'utf8');
const statesOf = (states: Record<string, State>): [string, State][] =>
  Object.entries(states).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...statesOf(state.ItemProcessor?.States ?? {}),
  ]);
const publishing = (machine: string) =>
  statesOf(parse(sourceOf(machine)).States).filter(
    ([, { Resource }]) => Resource === 'arn:aws:states:::sns:publish',
  );

/** What States.Format may put together: names of jobs and executions, which have letters, digits and dashes. */
const NAMES = [
  '$.run.job_base',
  '$.id',
  '$.executions',
  '$.task.action',
  '$.task.station_id',
  '$$.Execution.RedriveCount',
  '$$.State.RetryCount',
];

describe.each(MACHINES)('%s', (machine) => {
  test('formats names alone, as no two interpreters agree on quotes, backslashes and braces', () => {
    const formats = [...sourceOf(machine).matchAll(/States\.Format\('[^']*'((?:, [^,)]+)*)\)/g)];
    const formatted = formats.flatMap(([, list = '']) => list.split(', ').slice(1));

    expect(formats).toHaveLength(sourceOf(machine).split('States.Format(').length - 1);
    expect(formatted.length).toBeGreaterThan(0);
    expect(formatted.filter((path) => !NAMES.includes(path))).toEqual([]);
  });
});

test('a machine that tells people itself hands on what a function has composed, whatever is in it', async () => {
  const states = MACHINES.flatMap(publishing);
  expect(states.map(([name]) => name)).toEqual(['NotifyRefresh']);
  for (const [, { Parameters = {} }] of states) {
    const paths = ['Subject.$', 'Message.$'].map((member) => String(Parameters[member]));
    expect(paths.filter((path) => !/^\$(\.\w+)+$/.test(path))).toEqual([]);

    await fc.assert(
      fc.asyncProperty(hostileText, hostileText, async (subject, message) => {
        const input = {};
        for (const [at, text] of [subject, message].entries())
          place(input, (paths[at] as string).split('.').slice(1), text);

        const sent = (await evaluateTemplate(Parameters, input, {})) as Record<string, unknown>;

        expect([sent.Subject, sent.Message]).toEqual([subject, message]);
      }),
      { numRuns: 100 },
    );
  }
});

function place(target: Record<string, unknown>, [name, ...rest]: string[], text: string): void {
  if (rest.length === 0) target[name as string] = text;
  else {
    target[name as string] ??= {};
    place(target[name as string] as Record<string, unknown>, rest, text);
  }
}
