import type { ModelType } from '../model-types/model-type.ts';
import { DEFAULT_MODEL_TYPE, MODEL_TYPES } from '../model-types/registry.ts';

/** What a model's locations depend on, besides its station and code. */
type Type = Pick<ModelType, 'prefix' | 'files'>;

/** Below the prefix of the type, where every role has access; no station has this name. */
export const passingPrefix = ({ prefix }: Pick<ModelType, 'prefix'>): string => `${prefix}passing/`;

/** Folder of a station's models, with a trailing slash. */
export const modelsFolder = ({ prefix }: Pick<ModelType, 'prefix'>, stationId: number): string =>
  `${prefix}${stationId}/models/`;

/** Folder of a station's datasets, with a trailing slash. */
export const datasetsFolder = ({ prefix }: Pick<ModelType, 'prefix'>, stationId: number): string =>
  `${prefix}${stationId}/datasets/`;

/** Files of a dataset (contract 5.1), below any folder. */
const datasetFiles = ({ files }: Type, folder: string) => ({
  station: `${folder}/station.json`,
  images: `${folder}/images.csv`,
  values: `${folder}/values.csv`,
  annotations: `${folder}/annotations.csv`,
  summary: `${folder}/${files.dataset}`,
  page: `${folder}/dataset.html`,
  quality: `${folder}/quality.json`,
});

/** Files of a model besides its archive (contract 5.2, 5.4), below any folder. */
const modelFiles = ({ files }: Type, folder: string, modelCode: string) => ({
  input: {
    prefix: `${folder}/input/`,
    station: `${folder}/input/station.json`,
    images: `${folder}/input/images.csv`,
    annotations: `${folder}/input/annotations.csv`,
    pairs: `${folder}/input/pairs.csv`,
    manifest: `${folder}/input/manifest.json`,
    summary: `${folder}/input/${files.input}`,
    page: `${folder}/input/input.html`,
  },
  transform: {
    images: `${folder}/transform/images.csv`,
    manifest: `${folder}/transform/manifest.json`,
    predictions: `${folder}/transform/predictions.csv`,
    /** How far the scores of the run's photos may be off. */
    intervals: `${folder}/transform/predictions-intervals.csv`,
  },
  report: `${folder}/${modelCode}.html`,
  metrics: `${folder}/metrics.json`,
});

/**
 * The fixed places of a model code in the model bucket. All runs with the code share them, and a run that writes there holds the
 * claim. FPE's tools read the files (contract 5.2, 5.4); `manifest` says which model they belong to.
 */
export function modelKeys(type: Type, stationId: number, modelCode: string) {
  const folder = `${modelsFolder(type, stationId)}${modelCode}`;
  return {
    claim: `${folder}/claim.json`,
    scoring_claim: `${folder}/scoring-claim.json`,
    manifest: `${folder}/model.json`,
    ...modelFiles(type, folder, modelCode),
    imagesets: `${folder}/transform/imagesets`,
    jobs: `${folder}/jobs`,
  };
}

/** Prefix for files that are not specific to one type: the same as when there was only one type. */
const COMMON_PREFIX = MODEL_TYPES[DEFAULT_MODEL_TYPE].prefix;

/** Files of a station that concern all of its models, of any type. */
export const stationKeys = (stationId: number) => ({
  /** Photos to be withdrawn from the station's public files that may not have left all of them yet. */
  withdrawal: `${COMMON_PREFIX}${stationId}/withdrawal.json`,
  /** Which photos with people each public folder is known not to name. */
  people: `${COMMON_PREFIX}${stationId}/people.json`,
});

/** The time up to which a training that led to no row of `models` has seen a station's annotation pairs, by type and variable. */
export const trainedKey = (stationId: number, modelType: string, variable: string): string =>
  `${COMMON_PREFIX}${stationId}/trained/${modelType}-${variable}.json`;

/** The fixed places of a dataset code, shared by all runs that use it. */
export function datasetKeys(type: Type, stationId: number, datasetCode: string) {
  const folder = `${datasetsFolder(type, stationId)}${datasetCode}`;
  return { claim: `${folder}/claim.json`, ...datasetFiles(type, folder) };
}

/** Parent folder of all models that ever had a code, one folder per uuid; with a trailing slash. */
export const versionsFolder = (
  type: Pick<ModelType, 'prefix'>,
  stationId: number,
  modelCode: string,
): string => `${modelsFolder(type, stationId)}${modelCode}/versions/`;

/**
 * Files that belong to a single finished model, found by the uuid in its row: written by the run that trained it, and after that
 * only by the scoring of new photos.
 */
export function versionKeys(type: Type, stationId: number, modelCode: string, modelUuid: string) {
  const folder = `${versionsFolder(type, stationId, modelCode)}${modelUuid}`;
  return {
    manifest: `${folder}/model.json`,
    dataset: datasetFiles(type, `${folder}/dataset`),
    ...modelFiles(type, folder, modelCode),
    model: `${folder}/model.tar.gz`,
    /** Other output of the training, and the code that it ran. */
    output: `${folder}/output.tar.gz`,
    source: `${folder}/sourcedir.tar.gz`,
    /** The time up to which new photos are scored. */
    scored: `${folder}/scored.json`,
    /** Written when another model replaces this one in `models`. */
    replaced: `${folder}/replaced.json`,
    /** The row of one of upstream's models as it was before the model was taken off the website. */
    addresses: `${folder}/addresses.json`,
  };
}

/**
 * Keys of every object that a run of `train-station` reads or writes before it publishes, below the model bucket.
 *
 * All but the claims lie in a folder of the run: no earlier run's file is ever mistaken for this one's (Q-X5), and no late
 * redrive destroys what another run has published. The folders of all stations share one prefix, because a bucket's lifecycle
 * rule can select them only by prefix. Nothing reads them once the run has ended and can no longer be redriven.
 */
export function runKeys(
  type: Type,
  stationId: number,
  datasetCode: string,
  modelCode: string,
  runId: string,
) {
  const run = `${passingPrefix(type)}${stationId}/${modelCode}/${runId}`;
  const files = modelFiles(type, run, modelCode);
  return {
    claim: modelKeys(type, stationId, modelCode).claim,
    dataset_claim: datasetKeys(type, stationId, datasetCode).claim,
    source: `${run}/source/sourcedir.tar.gz`,
    /** Copy of the archive of another station's model that the training starts from. */
    start_model: `${run}/start/model.tar.gz`,
    export: {
      images: `${run}/export/images.csv`,
      annotations: `${run}/export/annotations.json`,
      fpe_values: `${run}/export/fpe-values.csv`,
      usgs_values: `${run}/export/usgs-values.csv`,
      /** Photos with equal content. */
      same_bytes: `${run}/export/same-bytes.json`,
    },
    dataset: datasetFiles(type, `${run}/dataset`),
    input: files.input,
    jobs: `${run}/jobs`,
    checkpoints: `${run}/checkpoints`,
    transform: {
      ...files.transform,
      /** SageMaker writes `{this}/{key of the photo}.out`; the merged chunks lie here too. */
      run_prefix: `${run}/scores`,
    },
    report: files.report,
    metrics: files.metrics,
    /** The future public files, ready to be copied. */
    published: publicFiles(`${run}/published`, modelCode),
    /** Predictions of each imageset, ready for the fixed places. */
    imagesets: `${run}/imagesets`,
    manifest: `${run}/model.json`,
    /** What was at the fixed places before this run published: copies below this folder under their full keys, and their list. */
    replaced: { folder: `${run}/replaced/`, list: `${run}/replaced.json` },
  };
}

export type RunKeys = ReturnType<typeof runKeys>;

/** Of all refreshes. */
export const REFRESH_CLAIM_KEY = `${COMMON_PREFIX}refreshes/claim.json`;

/** Keys of a refresh of many stations, below the model bucket; all refreshes share one claim. */
export function refreshKeys(refreshId: string) {
  const folder = `${COMMON_PREFIX}refreshes/${refreshId}`;
  return {
    claim: REFRESH_CLAIM_KEY,
    plan: `${folder}/plan.json`,
    result: `${folder}/result.csv`,
  };
}

/** Files of a model that anyone may read, except its archive. */
const publicFiles = (folder: string, modelCode: string) => ({
  predictions: `${folder}/predictions.csv`,
  report: `${folder}/${modelCode}.html`,
  images: `${folder}/images.csv`,
  annotations: `${folder}/annotations.csv`,
});

/** Below the folder of a local stack: what `npm start` leaves of each model, in a folder of its code. */
export const RESULTS_FOLDER = 'results';

/** Where a report lies that `npm start` has left, as its address tells. */
export const modelResults = (modelCode: string): string => `${RESULTS_FOLDER}/${modelCode}`;

/** Folder of a model's public files in the storage bucket, with a trailing slash. */
export const publicFolder = (modelUuid: string): string => `models/${modelUuid}/`;

/**
 * How long browsers may keep a public file without revalidating it, as the value of Cache-Control (RFC 9111); null for files that
 * browsers do not read. Tables and pages are replaced in place by scorings and withdrawals; weights never are, because each
 * training has a folder of its own.
 */
export function cacheControlOf(key: string): string | null {
  if (!/^models\/[^/]+\//.test(key)) return null;
  return key.endsWith('.tar.gz') ? 'public, max-age=31536000, immutable' : 'no-cache';
}

/** Keys of the five public files in the storage bucket (contract 5.5). */
export function publishedKeys(modelUuid: string, modelCode: string) {
  const folder = `models/${modelUuid}`;
  return { ...publicFiles(folder, modelCode), model: `${folder}/model.tar.gz` };
}

/** Keys of the files of a model that scoring starts from: `published` in the storage bucket, the others in the model bucket. */
export function scoredModelKeys(type: Type, stationId: number, modelCode: string, modelUuid: string) {
  const model = modelKeys(type, stationId, modelCode);
  const version = versionKeys(type, stationId, modelCode, modelUuid);
  const published = publishedKeys(modelUuid, modelCode);
  return {
    /** The fixed places, and the manifest that says which model they belong to. */
    manifest: model.manifest,
    fixed: {
      input_summary: model.input.summary,
      predictions: model.transform.predictions,
      imagesets: model.imagesets,
    },
    /** The model's own files, whatever is at the fixed places. */
    version: {
      input_summary: version.input.summary,
      predictions: version.transform.predictions,
      model: version.model,
      scored: version.scored,
      manifest: version.manifest,
    },
    published: {
      model: published.model,
      predictions: published.predictions,
      /** The predictions of the training, saved when they are extended for the first time. */
      predictions_train: `models/${modelUuid}/predictions-train.csv`,
    },
  };
}

export type ScoredModelKeys = ReturnType<typeof scoredModelKeys>;

/**
 * Keys of every object that an execution of `score-station` reads or writes: `published` in the storage bucket, the others in the
 * model bucket (contract 5.2, 5.4, 5.5).
 */
export function scoringKeys(
  type: Type,
  stationId: number,
  modelCode: string,
  modelUuid: string,
  runId: string,
) {
  const run = `${passingPrefix(type)}${stationId}/${modelCode}/${runId}`;
  return {
    claim: modelKeys(type, stationId, modelCode).scoring_claim,
    ...stationKeys(stationId),
    ...scoredModelKeys(type, stationId, modelCode, modelUuid),
    /** The published archive with our code added, if it had none. */
    model: `${run}/model.tar.gz`,
    transform: {
      images: `${run}/transform-input/images.csv`,
      manifest: `${run}/transform-input/manifest.json`,
      run_prefix: `${run}/transform`,
    },
    extended: {
      predictions: `${run}/extended/predictions.csv`,
      published: `${run}/extended/published.csv`,
      /** The predictions with the database's times, if those were corrected, and which were. */
      corrected: `${run}/extended/corrected.csv`,
      corrections: `${run}/extended/corrections.json`,
      imagesets: `${run}/extended/imagesets`,
    },
  };
}

export type ScoringKeys = ReturnType<typeof scoringKeys>;

/** Key of the predictions of one imageset, below a folder `imagesets` (contract 5.4). */
export const imagesetPredictionsKey = (imagesets: string, imagesetUuid: string): string =>
  `${imagesets}/${imagesetUuid}/predictions.csv`;
