import type * as z from 'zod';
import { parseRefreshInput, refreshInput } from './refresh-stations.ts';
import { parseScoringInput, scoringInput } from './score-station.ts';
import { parseRunInput, runInput } from './train-station.ts';

/** The input of each machine, by the end of the machine's name: its schema, and a check that reports all faults at once. */
export const MACHINE_INPUTS = {
  'train-station': { schema: runInput, parse: parseRunInput },
  'score-station': { schema: scoringInput, parse: parseScoringInput },
  'refresh-stations': { schema: refreshInput, parse: parseRefreshInput },
} as const satisfies Record<string, { schema: z.ZodType; parse: (input: unknown) => unknown }>;
export type MachineKind = keyof typeof MACHINE_INPUTS;

/** The machine that an input is for when nobody names one: an input for a single station names that station. */
export const machineOfInput = (input: object): MachineKind =>
  'station_id' in input || !Object.keys(input).some((name) => name in refreshInput.shape)
    ? 'train-station'
    : 'refresh-stations';
