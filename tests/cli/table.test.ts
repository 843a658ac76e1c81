import { describe, expect, test } from '@jest/globals';
import { describeSchema } from '../../cli/schema.ts';
import { describeEvent, describeOutputs } from '../../cli/stack-changes.ts';
import { tableLines } from '../../cli/table.ts';

describe('a table', () => {
  test('has columns as wide as their longest cell, and no spaces at the ends of lines', () => {
    const rows = [
      ['STEP', 'RESULT', 'FOUND'],
      ['wrong-input', 'passed', 'InvalidInput'],
      ['gpu', 'not tried', ''],
    ];

    expect(tableLines(rows)).toEqual([
      'STEP         RESULT     FOUND',
      'wrong-input  passed     InvalidInput',
      'gpu          not tried',
    ]);
  });

  test('is indented, and its columns may be wider than their cells', () => {
    expect(tableLines([['a', 'b', 'c']], { indent: '  ', widths: [3] })).toEqual(['  a    b  c']);
  });

  test('has no row, and hides nothing, that only a name in a cell has written', () => {
    const rows = [
      ['1', 'Mill\n2  Fake Brook'],
      ['3', '\u001b[8mHidden\u202e'],
    ];

    expect(tableLines(rows)).toEqual(['1  Mill 2  Fake Brook', '3  Hidden']);
  });

  test('may have rows of different lengths, or none', () => {
    expect(tableLines([['a'], ['long', 'b', 'c'], []])).toEqual(['a', 'long  b  c', '']);
    expect(tableLines([])).toEqual([]);
  });
});

test('the outputs of a stack stand in two columns, sorted', () => {
  const Outputs = [
    { OutputKey: 'TrainStation', OutputValue: 'arn:aws:states:us-west-2:123456789012:stateMachine:train' },
    { OutputKey: 'Dashboard', OutputValue: 'https://console' },
  ];

  expect(describeOutputs({ Outputs } as never).split('\n')).toEqual([
    '  Dashboard     https://console',
    '  TrainStation  arn:aws:states:us-west-2:123456789012:stateMachine:train',
  ]);
});

test('an event of a stack is a line, with the reason only where something went wrong', () => {
  const event = {
    Timestamp: new Date('2026-01-02T03:04:05Z'),
    LogicalResourceId: 'Topic',
    ResourceType: 'AWS::SNS::Topic',
    ResourceStatusReason: 'no rights',
  };

  expect(describeEvent({ ...event, ResourceStatus: 'CREATE_COMPLETE' } as never)).toBe(
    '  03:04:05  CREATE_COMPLETE     Topic (AWS::SNS::Topic)',
  );
  expect(describeEvent({ ...event, ResourceStatus: 'CREATE_FAILED' } as never)).toBe(
    '  03:04:05  CREATE_FAILED       Topic (AWS::SNS::Topic): no rights',
  );
});

test('what a new schema consists of stands in two columns', () => {
  const plan = {
    state: 'absent' as const,
    where: 'fpe on db',
    tables: ['images', 'stations'],
    types: ['status'],
    functions: ['f'],
  };

  expect(describeSchema(plan, true).split('\n')).toEqual([
    'In fpe on db would be created:',
    '  2 tables    images, stations',
    '  1 type      status',
    '  1 function  f',
    '  and the rows of model_types and variables',
    '',
    'Nothing was written.',
  ]);
});
