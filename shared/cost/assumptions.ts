import { MAX_BATCHES, readsAtOnce } from '../limits/merge-batches.ts';
import type { FunctionUsage, JobUsage, RunUsage } from './model.ts';

/** What a run is asked to do: the numbers that its cost depends on. */
export type RunWorkload = {
  /** Photos that are scored. */
  photos: number;
  /** Annotation pairs with a rank, training and validation together. */
  pairs: number;
  /** Different photos in these pairs. */
  photosInPairs: number;
  epochs: number;
  trainingInstanceType: string;
  trainingSpot: boolean;
  transformInstanceType: string;
  transformInstanceCount: number;
  mergeBatchSize: number;
  mergeConcurrency: number;
  /** Whether FetchObservations runs. */
  observedByUsgs: boolean;
};

type Assumption = { value: number; what: string; basis: string };

const GUESS = 'a guess';

/**
 * How long things take and how large they are, where nobody has measured it on AWS. A first run there tells better numbers:
 * the billable seconds of its jobs, the durations in the functions' logs.
 */
export const ASSUMPTIONS = {
  functionStartSeconds: {
    value: 2,
    what: 'seconds of each call of a function before it works: start, secret, connections',
    basis: GUESS,
  },
  listSecondsPer1000Photos: {
    value: 0.1,
    what: 'seconds of a function for each 1,000 photos of the station that it goes through',
    basis:
      'two to four times what benchmarks/large-station.ts takes on a 2-core CPU with S3 on the same computer',
  },
  databaseSecondsPer1000Photos: {
    value: 0.5,
    what: 'seconds of ExportStation for each 1,000 photos, the database’s included',
    basis: GUESS,
  },
  usgsSeconds: { value: 60, what: 'seconds in which USGS answers for all years', basis: GUESS },
  readLatencySeconds: {
    value: 0.15,
    what: 'seconds until S3 answers for a small object; MergePredictions waits for 200 at once',
    basis: '0.1 to 0.2 in the performance guidelines of S3',
  },
  jobStartSeconds: {
    value: 240,
    what: 'billed seconds of each instance before it works: the container’s image, Python, the model',
    basis: GUESS,
  },
  photoMb: { value: 0.9, what: 'MB of one photo', basis: 'sample photos of FPE, 0.8 to 1.0 MB at 2560×1920' },
  downloadMbPerSecond: { value: 50, what: 'MB a second that one instance reads from S3', basis: GUESS },
  decodedPhotosPerSecond: {
    value: 40,
    what: 'photos a second that training decodes, each one once a job',
    basis: '81 to 99 ms for a photo of that size on one core, four cores or more',
  },
  spotShare: {
    value: 0.35,
    what: 'share of the price that spot instances cost',
    basis: 'savings of 60 to 70 % that are usual with g-instances; AWS says “up to 90 %”',
  },
  trainingVolumeGb: {
    value: 100,
    what: 'GB of the training job’s volume',
    basis: 'shared/execution/sagemaker-requests.ts',
  },
  transformVolumeGb: { value: 30, what: 'GB of a transform instance’s volume', basis: GUESS },
  keptGb: {
    value: 0.5,
    what: 'GB that a run leaves in S3: model and checkpoints, the published copy, tables',
    basis: '46 to 91 MB for each copy of the model, three checkpoints at most',
  },
  logBytesPerPhoto: {
    value: 2100,
    what: 'bytes that the transform job logs for each photo',
    basis: '2,102 bytes by TorchServe with AWS’s toolkit for PyTorch, measured by npm run test:containers',
  },
  logMbPerRun: { value: 5, what: 'MB of all other logs of a run', basis: GUESS },
  writesPerRun: {
    value: 200,
    what: 'files that a run writes besides one answer for each photo, and lists',
    basis: 'tables, parts of large files, checkpoints and logs, counted generously',
  },
} as const satisfies Record<string, Assumption>;

export type Assumptions = Record<keyof typeof ASSUMPTIONS, number>;

export const ASSUMED: Assumptions = Object.fromEntries(
  Object.entries(ASSUMPTIONS).map(([name, { value }]) => [name, value]),
) as Assumptions;

/** Photos a second, by instance type. */
export type Speeds = Readonly<Record<string, number>>;

/**
 * Photos a second at 480 pixels, by instance type: forward and backward for training, decoding and forward for scoring.
 * Training: guesses from what the processors can do. Scoring: two cores with AVX-512 score 21 photos of 5 megapixels a second
 * (benchmarks/scoring.ts), of a core's 0.095 s for each 0.045 in the network; cores of an older kind, such as c5's, need 0.085 s
 * there. Both types have two cores.
 */
export const ASSUMED_SPEED: Record<JobUsage['kind'], Speeds> = {
  training: {
    'ml.g4dn.xlarge': 100,
    'ml.g5.xlarge': 230,
    'ml.g5.2xlarge': 250,
    'ml.g6.xlarge': 180,
    'ml.g6.2xlarge': 200,
    'ml.g6e.xlarge': 450,
  },
  transform: { 'ml.c5.xlarge': 14, 'ml.c7i.xlarge': 20 },
};
const USUAL_TYPE = { training: 'ml.g6.2xlarge', transform: 'ml.c5.xlarge' } as const;

/** Photos of each pair that pass the network in an epoch: a pair is listed twice, mirrored (contract 5.3). */
const PHOTOS_OF_A_PAIR = 4;
/** What the deployed stack adds to the workload. */
export type Deployment = {
  /** Of each function, by its key. */
  memoryMb: Readonly<Record<string, number>>;
  /** Of one run with as many merge batches as `mergeBatches` says. */
  transitions: number;
};

/** Calls of MergePredictions: photos ÷ batch size, and no more than a Map may have batches. */
export const mergeBatches = ({ photos, mergeBatchSize }: RunWorkload): number =>
  Math.min(MAX_BATCHES, Math.ceil(photos / mergeBatchSize));

/**
 * Seconds of one instance: start, then download and decode every photo in a pair once, then epochs × passes ÷ speed. A type
 * whose speed nobody assumed counts as the usual one.
 */
export const trainingSeconds = (
  workload: Pick<RunWorkload, 'pairs' | 'photosInPairs' | 'epochs' | 'trainingInstanceType'>,
  assumed: Assumptions = ASSUMED,
  speeds: Speeds = ASSUMED_SPEED.training,
): number =>
  assumed.jobStartSeconds +
  (workload.photosInPairs * assumed.photoMb) / assumed.downloadMbPerSecond +
  workload.photosInPairs / assumed.decodedPhotosPerSecond +
  (workload.epochs * workload.pairs * PHOTOS_OF_A_PAIR) /
    speedOf(speeds, workload.trainingInstanceType, USUAL_TYPE.training);

/** Seconds of each of the instances: start, then its share of the photos. */
export const transformSeconds = (
  workload: Pick<RunWorkload, 'photos' | 'transformInstanceType' | 'transformInstanceCount'>,
  assumed: Assumptions = ASSUMED,
  speeds: Speeds = ASSUMED_SPEED.transform,
): number =>
  assumed.jobStartSeconds +
  workload.photos /
    workload.transformInstanceCount /
    speedOf(speeds, workload.transformInstanceType, USUAL_TYPE.transform);

const speedOf = (speeds: Speeds, instanceType: string, usual: string): number =>
  speeds[instanceType] ?? (speeds[usual] as number);

/** What a run is expected to use; replace its parts by what a run has used where that is known. */
export function expectedUsage(
  workload: RunWorkload,
  { memoryMb, transitions }: Deployment,
  assumed: Assumptions = ASSUMED,
): RunUsage {
  const { photos, photosInPairs, trainingSpot } = workload;
  return {
    transitions,
    functions: Object.entries(functionSeconds(workload, assumed)).map(
      ([name, { calls, seconds }]): FunctionUsage => ({
        name,
        memoryMb: memoryMb[name] ?? 0,
        calls,
        seconds,
      }),
    ),
    jobs: [
      {
        kind: 'training',
        instanceType: workload.trainingInstanceType,
        instanceCount: 1,
        billableSeconds: trainingSeconds(workload, assumed) * (trainingSpot ? assumed.spotShare : 1),
        volumeGb: assumed.trainingVolumeGb,
      },
      {
        kind: 'transform',
        instanceType: workload.transformInstanceType,
        instanceCount: workload.transformInstanceCount,
        billableSeconds: transformSeconds(workload, assumed),
        volumeGb: assumed.transformVolumeGb,
      },
    ],
    requests: {
      // Each photo for training and for scoring, and each answer once more to merge it.
      reads: photosInPairs + 2 * photos + assumed.writesPerRun,
      // An answer for each photo: at 30,000 photos most of what S3 costs.
      writes: photos + assumed.writesPerRun,
    },
    storedGbMonths: assumed.keptGb,
    logGb: (photos * assumed.logBytesPerPhoto) / 1e9 + assumed.logMbPerRun / 1000,
    emails: 1,
    events: 1,
  };
}

/**
 * Hours from start to end when every instance is to be had at once, by stage of the machine. Waiting for capacity and for
 * spot instances comes on top: it costs nothing and nobody knows it beforehand.
 */
export function expectedHours(
  workload: RunWorkload,
  assumed: Assumptions = ASSUMED,
): { functions: number; training: number; transform: number; total: number } {
  const { mergePredictions, ...others } = functionSeconds(workload, assumed);
  const alongside = Math.max(1, Math.min(workload.mergeConcurrency, mergePredictions.calls));
  const one = Object.values(others).reduce((total, { seconds }) => total + seconds, 0);
  const functions = (one + mergePredictions.seconds / alongside) / 3600;
  const training = trainingSeconds(workload, assumed) / 3600;
  const transform = transformSeconds(workload, assumed) / 3600;
  return { functions, training, transform, total: functions + training + transform };
}

/** Calls and seconds of each function, by its key in resources/functions.yml. */
function functionSeconds(workload: RunWorkload, assumed: Assumptions) {
  const thousands = workload.photos / 1000;
  const list = thousands * assumed.listSecondsPer1000Photos;
  const once = (seconds: number) => ({ calls: 1, seconds: assumed.functionStartSeconds + seconds });
  const batches = mergeBatches(workload);
  return {
    prepareRun: once(0),
    exportStation: once(thousands * assumed.databaseSecondsPer1000Photos),
    ...(workload.observedByUsgs && { fetchObservations: once(assumed.usgsSeconds) }),
    buildDataset: once(list),
    splitPairs: once(list),
    writeManifests: once(list),
    planMerge: once(list),
    mergePredictions: {
      calls: batches,
      seconds:
        batches * assumed.functionStartSeconds +
        (workload.photos * assumed.readLatencySeconds) / readsAtOnce(workload.mergeConcurrency),
    },
    combinePredictions: once(list),
    buildReport: once(list),
    decidePromotion: once(list),
    publishModel: once(list),
    notifySuccess: once(0),
  };
}
