import { randomBytes } from 'node:crypto';
import { buckets, setting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { scoringKeys } from '../shared/execution/keys.ts';
import { jobBase, runId } from '../shared/execution/run.ts';
import { modelRequest, transformRequest } from '../shared/execution/sagemaker-requests.ts';
import type { ScoringRun } from '../shared/execution/score-station-state.ts';
import { requireStationExists, requireTimezone } from '../shared/execution/station.ts';
import { s3Uri } from '../shared/formats/object-location.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { findStationWithModels } from '../shared/fpe-database/scoring-model.ts';
import { parseScoringInput } from '../shared/inputs/score-station.ts';
import { startedExecution } from '../shared/inputs/started-execution.ts';
import { readModelFilters } from '../shared/model-bucket/model-files.ts';
import { findManifest } from '../shared/model-bucket/model-publication.ts';
import { pairDatesOf, windowsOf } from '../shared/model-input/model-windows.ts';
import { modelTypeOf } from '../shared/model-types/registry.ts';
import { requireModel } from '../shared/publication/scoring-model.ts';

/** Finds the model to score photos with, and fixes what the whole run is based on; writes nothing. */
export const handler = lambdaHandler(startedExecution, async ({ input, execution }): Promise<ScoringRun> => {
  const parameters = parseScoringInput(input);
  const found = await withDatabase(
    (database) => findStationWithModels(database, parameters.station_id),
    DATABASE_LIMITS.quick,
  );
  const station = requireStationExists(found.station, parameters.station_id);
  requireTimezone(station);
  const model = requireModel(found, parameters);
  const type = modelTypeOf(model.model_type_id);

  const startedAt = new Date(execution.started_at).toISOString();
  const suffix = randomBytes(4).toString('hex');
  const id = runId(startedAt, suffix);
  const keys = scoringKeys(type, station.id, model.code, model.uuid, id);
  const places = buckets();
  const filters = await readModelFilters({ buckets: places, keys, model_uuid: model.uuid });
  const manifest = await findManifest({ buckets: places }, keys.version.manifest);
  return {
    id,
    job_suffix: suffix,
    execution_arn: execution.arn,
    started_at: startedAt,
    station,
    model_id: model.id,
    model_code: model.code,
    model_uuid: model.uuid,
    predictions_url: model.predictions_url ?? s3Uri({ bucket: places.model, key: keys.version.predictions }),
    windows: windowsOf(filters),
    pair_dates: pairDatesOf(filters),
    smoothing_hours: manifest?.smoothing_hours ?? null,
    parameters,
    buckets: places,
    keys,
    job_base: jobBase(setting('JOB_PREFIX'), station.id, startedAt, suffix),
    model_request: modelRequest(setting('SERVING_IMAGE'), type),
    transform_request: transformRequest({ buckets: places, keys, parameters }),
  };
});
