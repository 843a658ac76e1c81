import { runKeys } from '../shared/execution/keys.ts';
import type { Run } from '../shared/execution/train-station-state.ts';
import { VARIABLES, type VariableCode } from '../shared/execution/variables.ts';
import { parseRunInput } from '../shared/inputs/train-station.ts';

/** What PrepareRun would return for this station; `parameters` are those of the input. */
export function testRun(
  station: { id: number; name?: string; timezone?: string },
  buckets: { storage: string; model: string },
  parameters: Record<string, unknown> = {},
  id = '20260401-120000-0a1b2c3d',
): Run {
  const input = parseRunInput({ station_id: station.id, ...parameters });
  const code = input.model_code ?? 'RANK-FLOW-20260401';
  const datasetCode = input.dataset_code ?? code;
  return {
    id,
    execution_arn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-test-train-station:one',
    started_at: '2026-04-01T12:00:00.000Z',
    station: { name: 'Mill Brook', timezone: 'America/New_York', nwis_id: null, ...station },
    annotation_variable: VARIABLES[input.variable_code as VariableCode].annotation,
    model_code: code,
    dataset_code: datasetCode,
    model_uuid: '6f2c1b1e-0000-4000-8000-000000000001',
    parameters: input,
    buckets,
    keys: runKeys(station.id, datasetCode, code, id),
    uses_nwis: false,
    job_base: `fpe-rank-${station.id}-20260401-0a1b2c3d`,
    training_request: {},
    model_request: {},
    transform_request: {},
  };
}

/** Middy's handlers want a context; ours do not read it. */
export const call = <Result>(
  handler: (event: never, context: never) => Promise<Result>,
  event: unknown,
): Promise<Result> => handler(event as never, {} as never);
