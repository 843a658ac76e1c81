import { readFileSync } from 'node:fs';
import { parseJson } from '../shared/formats/json.ts';
import { MACHINE_INPUTS, type MachineKind, machineOfInput } from '../shared/inputs/machines.ts';
import { readGivenFile } from './given-file.ts';
import { UsageError } from './usage-error.ts';

/**
 * Reads an input as typed: a station's id, a file, JSON itself, or `-` for standard input. It is checked here as the machine's
 * first function checks it, so that a mistake is found before anything starts, but passed on unchanged.
 *
 * @param kind of the machine that will receive it; if left out, the one that the input is meant for
 * @throws UsageError, InvalidInput
 */
export function readExecutionInput(given: string, kind?: MachineKind): Record<string, unknown> {
  const { text, where } = readText(given, kind);
  let input: unknown;
  try {
    input = parseJson(text);
  } catch (error) {
    throw new UsageError(`${where} is not JSON. Found: ${(error as Error).message}`);
  }
  MACHINE_INPUTS[kind ?? machineOfInput(Object(input))].parse(input);
  return input as Record<string, unknown>;
}

function readText(given: string, kind?: MachineKind): { text: string; where: string } {
  if (given.trimStart().startsWith('{')) return { text: given, where: 'The input' };
  if (/^\d+$/.test(given)) return { text: ofStation(given, kind), where: 'The input' };
  if (given === '-') return { text: readFileSync(0, 'utf8'), where: 'Standard input' };
  return {
    text: readGivenFile(given, kind === 'refresh-stations' ? EXPECTED_REFRESH : EXPECTED),
    where: given,
  };
}

const ofStation = (id: string, kind?: MachineKind): string =>
  kind === 'refresh-stations' ? `{"station_ids": [${id}]}` : `{"station_id": ${id}}`;

const EXPECTED_REFRESH =
  'Give a station id, a JSON file such as events/refresh-stations.json, or JSON such as \'{"mode": "score"}\'.';
const EXPECTED =
  'Give a station id, a JSON file such as events/train-station.json, or JSON such as \'{"station_id": 29}\'.';
