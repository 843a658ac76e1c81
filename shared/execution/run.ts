import { ModelTypeNotFound, VariableNotFound } from '../errors.ts';

import type { RunInput } from '../inputs/train-station.ts';
import { isVariableCode, VARIABLES, type VariableCode } from '../variables.ts';
import { requireStationExists, requireTimezone } from './station.ts';

export type Station = NonNullable<RunChecks['station']>;

/** @throws VariableNotFound when the variable has no annotation variable (contract 2.1) */
export function requireVariable(code: string): VariableCode {
  if (isVariableCode(code)) return code;
  throw new VariableNotFound({
    what: 'Photos cannot be ranked by this variable',
    where: 'variable_code of the input',
    found: code,
    expected: `one of ${Object.keys(VARIABLES).join(', ')}`,
    fix: 'choose one of these variables and start a new execution',
  });
}

/** Names of the version; two executions on the same day for the same station use the same name. */
export function versionCodes(input: RunInput, variable: VariableCode, startedAt: string) {
  const day = startedAt.slice(0, 10).replaceAll('-', '');
  const modelCode = input.model_code ?? `${input.model_type}-${VARIABLES[variable].annotation}-${day}`;
  return { model_code: modelCode, dataset_code: input.dataset_code ?? modelCode };
}

/**
 * Checks that everything the run needs from the database exists.
 *
 * @throws StationNotFound, VariableNotFound, ModelTypeNotFound, InvalidTimezone
 */
export function requireStation(checks: RunChecks, input: RunInput): Station {
  const station = requireStationExists(checks.station, input.station_id);
  if (!checks.variable_codes.includes(input.variable_code))
    throw new VariableNotFound({
      what: 'The variable does not exist in the database, so its model could not be published',
      where: 'variables table of the FPE database',
      found: `${input.variable_code}; the table has ${checks.variable_codes.join(', ') || 'no rows'}`,
      expected: `a row with id ${input.variable_code}`,
      fix: 'add the row or choose another variable_code, then start a new execution',
    });
  if (!checks.model_types.includes(input.model_type))
    throw new ModelTypeNotFound({
      what: 'The model type does not exist',
      where: 'model_types table of the FPE database',
      found: `${input.model_type}; the table has ${checks.model_types.join(', ') || 'no rows'}`,
      expected: 'the id of a model type',
      fix: 'correct model_type and start a new execution',
    });
  requireTimezone(station);
  return station;
}

/** @param startedAt ISO 8601, UTC @returns e.g. 20261124-050557-1f0c9a2e */
export const runId = (startedAt: string, suffix: string): string =>
  `${startedAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${suffix}`;

/**
 * Start of the names of this run's jobs; SageMaker allows 63 characters, lower case keeps them equal in ARNs.
 *
 * @param prefix identifies app and stage, at most 23 characters: roles may access only the jobs whose names begin with it
 */
export const jobBase = (prefix: string, stationId: number, startedAt: string, suffix: string): string =>
  `${prefix}-${stationId}-${startedAt.slice(0, 10).replaceAll('-', '')}-${suffix}`;

export type RunChecks = {
  station: {
    id: number;
    name: string;
    timezone: string;
    nwis_id: string | null;
    /** Whether its `metadata` say that no such stream exists, as those of the demo station do. */
    synthetic: boolean;
  } | null;
  variable_codes: string[];
  model_types: string[];
  /** The station's models of this code, newest first: normally one, but older scripts may have left several (Q-P6). */
  published: {
    uuid: string | null;
    model_type_id: string;
    variable_id: string | null;
    default: boolean;
  }[];
};
