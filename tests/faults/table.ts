import { applies, FAULT_NAMES, FAULTS, type FaultName } from './faults.ts';
import { MACHINES, taskStates } from './states.ts';
import { OUTCOMES, type Outcome } from './trial.ts';
import type { Result } from './trial-process.ts';

export const BEGIN = '<!-- Written by npm run test:faults. -->';
export const END = '<!-- The end of what npm run test:faults writes. -->';

/** In cells of faults that an interrupted run has not come to. */
const UNTRIED = '·';

/** The table of docs/reliability.md. @param results of the full run */
export function faultTable(results: readonly Result[]): string {
  const atStates = results.filter(({ trial }) => !trial.disturbance);
  const atCommands = results.filter(({ trial }) => trial.disturbance);
  return [
    BEGIN,
    '',
    ...Object.entries(FAULTS).map(([name, words]) => `- **${name}**: ${words}`),
    '',
    'What comes of it, of a fault that passes and of one that lasts through all attempts:',
    '',
    ...Object.entries(OUTCOMES).map(([name, words]) => `- ${name}: ${words}`),
    `- ${UNTRIED}: the run that wrote this was ended before it came to it; an empty cell is what a state cannot meet`,
    '',
    ...MACHINES.flatMap((machine) => [
      `### ${machine}`,
      '',
      row(['state', ...FAULT_NAMES]),
      row(['---', ...FAULT_NAMES.map(() => '---')]),
      ...taskStates(machine).map((state) => {
        const { name } = state;
        const ofState = atStates.filter(
          ({ trial }) => trial.state.machine === machine && trial.state.name === name,
        );
        return row([
          name,
          ...FAULT_NAMES.map((fault) => (applies(fault, state) ? cell(ofState, fault) : '')),
        ]);
      }),
      '',
    ]),
    ...commandTable(atCommands),
    END,
  ].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** In the order in which a fault gets worse. */
function cell(results: readonly Result[], fault: FaultName): string {
  const found = new Set(results.filter(({ trial }) => trial.fault === fault).map(({ outcome }) => outcome));
  const words = (Object.keys(OUTCOMES) as Outcome[]).filter((outcome) => found.has(outcome));
  return words.length > 1 ? words.filter((word) => word !== '–').join(', ') : (words[0] ?? UNTRIED);
}

function commandTable(results: readonly Result[]): string[] {
  const kinds = [...new Set(results.map(({ trial }) => trial.disturbance?.kind as string))];
  const states = [...new Set(results.map(({ trial }) => trial.state.name))];
  if (states.length === 0) return [];
  return [
    '### Each command to S3 of the states that publish',
    '',
    row(['state', 'commands tried', ...kinds]),
    row(['---', '---', ...kinds.map(() => '---')]),
    ...states.map((name) => {
      const ofState = results.filter(({ trial }) => trial.state.name === name);
      const commands = new Set(ofState.map(({ trial }) => trial.disturbance?.at)).size;
      return row([
        name,
        String(commands),
        ...kinds.map((kind) => counts(ofState.filter(({ trial }) => trial.disturbance?.kind === kind))),
      ]);
    }),
    '',
  ];
}

function counts(results: readonly Result[]): string {
  const outcomes = [...new Set(results.map(({ outcome }) => outcome))];
  return outcomes
    .map((outcome) => `${outcome} ${results.filter((result) => result.outcome === outcome).length}`)
    .sort()
    .join(', ');
}
