import type { ModelType } from '../model-types/model-type.ts';
import { DEFAULT_MODEL_TYPE, MODEL_TYPES } from '../model-types/registry.ts';

/** What the places of a model depend on, besides its station and code. */
type Type = Pick<ModelType, 'prefix' | 'files'>;

/** Below the prefix of the type, where every role may go; no station has this name. */
export const passingPrefix = ({ prefix }: Pick<ModelType, 'prefix'>): string => `${prefix}passing/`;

/** Where the folders of a station's models lie, with a slash at its end. */
export const modelsFolder = ({ prefix }: Pick<ModelType, 'prefix'>, stationId: number): string =>
  `${prefix}${stationId}/models/`;

/** Where the folders of a station's datasets lie, with a slash at its end. */
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
  },
  report: `${folder}/${modelCode}.html`,
  metrics: `${folder}/metrics.json`,
});

/**
 * The fixed places of a model code in the model bucket. All runs of the code share them: whoever writes there holds the
 * claim. FPE's tools read the files (contract 5.2, 5.4); `manifest` tells whose they are.
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

/** Where lies what is not of one type alone: as it did when there was but one. */
const COMMON_PREFIX = MODEL_TYPES[DEFAULT_MODEL_TYPE].prefix;

/** What is kept of a station for all of its models, of whatever type. */
export const stationKeys = (stationId: number) => ({
  /** Photos that have to leave the station's public files and may not have left all of them yet. */
  withdrawal: `${COMMON_PREFIX}${stationId}/withdrawal.json`,
  /** Which photos with people each public folder is known not to name. */
  people: `${COMMON_PREFIX}${stationId}/people.json`,
});

/** Up to when a training has looked at a station's annotation pairs that led to no row of `models`, by type and variable. */
export const trainedKey = (stationId: number, modelType: string, variable: string): string =>
  `${COMMON_PREFIX}${stationId}/trained/${modelType}-${variable}.json`;

/** The fixed places of a dataset code, shared by all runs that name it. */
export function datasetKeys(type: Type, stationId: number, datasetCode: string) {
  const folder = `${datasetsFolder(type, stationId)}${datasetCode}`;
  return { claim: `${folder}/claim.json`, ...datasetFiles(type, folder) };
}

/** Where a folder lies for each model that ever had a code, by uuid; with a slash at its end. */
export const versionsFolder = (
  type: Pick<ModelType, 'prefix'>,
  stationId: number,
  modelCode: string,
): string => `${modelsFolder(type, stationId)}${modelCode}/versions/`;

/**
 * What belongs to one finished model and to no other, found by the uuid that its row names: written by the run that made it,
 * and after that by the scoring of new photos alone.
 */
export function versionKeys(type: Type, stationId: number, modelCode: string, modelUuid: string) {
  const folder = `${versionsFolder(type, stationId, modelCode)}${modelUuid}`;
  return {
    manifest: `${folder}/model.json`,
    dataset: datasetFiles(type, `${folder}/dataset`),
    ...modelFiles(type, folder, modelCode),
    model: `${folder}/model.tar.gz`,
    /** What else the training left, and the code that it ran. */
    output: `${folder}/output.tar.gz`,
    source: `${folder}/sourcedir.tar.gz`,
    /** Up to when new photos are scored. */
    scored: `${folder}/scored.json`,
    /** Written when another model takes the place of this one in `models`. */
    replaced: `${folder}/replaced.json`,
    /** What the row of a model of upstream's said before it was taken off the website. */
    addresses: `${folder}/addresses.json`,
  };
}

/**
 * Keys of every object that a run of `train-station` reads or writes before it publishes, below the model bucket.
 *
 * All but the claims lie in a folder of the run: no earlier run's file is ever taken for this one's (Q-X5), and no run that
 * is redriven late destroys what another has published. The folders lie below one prefix of all stations, as that is all that a
 * bucket's lifecycle rule can tell them by. Nothing reads them once the run has ended and can no longer be redriven.
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
    /** What the public will see, ready to be copied. */
    published: publicFiles(`${run}/published`, modelCode),
    /** Predictions of each imageset, as they come to the fixed places. */
    imagesets: `${run}/imagesets`,
    manifest: `${run}/model.json`,
    /** What lay at the fixed places before this run published: copies below the folder by their whole keys, and their list. */
    replaced: { folder: `${run}/replaced/`, list: `${run}/replaced.json` },
  };
}

export type RunKeys = ReturnType<typeof runKeys>;

/** Keys of a refresh of many stations, below the model bucket; the claim is one for all refreshes. */
export function refreshKeys(refreshId: string) {
  const folder = `${COMMON_PREFIX}refreshes/${refreshId}`;
  return {
    claim: `${COMMON_PREFIX}refreshes/claim.json`,
    plan: `${folder}/plan.json`,
    result: `${folder}/result.csv`,
  };
}

/** Files of a model that anyone may read, but for its archive. */
const publicFiles = (folder: string, modelCode: string) => ({
  predictions: `${folder}/predictions.csv`,
  report: `${folder}/${modelCode}.html`,
  images: `${folder}/images.csv`,
  annotations: `${folder}/annotations.csv`,
});

/** Where the public files of a model lie below the storage bucket, with a slash at its end. */
export const publicFolder = (modelUuid: string): string => `models/${modelUuid}/`;

/**
 * How long browsers may keep a public file without asking, as the value of Cache-Control (RFC 9111); null for files that browsers
 * do not read. Tables and pages are replaced where they lie, by scorings and withdrawals; weights never are, as a training has a
 * folder of its own.
 */
export function cacheControlOf(key: string): string | null {
  if (!/^models\/[^/]+\//.test(key)) return null;
  return key.endsWith('.tar.gz') ? 'public, max-age=31536000, immutable' : 'no-cache';
}

/** Keys of the five public files, below the storage bucket (contract 5.5). */
export function publishedKeys(modelUuid: string, modelCode: string) {
  const folder = `models/${modelUuid}`;
  return { ...publicFiles(folder, modelCode), model: `${folder}/model.tar.gz` };
}

/**
 * Keys of every object that an execution of `score-station` reads or writes: `published` below the storage bucket, the
 * others below the model bucket (contract 5.2, 5.4, 5.5).
 */
export function scoringKeys(
  type: Type,
  stationId: number,
  modelCode: string,
  modelUuid: string,
  runId: string,
) {
  const model = modelKeys(type, stationId, modelCode);
  const version = versionKeys(type, stationId, modelCode, modelUuid);
  const run = `${passingPrefix(type)}${stationId}/${modelCode}/${runId}`;
  const published = publishedKeys(modelUuid, modelCode);
  return {
    claim: model.scoring_claim,
    ...stationKeys(stationId),
    /** The fixed places, and whose they are. */
    manifest: model.manifest,
    fixed: {
      input_summary: model.input.summary,
      predictions: model.transform.predictions,
      imagesets: model.imagesets,
    },
    /** The model's own, whatever lies at the fixed places. */
    version: {
      input_summary: version.input.summary,
      predictions: version.transform.predictions,
      model: version.model,
      scored: version.scored,
      manifest: version.manifest,
    },
    /** The published archive with our code in it, where it came without. */
    model: `${run}/model.tar.gz`,
    transform: {
      images: `${run}/transform-input/images.csv`,
      manifest: `${run}/transform-input/manifest.json`,
      run_prefix: `${run}/transform`,
    },
    extended: {
      predictions: `${run}/extended/predictions.csv`,
      published: `${run}/extended/published.csv`,
      /** The predictions with the times of the database, where those were corrected, and what was. */
      corrected: `${run}/extended/corrected.csv`,
      corrections: `${run}/extended/corrections.json`,
      imagesets: `${run}/extended/imagesets`,
    },
    published: {
      model: published.model,
      predictions: published.predictions,
      /** The predictions of the training, kept when they are extended for the first time. */
      predictions_train: `models/${modelUuid}/predictions-train.csv`,
    },
  };
}

export type ScoringKeys = ReturnType<typeof scoringKeys>;

/** Where the predictions of one imageset lie, below a folder `imagesets` (contract 5.4). */
export const imagesetPredictionsKey = (imagesets: string, imagesetUuid: string): string =>
  `${imagesets}/${imagesetUuid}/predictions.csv`;
