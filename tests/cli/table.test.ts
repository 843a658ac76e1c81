import { stripVTControlCharacters, styleText } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import stringWidth from 'string-width';
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

  test.each([
    ['漢字川', 6],
    ['Río Bañó', 8],
    ['e\u0301a\u0308', 2],
    ['👨‍👩‍👧 🇺🇸', 5],
    ['\u200bX', 1],
    [styleText('red', 'failed', { validateStream: false }), 6],
  ])('is in line where a name is %s', (name, width) => {
    const [first, second, third] = tableLines([
      [name, '|'],
      ['12345678', '|'],
      ['', '|'],
    ]) as [string, string, string];

    expect(stripVTControlCharacters(first)).toBe(
      `${stripVTControlCharacters(name)}${' '.repeat(10 - width)}|`,
    );
    expect([second, third]).toEqual(['12345678  |', '          |']);
  });

  const WIDE = [
    ['EXECUTION', 'STATUS', 'RESULT', 'STARTED'],
    ['nightly-1', 'FAILED', 'DatabaseUnavailable', '2026-01-02'],
    ['漢字', 'RUNNING', '', ''],
  ];
  test('has a line for each row where there is no terminal, and folds rows that are wider than one', () => {
    expect(tableLines(WIDE)).toEqual([
      'EXECUTION  STATUS   RESULT               STARTED',
      'nightly-1  FAILED   DatabaseUnavailable  2026-01-02',
      '漢字       RUNNING',
    ]);
    expect(tableLines(WIDE, { columns: 51 })).toEqual(tableLines(WIDE));
    expect(tableLines(WIDE, { columns: 50 })).toEqual([
      'EXECUTION  STATUS   RESULT',
      '  STARTED',
      'nightly-1  FAILED   DatabaseUnavailable',
      '  2026-01-02',
      '漢字       RUNNING',
    ]);
    expect(tableLines(WIDE, { columns: 22, indent: ' ' })).toEqual([
      ' EXECUTION  STATUS',
      '   RESULT',
      '   STARTED',
      ' nightly-1  FAILED',
      '   DatabaseUnavailable',
      '   2026-01-02',
      ' 漢字       RUNNING',
    ]);
  });

  test('is never wider than the terminal but for what has no space in it, and loses no cell', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '漢', '👩‍🔬', 'e\u0301'), maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 6 }),
        fc.integer({ min: 20, max: 80 }),
        (rows, columns) => {
          const lines = tableLines(rows, { columns });

          for (const line of lines)
            expect(line.includes('  ') && stringWidth(line) > columns + 2).toBe(false);
          expect(lines.join(' ').split(/ +/).filter(Boolean)).toEqual(rows.flat().filter(Boolean));
        },
      ),
    );
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
