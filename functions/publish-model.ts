import pMap from 'p-map';
import * as z from 'zod';
import { setting } from '../shared/aws/configuration.ts';
import { requireExecutionRunning } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { logger } from '../shared/aws/logger.ts';
import { findSize } from '../shared/aws/object-store.ts';
import { DefaultChanged } from '../shared/errors.ts';
import { modelKeys, publicFolder, stationKeys, versionKeys } from '../shared/execution/keys.ts';
import { modelCodeExists } from '../shared/execution/run-claim.ts';
import { stationInWords } from '../shared/execution/station.ts';
import {
  dataset,
  type Promotion,
  type Publication,
  promotion,
  type Run,
  run,
  stationExport,
  training,
} from '../shared/execution/train-station-state.ts';
import { stationClock } from '../shared/formats/local-time.ts';
import {
  DATABASE_LIMITS,
  type Database,
  inTransaction,
  withDatabase,
} from '../shared/fpe-database/connection.ts';
import { findDefaultModel } from '../shared/fpe-database/model-rows.ts';
import {
  type DrawnDefault,
  findDrawnDefaults,
  findModelsOfCode,
  lockModels,
  type ModelOfCode,
  type PublishedModel,
  unlinkModels,
  upsertModel,
} from '../shared/fpe-database/published-model.ts';
import { findImagesetUuids, photosWithPeople } from '../shared/fpe-database/station-export.ts';
import { writeImagesetPredictions } from '../shared/model-bucket/imageset-predictions.ts';
import {
  findManifest,
  preserveReplaced,
  restoreFixedPlaces,
  writeFixedPlaces,
  writePublicFiles,
  writePublicFolder,
  writeVersion,
} from '../shared/model-bucket/model-publication.ts';
import { changePeopleRecord } from '../shared/model-bucket/people-record.ts';
import { finishClaim } from '../shared/model-bucket/run-claim.ts';
import { recordTraining } from '../shared/model-bucket/trained-until.ts';
import { withdrawFromFolder } from '../shared/model-bucket/withdrawal.ts';
import { modelTypeOf } from '../shared/model-types/registry.ts';
import { withImagesets, withNewFolder } from '../shared/predictions/people-record.ts';
import { PhotoSet } from '../shared/predictions/photo-set.ts';
import { withdrawalOf } from '../shared/predictions/withdrawal.ts';
import { modelAddresses, NO_ADDRESSES, privateReportPlace } from '../shared/publication/model-addresses.ts';
import { outcomeOf } from '../shared/publication/promotion.ts';
import { withdrawFromImagesets } from '../shared/station-models/withdrawal.ts';

const event = z.object({
  run,
  dataset,
  training,
  promotion,
  export: stationExport.pick({ snapshot_at: true }),
});
type Event = z.output<typeof event>;

/**
 * Writes what others read, once and at the end: the files at the fixed places, then the public ones, then the row of `models` and
 * the change of the default. The commit of that row is the last thing that can fail; before it nothing public names the model.
 *
 * The files are written within the transaction, because its lock keeps two models of a station from being published at once.
 */
export const handler = lambdaHandler(event, async (event): Promise<Publication> => {
  const { run } = event;
  let published: Publication;
  try {
    published = await withDatabase(async (database) => {
      const done = await findPublication(database, run);
      if (done) return done;
      const made = await makeFiles(database, run);
      return inTransaction(database, () => publish(database, event, made));
    }, DATABASE_LIMITS.manyRows);
  } catch (error) {
    await takeBack(run).catch((fault: Error) => logger.warn('The fixed places were not restored', fault));
    throw error;
  }
  // The next run with this code finds the model itself; an unfinished claim would not keep it out.
  for (const claim of [run.keys.claim, run.keys.dataset_claim])
    await finishClaim(run, claim).catch((error: Error) => logger.warn('The claim was not marked', error));
  return published;
});

/** Rows of the public predictions, and photos with people that were left out of the files. */
type MadeFiles = { images: number; imagesets: readonly string[]; leftOut: ReadonlySet<number> };

/** The public files, and those of single imagesets, from which FPE's scripts create public ones. */
async function makeFiles(database: Database, run: Run): Promise<MadeFiles> {
  const { keys, buckets, station, parameters } = run;
  const people = await photosWithPeople(database, station.id);
  const hidden = withdrawalOf(people);
  const imagesets = await writeImagesetPredictions(
    { bucket: buckets.model, key: keys.transform.predictions },
    keys.imagesets,
    stationClock(station.timezone),
    PhotoSet.fromJSON(hidden),
  );
  const images = parameters.publish
    ? await writePublicFiles(run, keys, keys.published, hidden, parameters.smoothing_hours)
    : 0;
  return { images, imagesets, leftOut: new Set(people.map(({ id }) => id)) };
}

async function publish(
  database: Database,
  { run, dataset, training, promotion, export: { snapshot_at } }: Event,
  { images, imagesets, leftOut }: MadeFiles,
): Promise<Publication> {
  await lockModels(database, run.station.id);
  // Another attempt of this state may have been first.
  const done = await findPublication(database, run);
  if (done) return done;
  const known = await findModelsOfCode(database, run.station.id, run.model_code);
  requireSameVariable(run, known);
  await requireSameDefault(database, run, promotion);
  const { make_default } = promotion;
  const outcome = outcomeOf({ publish: run.parameters.publish, make_default }, known);
  await requireExecutionRunning(run.execution_arn);
  const files = { run, dataset, training, snapshot_at, outcome, images, imagesets };
  await writeVersion(files);
  if (outcome === 'kept') {
    await recordTraining(run, snapshot_at);
    await requireExecutionRunning(run.execution_arn);
    return publicationOf(run, outcome, null, 0);
  }
  await preserveReplaced(run, known);
  await writeFixedPlaces(files);
  if (outcome === 'unpublished') return publicationOf(run, outcome, null, 0);
  if (outcome === 'published') await writePublicFolder(run, training);
  await leaveOutPeople(database, run, known, leftOut);
  const superseded = make_default ? await findSuperseded(database, run) : [];
  const model_id = await upsertModel(database, rowOf(run, make_default, snapshot_at), known);
  await unlinkModels(
    database,
    superseded.map(({ id }) => id),
  );
  // Nobody sees a row before it is committed: this is the last moment at which a stop takes effect.
  await requireExecutionRunning(run.execution_arn);
  return publicationOf(run, outcome, model_id, outcome === 'published' ? images : 0, superseded);
}

/** Defaults with other codes that the website should no longer draw; those of upstream's scripts are removed only on request. */
async function findSuperseded(
  database: Database,
  { station, model_code, parameters, buckets }: Run,
): Promise<DrawnDefault[]> {
  if (parameters.keep_previous) return [];
  const { model_type: model_type_id, variable_code: variable_id } = parameters;
  const drawn = await findDrawnDefaults(database, { station_id: station.id, model_type_id, variable_id });
  const others = drawn.filter(({ code }) => code !== model_code);
  const isOurs = await pMap(
    others,
    async ({ code, uuid }) =>
      (await findManifest(
        { buckets },
        versionKeys(modelTypeOf(parameters.model_type), station.id, code, uuid).manifest,
      )) !== null,
  );
  return others.filter((_, index) => isOurs[index]);
}

/**
 * The last check of the photos, once all public files exist: a withdrawal from now on finds them complete, and photos withdrawn
 * earlier already show people in this query.
 */
async function leaveOutPeople(
  database: Database,
  run: Run,
  replaced: readonly ModelOfCode[],
  leftOut: ReadonlySet<number>,
): Promise<void> {
  const people = await photosWithPeople(database, run.station.id);
  const ids = people.map(({ id }) => id);
  if (ids.some((id) => !leftOut.has(id))) {
    const found = withdrawalOf(people);
    const hidden = PhotoSet.fromJSON(found);
    await withdrawFromFolder(run.buckets.storage, publicFolder(run.model_uuid), hidden);
    await withdrawFromImagesets(
      modelKeys(modelTypeOf(run.parameters.model_type), run.station.id, run.model_code),
      run.buckets,
      found,
      hidden,
    );
  }
  const uuids = replaced.flatMap(({ uuid }) => uuid ?? []);
  const imagesets = await findImagesetUuids(database, run.station.id);
  const owner = { buckets: run.buckets, keys: stationKeys(run.station.id) };
  await changePeopleRecord(owner, (record) =>
    withImagesets(withNewFolder(record, run.model_uuid, ids, uuids), imagesets),
  );
}

/** Removes files from the fixed places if their row was not committed; if it was committed after all, they stay. */
async function takeBack(run: Run): Promise<void> {
  await withDatabase((database) =>
    inTransaction(database, async () => {
      // Under the lock, so that no other attempt of this state publishes while the files are restored.
      await lockModels(database, run.station.id);
      if (!(await findPublication(database, run))) await restoreFixedPlaces(run);
    }),
  );
}

/** What an earlier attempt published, even if others have replaced it since; null if there is none. */
async function findPublication(database: Database, run: Run): Promise<Publication | null> {
  const { station, model_code, model_uuid, buckets } = run;
  const version = versionKeys(modelTypeOf(run.parameters.model_type), station.id, model_code, model_uuid);
  const own = await findManifest(run, version.manifest);
  if (!own) return null;
  if (own.outcome === 'published' || own.outcome === 'unlisted') {
    const rows = await findModelsOfCode(database, station.id, model_code);
    const row = rows.find(({ uuid }) => uuid === model_uuid);
    const wasPublished = (await findSize({ bucket: buckets.model, key: version.replaced })) !== null;
    const images = own.outcome === 'published' ? own.images : 0;
    return row || wasPublished ? publicationOf(run, own.outcome, row?.id ?? null, images) : null;
  }
  // A kept model is processed again: its manifest is written before the file that records the training.
  if (own.outcome === 'kept') return null;
  const fixed = await findManifest(
    run,
    modelKeys(modelTypeOf(run.parameters.model_type), station.id, model_code).manifest,
  );
  // A manifest without files means that the places are still being written.
  const isFinished = fixed?.model_uuid === model_uuid && fixed.files.length > 0;
  return isFinished ? publicationOf(run, own.outcome, null, 0) : null;
}

/** A row with this code that was added since the start of the run may be of another variable. @throws ModelCodeExists */
function requireSameVariable(run: Run, known: readonly ModelOfCode[]): void {
  const { model_type, variable_code } = run.parameters;
  const other = known.find(
    // Older scripts left rows without a variable (Q-P6).
    (row) =>
      row.model_type_id !== model_type || (row.variable_id !== null && row.variable_id !== variable_code),
  );
  if (!other) return;
  throw modelCodeExists(
    `models of ${stationInWords(run.station)}`,
    `${run.model_code} of type ${other.model_type_id} and variable ${other.variable_id}`,
  );
}

/** @throws DefaultChanged if another model has become the default since this one was compared */
async function requireSameDefault(database: Database, run: Run, promotion: Promotion): Promise<void> {
  const { publish, promote, model_type, variable_code } = run.parameters;
  if (!publish || promote !== 'if_better') return;
  const kind = { model_type_id: model_type, variable_id: variable_code };
  const current = await findDefaultModel(database, run.station.id, kind);
  if (current?.uuid === run.model_uuid) return;
  if ((current?.uuid ?? null) === promotion.current_model_uuid) return;
  throw new DefaultChanged({
    what: 'Another model became the default of the station meanwhile',
    where: `models of ${stationInWords(run.station)}`,
    found: current ? `${current.code} with uuid ${current.uuid}` : 'no default',
    expected: promotion.current_model_uuid ?? 'no default',
    fix: 'nothing: the machine compares with the new default',
  });
}

const rowOf = (run: Run, make_default: boolean, snapshot_at: string): PublishedModel => ({
  station_id: run.station.id,
  model_type_id: run.parameters.model_type,
  variable_id: run.parameters.variable_code,
  code: run.model_code,
  uuid: run.model_uuid,
  snapshot_at,
  make_default,
  ...(make_default ? addressesOf(run) : NO_ADDRESSES),
});

const addressesOf = ({ buckets, model_uuid, model_code }: Run) =>
  modelAddresses(buckets.storage, model_uuid, model_code, setting('AWS_REGION'));

function publicationOf(
  run: Run,
  outcome: Publication['outcome'],
  model_id: number | null,
  images: number,
  superseded: readonly { code: string }[] = [],
): Publication {
  if (outcome === 'published') {
    const { diagnostics_url, predictions_url } = addressesOf(run);
    const hidden = superseded.map(({ code }) => `The website no longer draws ${code}, the default before.`);
    const note = [`Its report is at ${diagnostics_url}.`, ...hidden].join(' ');
    return { outcome, model_id, images, diagnostics_url, predictions_url, note };
  }
  const type = modelTypeOf(run.parameters.model_type);
  const key = versionKeys(type, run.station.id, run.model_code, run.model_uuid).report;
  const report = privateReportPlace({ bucket: run.buckets.model, key }, run.execution_arn);
  const note = `${NOT_DRAWN[outcome]}; its report: ${report}`;
  return { outcome, model_id, images: 0, diagnostics_url: null, predictions_url: null, note };
}

const NOT_DRAWN: Record<Exclude<Publication['outcome'], 'published'>, string> = {
  unlisted: 'The website does not draw it, as it is not the default',
  kept: 'It was not published, as it would have taken the place of a model that is drawn under the same code',
  unpublished: 'It was not published, because the input says publish: false',
};
