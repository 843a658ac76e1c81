/** Below rank/, where every role may go; no station has this name. */
export const PASSING_PREFIX = 'rank/passing/';

/**
 * Keys of every object that a run of `train-station` reads or writes, below the model bucket (contract sections 0 and 5).
 *
 * What a run writes in passing carries the run's id, so that no earlier run's file is ever taken for this one's (Q-X5), and
 * lies below one prefix of all stations, as that is all that a bucket's lifecycle rule can tell it by. Nothing reads it once
 * the run has ended and can no longer be redriven.
 */
export function runKeys(stationId: number, datasetCode: string, modelCode: string, runId: string) {
  const dataset = `rank/${stationId}/datasets/${datasetCode}`;
  const model = `${modelsFolder(stationId)}${modelCode}`;
  const run = `${PASSING_PREFIX}${stationId}/${modelCode}/${runId}`;
  return {
    claim: `${model}/claim.json`,
    source: `${run}/source/sourcedir.tar.gz`,
    export: {
      images: `${run}/export/images.csv`,
      annotations: `${run}/export/annotations.json`,
      fpe_values: `${run}/export/fpe-values.csv`,
      usgs_values: `${run}/export/usgs-values.csv`,
    },
    dataset: {
      station: `${dataset}/station.json`,
      images: `${dataset}/images.csv`,
      values: `${dataset}/values.csv`,
      annotations: `${dataset}/annotations.csv`,
      summary: `${dataset}/rank-dataset.json`,
      page: `${dataset}/dataset.html`,
    },
    input: {
      prefix: `${model}/input/`,
      station: `${model}/input/station.json`,
      images: `${model}/input/images.csv`,
      annotations: `${model}/input/annotations.csv`,
      pairs: `${model}/input/pairs.csv`,
      manifest: `${model}/input/manifest.json`,
      summary: `${model}/input/rank-input.json`,
      page: `${model}/input/input.html`,
    },
    jobs: `${model}/jobs`,
    checkpoints: `${run}/checkpoints`,
    transform: {
      images: `${model}/transform/images.csv`,
      manifest: `${model}/transform/manifest.json`,
      /** SageMaker writes `{this}/{key of the photo}.out`; the merged chunks lie here too. */
      run_prefix: `${run}/transform`,
      predictions: `${model}/transform/predictions.csv`,
    },
    report: `${model}/${modelCode}.html`,
    metrics: `${model}/metrics.json`,
  };
}

/** Where the folders of a station's models lie, with a slash at its end. */
export const modelsFolder = (stationId: number): string => `rank/${stationId}/models/`;

export type RunKeys = ReturnType<typeof runKeys>;

/** Keys of a refresh of many stations, below the model bucket; the claim is one for all refreshes. */
export function refreshKeys(refreshId: string) {
  const folder = `rank/refreshes/${refreshId}`;
  return {
    claim: 'rank/refreshes/claim.json',
    plan: `${folder}/plan.json`,
    result: `${folder}/result.csv`,
  };
}

/** Keys of the five public files, below the storage bucket (contract 5.5). */
export function publishedKeys(modelUuid: string, modelCode: string) {
  const folder = `models/${modelUuid}`;
  return {
    predictions: `${folder}/predictions.csv`,
    report: `${folder}/${modelCode}.html`,
    model: `${folder}/model.tar.gz`,
    images: `${folder}/images.csv`,
    annotations: `${folder}/annotations.csv`,
  };
}

/**
 * Keys of every object that an execution of `score-station` reads or writes: `published` below the storage bucket, the
 * others below the model bucket (contract 5.2, 5.4, 5.5).
 */
export function scoringKeys(stationId: number, modelCode: string, modelUuid: string, runId: string) {
  const model = `${modelsFolder(stationId)}${modelCode}`;
  const run = `${PASSING_PREFIX}${stationId}/${modelCode}/${runId}`;
  const published = publishedKeys(modelUuid, modelCode);
  return {
    claim: `${model}/scoring-claim.json`,
    training_claim: `${model}/claim.json`,
    input_summary: `${model}/input/rank-input.json`,
    predictions: `${model}/transform/predictions.csv`,
    imagesets: `${model}/transform/imagesets`,
    removed: `${run}/removed.json`,
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
    },
    published: {
      model: published.model,
      predictions: published.predictions,
      /** The predictions of the training, kept when they are extended for the first time. */
      predictions_train: `models/${modelUuid}/predictions-train.csv`,
      images: published.images,
    },
  };
}

export type ScoringKeys = ReturnType<typeof scoringKeys>;

/** Where the predictions of one imageset lie, below `imagesets` of `scoringKeys` (contract 5.4). */
export const imagesetPredictionsKey = (keys: ScoringKeys, imagesetUuid: string): string =>
  `${keys.imagesets}/${imagesetUuid}/predictions.csv`;
