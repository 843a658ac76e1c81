import { describe, expect, test } from '@jest/globals';
import { commandFor, findExecution, machinesBeside } from '../../cli/find-execution.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { ExecutionListItem } from '../../shared/aws/executions.ts';

const PREFIX = 'arn:aws:states:us-west-2:000000000000';
const machine = (kind: string) => `${PREFIX}:stateMachine:fpe-local-${kind}`;
const execution = (kind: string, name: string) => `${PREFIX}:execution:fpe-local-${kind}:${name}`;
const MACHINES = machinesBeside(machine('score-station'));

/** A Step Functions with these executions: their ARNs, oldest first. */
const holding = (...arns: string[]) => ({
  findExecutionOutcome: async (arn: string) => (arns.includes(arn) ? ({ status: 'FAILED' } as never) : null),
  newestExecutions: async (machineArn: string) =>
    arns
      .map(
        (executionArn, hour): ExecutionListItem => ({
          ...{ executionArn, startDate: new Date(hour * 3_600_000), stateMachineArn: undefined },
          ...{ name: undefined, status: undefined },
        }),
      )
      .filter(({ executionArn }) =>
        executionArn?.startsWith(`${machineArn.replace(':stateMachine:', ':execution:')}:`),
      )
      .slice(-1),
});

describe('the machines of a stage', () => {
  test('are found from any one of them', () => {
    expect(MACHINES).toEqual(['train-station', 'score-station', 'refresh-stations'].map(machine));
  });

  test('are only the one that was named if that is none of ours', () => {
    expect(machinesBeside(machine('other'))).toEqual([machine('other')]);
  });
});

describe('an execution', () => {
  test.each(['train-station', 'score-station', 'refresh-stations'])(
    'of %s is found by its name alone',
    async (kind) => {
      const found = await findExecution('try-1', MACHINES, holding(execution(kind, 'try-1')));

      expect(found).toBe(execution(kind, 'try-1'));
    },
  );

  test('without a name is the newest of all machines', async () => {
    const started = [execution('train-station', 'a'), execution('refresh-stations', 'b')];

    expect(await findExecution(undefined, MACHINES, holding(...started))).toBe(started[1]);
    expect(await findExecution(undefined, MACHINES, holding(...started.reverse()))).toBe(started[1]);
  });

  test('given by its ARN is not looked up', async () => {
    const arn = execution('other', 'try-1');

    expect(await findExecution(arn, [], holding())).toBe(arn);
  });

  test.each<[string, string | undefined, string[], RegExp]>([
    [
      'no machine has',
      'try-2',
      ['a'],
      /^There is no execution try-2 of fpe-local-train-station, .*fpe list$/,
    ],
    ['nobody has started', undefined, [], /^Nothing has run yet\. .*fpe start ID --pretrained false$/],
  ])('that %s is refused with the next step', async (_, name, names, message) => {
    const found = findExecution(
      name,
      MACHINES,
      holding(...names.map((each) => execution('train-station', each))),
    );

    await expect(found).rejects.toThrow(UsageError);
    await expect(found).rejects.toThrow(message);
  });

  test.each([
    ['score-station', './fpe start ID --machine score-station'],
    ['refresh-stations', './fpe refresh --pretrained false'],
  ])('of %s alone, none of which has run, is refused with a start of that machine', async (kind, command) => {
    const [machine] = MACHINES.filter((arn) => arn.endsWith(kind));

    await expect(findExecution(undefined, [machine as string], holding())).rejects.toThrow(
      `No execution of fpe-local-${kind} has run yet. Start one with: ${command}`,
    );
  });

  test('of a name that two machines know is asked for by its ARN', async () => {
    const both = [execution('train-station', 'a'), execution('score-station', 'a')];

    const found = findExecution('a', MACHINES, holding(...both));

    await expect(found).rejects.toThrow(UsageError);
    await expect(found).rejects.toThrow(`Choose one: ${both.join(', ')}`);
  });
});

test.each([
  ['the local stack, by name', { kind: 'local' }, 'a'],
  ['AWS, by the ARN, which says where', { kind: 'aws' }, execution('train-station', 'a')],
  ['another endpoint, by the ARN', { kind: 'endpoint' }, execution('train-station', 'a')],
] as const)('a printed command names an execution of %s', (_, connection, named) => {
  const command = commandFor({ ...connection, description: '' }, 'redrive', execution('train-station', 'a'));

  expect(command).toBe(`./fpe redrive ${named}`);
});
