import { describe, expect, test } from '@jest/globals';
import { countTransitions, type MachineDefinition } from '../../statemachines/count-transitions.ts';

const machine: MachineDefinition = {
  StartAt: 'Prepare',
  States: {
    Prepare: { Type: 'Task', Next: 'Ready?' },
    'Ready?': {
      Type: 'Choice',
      Choices: [
        { Variable: '$.isReady', BooleanEquals: true, Next: 'Merge' },
        { Variable: '$.status', StringEquals: 'Stopped', Next: 'Stop' },
      ],
      Default: 'Rest',
    },
    Merge: {
      Type: 'Map',
      ItemProcessor: { StartAt: 'MergeOne', States: { MergeOne: { Type: 'Task', End: true } } },
      Next: 'Rest',
    },
    Rest: { Type: 'Pass', End: true },
    Stop: { Type: 'Fail' },
  },
};

describe('the transitions of an execution', () => {
  test.each([
    ['into each state and out of the last', { '$.isReady': false, '$.status': 'Going' }, 5, 4],
    ['to a Fail state', { '$.isReady': false, '$.status': 'Stopped' }, 5, 4],
    ['two for each item of a Map with one state', { '$.isReady': true, '$.status': '' }, 7, 5 + 2 * 7],
    ['none for a Map without items', { '$.isReady': true, '$.status': '' }, 0, 5],
  ])('lead %s', (_where, facts, items, expected) => {
    expect(countTransitions(machine, facts, items)).toBe(expected);
  });

  test('cannot be told where a Choice looks at something unknown', () => {
    expect(() => countTransitions(machine, {}, 1)).toThrow(
      'Which way Ready? goes cannot be told: its rule looks at $.isReady',
    );
  });

  test('cannot be told for a machine that goes in circles', () => {
    const circle = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Next: 'Wait' } } };

    expect(() => countTransitions(circle, {}, 1)).toThrow('The state Wait is not there, or entered twice');
  });
});
