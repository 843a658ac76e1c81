import { readFileSync } from 'node:fs';
import { parseJson } from '../shared/formats/json.ts';
import { MACHINE_INPUTS, type MachineKind, machineOfInput } from '../shared/inputs/machines.ts';
import { readGivenFile } from './given-file.ts';
import { UsageError } from './usage-error.ts';

/** What `readExecutionInput` takes, for the help of each command that takes an input. */
export const INPUT_FORMS = 'station id, JSON file, JSON text, or - for standard input';

/**
 * Reads an input as typed: a station's id, a file, JSON itself, or `-` for standard input. It is checked here as the machine's
 * first function checks it, so that a mistake is found before anything starts, but passed on unchanged.
 *
 * @param kind of the machine that will receive it; if left out, the one that the input is meant for
 * @throws UsageError, InvalidInput
 */
export function readExecutionInput(
  given: string,
  kind?: MachineKind,
  readStandardInput = (): string => readFileSync(0, 'utf8'),
): Record<string, unknown> {
  const text = readText(given, kind, readStandardInput);
  let input: unknown;
  try {
    input = parseJson(text);
  } catch (error) {
    throw new UsageError(
      `${placeOfInput(given)} is not JSON. Found: ${(error as Error).message}. ${expectedOf(kind)}`,
    );
  }
  MACHINE_INPUTS[kind ?? machineOfInput(Object(input))].parse(input);
  return input as Record<string, unknown>;
}

function readText(given: string, kind: MachineKind | undefined, readStandardInput: () => string): string {
  if (isText(given)) return given;
  if (isId(given)) return ofStation(given, kind);
  if (given !== '-') return readGivenFile(given, expectedOf(kind));
  const text = readStandardInput();
  return isId(text.trim()) ? ofStation(text.trim(), kind) : text;
}

const isText = (given: string): boolean => given.trimStart().startsWith('{');
const isId = (given: string): boolean => /^\d+$/.test(given);

/** Names in messages what an input was read from. */
export function placeOfInput(given: string): string {
  if (isText(given) || isId(given)) return 'The input';
  return given === '-' ? 'Standard input' : given;
}

/** @throws UsageError for digits that are no id */
function ofStation(id: string, kind?: MachineKind): string {
  if (!/^[1-9]\d{0,9}$/.test(id))
    throw new UsageError(
      `${id} is no station id. Expected: a whole number from 1, without zeros before it. ${expectedOf(kind)}`,
    );
  return kind === 'refresh-stations' ? `{"station_ids": [${id}]}` : `{"station_id": ${id}}`;
}

const expectedOf = (kind?: MachineKind): string =>
  kind === 'refresh-stations' ? EXPECTED_REFRESH : EXPECTED;
const EXPECTED_REFRESH =
  'Give a station id, a JSON file such as events/refresh-stations.json, or JSON such as \'{"mode": "score"}\'.';
const EXPECTED =
  'Give a station id, a JSON file such as events/train-station.json, or JSON such as \'{"station_id": 29}\'.';
