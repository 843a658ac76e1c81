import { setting } from '../shared/aws/configuration.ts';
import { isExecutionRunning } from '../shared/aws/executions.ts';
import { nameInArn } from '../shared/execution/arns.ts';
import { modelKeys } from '../shared/execution/keys.ts';
import { requireVariable, versionCodes } from '../shared/execution/run.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { findModelsOfCode } from '../shared/fpe-database/published-model.ts';
import { parseRunInput } from '../shared/inputs/train-station.ts';
import { readClaim } from '../shared/model-bucket/run-claim.ts';
import { modelTypeOf } from '../shared/model-types/registry.ts';
import { UsageError } from './usage-error.ts';

/** What is asked of the local stack. */
const QUESTIONS = {
  hasRow: (stationId: number, code: string): Promise<boolean> =>
    withDatabase(
      async (database) => (await findModelsOfCode(database, stationId, code)).length > 0,
      DATABASE_LIMITS.byHand,
    ),
  findClaim: async (key: string) => (await readClaim({ bucket: setting('MODEL_BUCKET'), key }))?.claim,
  isRunning: isExecutionRunning,
  now: (): Date => new Date(),
};

/**
 * The code of a training's model must be free, and the usual one is that of its day: here a person can be told before anything starts.
 *
 * @param again what starts the same training with another code, for the next step
 * @throws UsageError with what to do
 */
export async function requireFreeCode(
  input: Record<string, unknown>,
  again: (code: string) => string,
  { hasRow, findClaim, isRunning, now }: typeof QUESTIONS = QUESTIONS,
): Promise<void> {
  const parameters = parseRunInput(input);
  const { station_id, model_type, variable_code } = parameters;
  const codes = versionCodes(parameters, requireVariable(variable_code), now().toISOString());
  const code = codes.model_code;
  const claim = await findClaim(modelKeys(modelTypeOf(model_type), station_id, code).claim);
  const whose = input.model_code === undefined ? ', the code of a training of today that is given none' : '';
  const another = `To train another model, give it a code of its own: ${again(newModelCode(input, now()))}`;
  if (claim && claim.status !== 'finished' && (await isRunning(claim.execution_arn)))
    throw new UsageError(
      `An execution is training ${code} of station ${station_id}${whose}. To watch it: ./fpe watch ${nameInArn(claim.execution_arn)}. ${another}`,
    );
  if (parameters.overwrite) return;
  if (claim?.status === 'finished' || (await hasRow(station_id, code)))
    throw new UsageError(
      `Station ${station_id} has a model ${code}${whose}. ${another}. To replace that model, add "overwrite": true to the input.`,
    );
}

/** A code of this second, for a model that replaces none. */
export function newModelCode(input: Record<string, unknown>, now: Date): string {
  const { model_code: _, ...unnamed } = input;
  const parameters = parseRunInput(unnamed);
  const at = now.toISOString();
  const { model_code } = versionCodes(parameters, requireVariable(parameters.variable_code), at);
  return `${model_code}-${at.slice(11, 19).replaceAll(':', '')}`;
}
