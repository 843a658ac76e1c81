import type * as z from 'zod';
import { parseRefreshInput, refreshInput } from './refresh-stations.ts';
import { parseScoringInput, scoringInput } from './score-station.ts';
import { parseRunInput, runInput } from './train-station.ts';

/** What each machine takes, by the end of its name: schema, check with all faults at once, and JSON Schema in `events/`. */
export const MACHINE_INPUTS = {
  'train-station': { schema: runInput, parse: parseRunInput, schemaFile: 'input.schema.json' },
  'score-station': {
    schema: scoringInput,
    parse: parseScoringInput,
    schemaFile: 'score-station.schema.json',
  },
  'refresh-stations': {
    schema: refreshInput,
    parse: parseRefreshInput,
    schemaFile: 'refresh-stations.schema.json',
  },
} as const satisfies Record<
  string,
  { schema: z.ZodType; parse: (input: unknown) => unknown; schemaFile: string }
>;
export type MachineKind = keyof typeof MACHINE_INPUTS;

/** @param machine name or ARN, which end with the kind after app and stage; without it the one that trains is meant */
export const machineKind = (machine: string | undefined): MachineKind =>
  (Object.keys(MACHINE_INPUTS) as MachineKind[]).find(
    (kind) => machine === kind || machine?.endsWith(`-${kind}`),
  ) ?? 'train-station';

/** The machine that an input is meant for, where nobody says: one of a single station names it. */
export const machineOfInput = (input: object): MachineKind =>
  'station_id' in input || !Object.keys(input).some((name) => name in refreshInput.shape)
    ? 'train-station'
    : 'refresh-stations';
