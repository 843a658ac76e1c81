import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { applies, FAULT_NAMES } from '../faults/faults.ts';
import { happensIn, PHASES, STACK_FAULT_NAMES, STACK_OUTCOMES } from '../faults/stack/faults.ts';
import { BEGIN, END } from '../faults/stack/table.ts';
import { MACHINES, taskStates } from '../faults/states.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'reliability.md'), 'utf8');
const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

describe.each(MACHINES)('the table of the faults of %s', (machine) => {
  const [, part = ''] = PAGE.split(`### ${machine}\n`);
  const [head = [], , ...rows] = part
    .slice(0, part.indexOf('\n#') < 0 ? undefined : part.indexOf('\n#'))
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map(cellsOf);

  test('names each state that has something to do, and no other', () => {
    expect(rows.map(([state]) => state)).toEqual(taskStates(machine).map(({ name }) => name));
  });

  test('has a column for each fault, and says of each state which of them it can meet', () => {
    expect(head).toEqual(['state', ...FAULT_NAMES]);
    const empty = taskStates(machine).flatMap((state, index) =>
      FAULT_NAMES.filter((fault, at) => applies(fault, state) !== Boolean(rows[index]?.[at + 1])),
    );
    expect(empty).toEqual([]);
  });
});

describe('the table of the faults of the whole stack', () => {
  const [head = [], , ...rows] = PAGE.slice(PAGE.indexOf(BEGIN), PAGE.indexOf(END))
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map(cellsOf);

  test('has a row for each fault and a column for each phase', () => {
    expect(head).toEqual(['fault', ...PHASES]);
    expect(rows.map(([fault]) => fault)).toEqual(STACK_FAULT_NAMES);
  });

  test('says what comes of each fault in each phase in which it is made to happen', () => {
    const words = new Set([...Object.keys(STACK_OUTCOMES), '·']);
    const wrong = STACK_FAULT_NAMES.flatMap((fault, row) =>
      PHASES.filter((phase, at) => {
        const cell = rows[row]?.[at + 1] ?? '';
        return happensIn(fault, phase) ? !words.has(cell) : cell !== '';
      }).map((phase) => `${fault}, ${phase}`),
    );
    expect(wrong).toEqual([]);
  });
});
