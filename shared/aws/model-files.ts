import { ModelCodeInUse, ModelReplaced, ObjectNotFound } from '../errors.ts';
import { modelFilters } from '../model-windows.ts';
import { type ObjectLocation, s3Uri } from '../object-location.ts';
import { readJson } from './object-store.ts';
import { readClaim } from './run-claim.ts';

/** The filters that rank-input.json tells, null where the model has no such file. @throws FileInvalid */
export async function readModelFilters(location: ObjectLocation) {
  try {
    return await readJson(location, modelFilters);
  } catch (error) {
    if (error instanceof ObjectNotFound) return null;
    throw error;
  }
}

/**
 * The files of the model code are those of this model: no training of that code runs, and none has left others in their
 * place without publishing them.
 *
 * @param claim that of `train-station`; a model that upstream published has none
 * @param isRunning without it, a training that runs is not told from one that has ended
 * @throws ModelCodeInUse, ModelReplaced
 */
export async function requireFilesOf(
  modelUuid: string,
  claim: ObjectLocation,
  isRunning: (executionArn: string) => Promise<boolean> = async () => false,
): Promise<void> {
  const held = await readClaim(claim);
  if (!held || held.claim.model_uuid === modelUuid) return;
  const { execution_arn, model_uuid, status } = held.claim;
  if (status === 'running' && (await isRunning(execution_arn)))
    throw new ModelCodeInUse({
      what: 'The model is being trained anew',
      where: s3Uri(claim),
      found: `${execution_arn}, started at ${held.claim.started_at}`,
      expected: 'no training of the model code while it scores photos',
      fix: 'wait for that execution, then start a new one',
    });
  throw new ModelReplaced({
    what: 'The files of this model code belong to another training',
    where: s3Uri(claim),
    found: `model ${model_uuid} of ${execution_arn}`,
    expected: `model ${modelUuid}, which is published`,
    fix: 'redrive that training, or train again with "overwrite": true; after it, start a new execution',
  });
}
