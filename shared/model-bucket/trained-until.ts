import pMap from 'p-map';
import * as z from 'zod';
import { buckets } from '../aws/configuration.ts';
import { findJson, writeJson } from '../aws/object-store.ts';
import { trainedKey } from '../execution/keys.ts';
import type { Run } from '../execution/train-station-state.ts';
import type { RefreshedStation } from '../fpe-database/station-histories.ts';

const FILES_AT_ONCE = 50;

const trainedUntil = z.object({
  /** Annotation pairs that arrived before this time were available to the training. */
  snapshot_at: z.string(),
  execution_arn: z.string(),
});

/**
 * A training whose model was rejected has seen the pairs all the same: a refresh counts new pairs from then on. No row records
 * this, because FPE shows models in the order of their `created_at`, and those that are drawn stay as they are.
 *
 * Runs under `lockModels`, so nobody else writes there.
 */
export async function recordTraining(run: Run, snapshotAt: string): Promise<void> {
  const { model_type, variable_code } = run.parameters;
  const key = trainedKey(run.station.id, model_type, variable_code);
  const location = { bucket: run.buckets.model, key };
  const known = await findJson(location, trainedUntil);
  if (known && Date.parse(known.snapshot_at) >= Date.parse(snapshotAt)) return;
  await writeJson(location, { snapshot_at: snapshotAt, execution_arn: run.execution_arn });
}

/**
 * The time up to which such trainings have seen the pairs, by station; most stations have none.
 *
 * @throws FileInvalid
 */
export async function readTrainedUntil(stations: readonly RefreshedStation[]): Promise<Map<number, string>> {
  const found = await pMap(
    stations,
    async ({ station_id, model_type, variable_code }): Promise<[number, string][]> => {
      const key = trainedKey(station_id, model_type, variable_code);
      const trained = await findJson({ bucket: buckets().model, key }, trainedUntil);
      return trained ? [[station_id, trained.snapshot_at]] : [];
    },
    { concurrency: FILES_AT_ONCE },
  );
  return new Map(found.flat());
}
