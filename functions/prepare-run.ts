import { randomBytes, randomUUID } from 'node:crypto';
import { buckets, jobTimeMargin, setting } from '../shared/aws/configuration.ts';
import { isExecutionRunning } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { copyObject, findSize, listObjects, writeObject } from '../shared/aws/object-store.ts';
import { ModelCodeExists, PretrainedWeightsMissing } from '../shared/errors.ts';
import { jobLimits } from '../shared/execution/job-limits.ts';
import { datasetKeys, modelKeys, runKeys } from '../shared/execution/keys.ts';
import {
  jobBase,
  type RunChecks,
  requireStation,
  requireVariable,
  runId,
  versionCodes,
} from '../shared/execution/run.ts';
import { modelCodeExists } from '../shared/execution/run-claim.ts';
import { modelRequest, trainingRequest, transformRequest } from '../shared/execution/sagemaker-requests.ts';
import { stationInWords } from '../shared/execution/station.ts';
import type { Run } from '../shared/execution/train-station-state.ts';
import { type ObjectLocation, objectsIn, s3Uri } from '../shared/formats/object-location.ts';
import { packSource } from '../shared/formats/source-archive.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { findModelRows } from '../shared/fpe-database/model-rows.ts';
import { findRunChecks, findStationSize } from '../shared/fpe-database/run-checks.ts';
import { startedExecution } from '../shared/inputs/started-execution.ts';
import { parseRunInput, type RunInput } from '../shared/inputs/train-station.ts';
import { requireStationSize } from '../shared/limits/station-size.ts';
import { findManifest } from '../shared/model-bucket/model-publication.ts';
import { readModelSource } from '../shared/model-bucket/model-source.ts';
import { takeClaim } from '../shared/model-bucket/run-claim.ts';
import { findStartModel } from '../shared/model-bucket/start-model.ts';
import { modelTypeOf } from '../shared/model-types/registry.ts';
import { findVariable, VARIABLES } from '../shared/variables.ts';

/** Checks everything that can be checked before work begins, and fixes what the whole run is based on. */
export const handler = lambdaHandler(startedExecution, async ({ input, execution }): Promise<Run> => {
  const parameters = parseRunInput(input);
  const type = modelTypeOf(parameters.model_type);
  const variable = requireVariable(parameters.variable_code);
  const startedAt = new Date(execution.started_at).toISOString();
  const codes = versionCodes(parameters, variable, startedAt);
  const of = {
    variable_code: parameters.variable_code,
    annotation_variable: VARIABLES[variable].annotation,
  };
  const { checks, size, startModels } = await readStation(parameters, codes.model_code, of);
  const station = requireStation(checks, parameters);
  requireStationSize(stationInWords(station), size);
  requireFreeCode(checks, codes.model_code, parameters);
  const places = { buckets: buckets(), weightsKey: setting('PRETRAINED_WEIGHTS_KEY') };
  const start = await findStart(parameters, startModels, places);

  const inModelBucket = objectsIn(places.buckets.model);
  const wanted = { execution_arn: execution.arn, started_at: startedAt, ...newIdentity() };
  const options = { overwrite: parameters.overwrite, isRunning: isExecutionRunning };
  const fixed = modelKeys(type, station.id, codes.model_code);
  const claim = await takeClaim(inModelBucket(fixed.claim), wanted, options);
  const ofDataset = inModelBucket(datasetKeys(type, station.id, codes.dataset_code).claim);
  await takeClaim(ofDataset, claim, { ...options, claimed: 'dataset' });
  if (!parameters.overwrite) await requireUnfinished(places.buckets, fixed.manifest);
  const id = runId(startedAt, claim.job_suffix);
  const keysOf = (run: string) => runKeys(type, station.id, codes.dataset_code, codes.model_code, run);
  const keys = keysOf(id);
  const source = await packSource(await readModelSource());
  await writeObject({ bucket: places.buckets.model, key: keys.source }, source, 'application/gzip');

  // What a training starts from stays what it was, whatever becomes of the other model.
  if (start) await copyObject(start.archive, inModelBucket(keys.start_model), 'application/gzip');

  const settings = { buckets: places.buckets, keys, parameters };
  const limits = jobLimits(parameters, size, jobTimeMargin());
  const checkpoints = await findCheckpoints(
    places.buckets.model,
    claim.former_runs.map((former) => keysOf(former).checkpoints),
  );
  return {
    id,
    execution_arn: execution.arn,
    started_at: startedAt,
    station,
    annotation_variable: of.annotation_variable,
    ...codes,
    model_uuid: claim.model_uuid,
    start_model: start?.model ?? null,
    parameters,
    buckets: places.buckets,
    keys,
    uses_nwis: findVariable(variable)?.usgs !== undefined && station.nwis_id !== null,
    job_base: jobBase(setting('JOB_PREFIX'), station.id, startedAt, claim.job_suffix),
    training_request: trainingRequest(
      settings,
      setting('TRAINING_IMAGE'),
      places.weightsKey,
      checkpoints,
      limits.training_hours,
    ),
    model_request: modelRequest(setting('SERVING_IMAGE'), type),
    transform_request: transformRequest(settings),
    limits,
  };
});

/** What the database knows about the station, about models with this code, and about those of a station to start from. */
const readStation = (
  { station_id, start_from }: RunInput,
  modelCode: string,
  of: Parameters<typeof findStationSize>[2],
) =>
  withDatabase(
    async (database) => ({
      checks: await findRunChecks(database, station_id, modelCode),
      size: await findStationSize(database, station_id, of),
      startModels: start_from ? await findModelRows(database, [start_from.station_id]) : [],
    }),
    DATABASE_LIMITS.quick,
  );

/**
 * A version-4 UUID for every station (Q-P7), and letters that distinguish the names of two runs started in the same second
 * (Q-T2).
 */
const newIdentity = () => ({ model_uuid: randomUUID(), job_suffix: randomBytes(4).toString('hex') });

/** @throws ModelCodeExists */
function requireFreeCode({ published }: RunChecks, modelCode: string, input: RunInput): void {
  if (published.length === 0) return;
  const where = 'models table of the FPE database';
  const found = published
    .map(
      (model) =>
        `${modelCode} with uuid ${model.uuid}, of ${model.model_type_id} and ${model.variable_id}${model.default ? ', the default of the station' : ''}`,
    )
    .join('; ');
  if (published.some((model) => isOfAnother(model, input)))
    throw new ModelCodeExists({
      what: 'The code is that of a model of another type or variable, whose place the new one could not take',
      where,
      found,
      expected: `a model_code of ${input.model_type} and ${input.variable_code} alone`,
      fix: 'choose another model_code, or omit it',
    });
  if (!input.overwrite) throw modelCodeExists(where, found);
  const isDefault = published.some((model) => model.default);
  const expected = 'a model_code of its own for a model that is not to be seen in the place of that one';
  const what = 'The model of this code is published, and the new one could not take its place';
  if (!input.publish)
    throw new ModelCodeExists({
      what,
      where,
      found,
      expected,
      fix: 'choose another model_code, or omit publish: false',
    });
  if (isDefault && input.promote === 'never')
    throw new ModelCodeExists({
      what,
      where,
      found,
      expected,
      fix: 'choose another model_code, or omit promote: never',
    });
}

/** A station and code have one row: the default of another variable would lose its place without having been compared. */
const isOfAnother = (model: RunChecks['published'][number], input: RunInput): boolean =>
  model.model_type_id !== input.model_type ||
  // For a row without a variable, nobody knows; only a default has something to lose.
  (model.variable_id !== input.variable_code && (model.variable_id !== null || model.default));

/** A finished model that is not published has no row. @throws ModelCodeExists */
async function requireUnfinished(places: Run['buckets'], manifestKey: string): Promise<void> {
  const manifest = await findManifest({ buckets: places }, manifestKey);
  if (manifest?.outcome !== 'unpublished' || manifest.files.length === 0) return;
  const { execution_arn, started_at } = manifest;
  throw modelCodeExists(
    s3Uri({ bucket: places.model, key: manifestKey }),
    `finished by ${execution_arn}, started at ${started_at}`,
  );
}

/** The first of the folders that is not empty: SageMaker refuses a channel without an object. */
async function findCheckpoints(bucket: string, folders: readonly string[]): Promise<string | null> {
  for (const folder of folders) for await (const _ of listObjects(bucket, `${folder}/`)) return folder;
  return null;
}

/** @returns the model of another station to start from, if the input names one @throws also where ImageNet weights are wanted and missing */
async function findStart(
  { start_from, pretrained, model_type }: RunInput,
  models: Parameters<typeof findStartModel>[0],
  { buckets, weightsKey }: { buckets: Run['buckets']; weightsKey: string },
) {
  if (start_from) return findStartModel(models, start_from, { buckets, model_type });
  if (pretrained) await requireWeights({ bucket: buckets.model, key: weightsKey });
  return null;
}

async function requireWeights(location: ObjectLocation): Promise<void> {
  if ((await findSize(location)) !== null) return;
  throw new PretrainedWeightsMissing({
    what: 'The ImageNet weights of ResNet-18 are not there',
    where: s3Uri(location),
    found: 'no such object',
    expected: 'a torchvision state_dict of resnet18, uploaded once for all stations',
    fix: 'upload them once with ./fpe weights (README, “ImageNet weights”), or start with "pretrained": false',
  });
}
