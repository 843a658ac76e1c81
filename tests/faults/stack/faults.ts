/** States at which a fault happens, in the running order: before, while and after the station is exported, and so on. */
export const PHASES = [
  'PrepareRun',
  'ExportStation',
  'WriteManifests',
  'TrainModel',
  'ScoreImages',
  'PublishModel',
] as const;
export type Phase = (typeof PHASES)[number];

type StackFault = { words: string; phases: readonly Phase[] };

/** What can happen to the whole local stack, in words for the table, and when it is made to happen. */
export const STACK_FAULTS = {
  'stack killed': {
    words: 'kill −9 of the process that is S3, Lambda, SageMaker and Step Functions',
    phases: PHASES,
  },
  'stack and watchdog killed': {
    words: 'the same after the process that ends what a killed stack leaves running',
    phases: ['TrainModel', 'ScoreImages'],
  },
  'stack stopped': { words: '`./fpe local stop`', phases: ['ScoreImages'] },
  'database killed': {
    words: 'kill −9 of PostgreSQL',
    phases: ['PrepareRun', 'ExportStation', 'TrainModel', 'PublishModel'],
  },
  'function killed': {
    words: 'kill −9 of the process of the function',
    phases: ['ExportStation', 'PublishModel'],
  },
  'trainer killed': { words: 'kill −9 of the training', phases: ['TrainModel'] },
  'server killed': { words: 'kill −9 of the scoring server', phases: ['ScoreImages'] },
  'disk full': {
    words: 'the disk of the stack’s folder takes nothing for a while',
    phases: ['ExportStation', 'TrainModel', 'ScoreImages', 'PublishModel'],
  },
  'clock ahead': {
    words: 'the clock is set a day ahead, and back when the state has ended',
    phases: ['TrainModel', 'PublishModel'],
  },
  'clock back': {
    words: 'the clock is set a day back, and right again when the state has ended',
    phases: ['TrainModel', 'PublishModel'],
  },
  'two stacks': {
    words: 'a second start on the same folder, and a stack on another one',
    phases: ['TrainModel'],
  },
  'fifty executions': { words: 'fifty at once, of one model code', phases: ['PrepareRun'] },
  'two executions': { words: 'two at once, of one model code', phases: ['PrepareRun'] },
  scoring: { words: 'score-station of the same station', phases: ['TrainModel'] },
  import: { words: 'a newer export of the station is imported', phases: ['ExportStation'] },
  'two refreshes': { words: 'two executions of refresh-stations at once', phases: ['PrepareRun'] },
} as const satisfies Record<string, StackFault>;
export type StackFaultName = keyof typeof STACK_FAULTS;
export const STACK_FAULT_NAMES = Object.keys(STACK_FAULTS) as StackFaultName[];

/** @returns whether a fault is made to happen in a phase */
export const happensIn = (fault: StackFaultName, phase: Phase): boolean =>
  (STACK_FAULTS[fault].phases as readonly Phase[]).includes(phase);

/** `where` in the phase it happens: 0 at its beginning, 1 at its usual end. */
export type StackStrike = { fault: StackFaultName; phase: Phase; where: number };

/** Those of which several executions are a part; the others happen to one. */
export const AT_ONCE: ReadonlySet<StackFaultName> = new Set([
  'fifty executions',
  'two executions',
  'two refreshes',
]);

/**
 * What happens to one execution after the other: as many strikes to each as it has phases for, so that all take ten minutes and not an hour.
 *
 * @param random from 0 to 1
 */
export function allStackTrials(random: () => number): StackStrike[][] {
  const trials: StackStrike[][] = [];
  for (const fault of STACK_FAULT_NAMES) {
    const strikes = STACK_FAULTS[fault].phases.map((phase) => ({ fault, phase, where: random() }));
    const isAlone = AT_ONCE.has(fault) || fault === 'disk full';
    const open = trials.find((trial) =>
      trial.every(
        (other) =>
          !AT_ONCE.has(other.fault) &&
          other.fault !== 'disk full' &&
          !strikes.some(({ phase }) => phase === other.phase),
      ),
    );
    if (open && !isAlone) open.push(...strikes);
    else trials.push(strikes);
  }
  const order = ({ phase }: StackStrike) => PHASES.indexOf(phase);
  return trials.map((trial) => trial.sort((one, other) => order(one) - order(other)));
}

/** What came of it, in the words of the table. */
export const STACK_OUTCOMES = {
  goes: 'the execution goes on as if nothing had happened',
  retries: 'the machine runs the state again by itself',
  redrive: 'the execution fails; the redrive that its notification names succeeds',
  start:
    'the next start finds the execution ended, or says how to redrive it, which succeeds; it ends what was left running',
  'one works':
    'one succeeds, the others are refused by name, or yield; a redrive of those succeeds, or yields',
  'not tried': 'this computer lets no small disk be mounted',
} as const;
export type StackOutcome = keyof typeof STACK_OUTCOMES;
export type StackResult = { strike: StackStrike; outcome: StackOutcome | null; failure: string | null };
