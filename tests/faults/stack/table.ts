import {
  happensIn,
  PHASES,
  STACK_FAULT_NAMES,
  STACK_FAULTS,
  STACK_OUTCOMES,
  type StackResult,
} from './faults.ts';

export const BEGIN = '<!-- Written by npm run test:stack. -->';
export const END = '<!-- The end of what npm run test:stack writes. -->';

/** In cells of faults that an interrupted run has not come to. */
const UNTRIED = '·';

/** The table of docs/reliability.md. @param results of the full run, none of them a failure */
export function stackFaultTable(results: readonly StackResult[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    BEGIN,
    '',
    ...Object.entries(STACK_FAULTS).map(([name, { words }]) => `- **${name}**: ${words}`),
    '',
    'What comes of it:',
    '',
    ...Object.entries(STACK_OUTCOMES).map(([name, words]) => `- ${name}: ${words}`),
    `- ${UNTRIED}: the run that wrote this was ended before it came to it, or before the execution had succeeded; an empty cell is not made to happen`,
    '',
    row(['fault', ...PHASES]),
    row(['---', ...PHASES.map(() => '---')]),
    ...STACK_FAULT_NAMES.map((fault) =>
      row([
        fault,
        ...PHASES.map((phase) => {
          if (!happensIn(fault, phase)) return '';
          const found = results.find(({ strike }) => strike.fault === fault && strike.phase === phase);
          return found?.outcome ?? UNTRIED;
        }),
      ]),
    ),
    '',
    END,
  ].join('\n');
}
