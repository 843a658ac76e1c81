import { describeExecution } from '../shared/aws/executions.ts';
import { kindOfMachine, nameInArn } from '../shared/execution/arns.ts';
import { versionKeys } from '../shared/execution/keys.ts';
import { parseJson } from '../shared/formats/json.ts';
import { DEFAULT_MODEL_TYPE, idOf, type ModelTypeId, modelTypeOf } from '../shared/model-types/registry.ts';
import { type RunResult, runResult } from './progress/execution-summary.ts';
import { UsageError } from './usage-error.ts';

/** The model that a training has made, and the keys of its files in the model bucket. */
export type MadeModel = RunResult & { model_type: ModelTypeId; keys: ReturnType<typeof versionKeys> };

/**
 * @param executionArn of train-station
 * @throws UsageError if it is of another machine, or has made none
 */
export async function findMadeModel(
  executionArn: string,
  describe: typeof describeExecution = describeExecution,
): Promise<MadeModel> {
  const name = nameInArn(executionArn);
  const { status, input, output } = await describe(executionArn);
  const kind = kindOfMachine(executionArn);
  const parsed = runResult.safeParse(parseJson(output ?? 'null'));
  if (!parsed.success)
    throw new UsageError(
      kind === 'train-station' || kind === null
        ? `${name} has made no model: it is ${status}. Details: ./fpe show ${name}`
        : `${name} is an execution of ${kind}, which makes no model. Expected: one of train-station`,
    );
  const { model_type = DEFAULT_MODEL_TYPE } = parseJson(input ?? '{}') as { model_type?: string };
  const { station_id, model_code, model_uuid } = parsed.data;
  const type = modelTypeOf(model_type);
  return {
    ...parsed.data,
    model_type: idOf(type),
    keys: versionKeys(type, station_id, model_code, model_uuid),
  };
}
