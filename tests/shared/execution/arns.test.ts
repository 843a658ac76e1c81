import { expect, test } from '@jest/globals';
import {
  executionArn,
  kindOfMachine,
  machineArnAt,
  machineArnOf,
  nameInArn,
  regionInArn,
  siblingMachineArn,
  startOfExecutionArns,
} from '../../../shared/execution/arns.ts';

const MACHINE = 'arn:aws-us-gov:states:us-gov-west-1:123456789012:stateMachine:fpe-dev-refresh-stations';
const EXECUTION =
  'arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:fpe-dev-refresh-stations:night-score-station';

test('an execution is found from its machine, and the machine from its execution', () => {
  expect(executionArn(MACHINE, 'night-score-station')).toBe(EXECUTION);
  expect(machineArnOf(EXECUTION)).toBe(MACHINE);
});

test('an ARN tells the name, the region and the kind of the machine, whatever the execution is called', () => {
  expect(nameInArn(EXECUTION)).toBe('night-score-station');
  expect(regionInArn(EXECUTION)).toBe('us-gov-west-1');
  expect(kindOfMachine(EXECUTION)).toBe('refresh-stations');
  expect(kindOfMachine('arn:aws:states:us-west-2:1:stateMachine:another-machine')).toBeNull();
});

test.each([MACHINE, EXECUTION])('another machine of the same stage is found from %s', (arn) => {
  expect(siblingMachineArn(arn, 'train-station')).toBe(MACHINE.replace('refresh-stations', 'train-station'));
});

test('what a machine makes ARNs of its stations’ executions from leads back to their machines', () => {
  const start = startOfExecutionArns(EXECUTION);

  expect(`${start}-score-station:one`).toBe(
    executionArn(MACHINE.replace('refresh-stations', 'score-station'), 'one'),
  );
  expect(machineArnAt(start, 'train-station')).toBe(MACHINE.replace('refresh-stations', 'train-station'));
});
