import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import type { Stage } from '../../config/stage.ts';
import { failureRule, hasGpu } from '../../deployment/after-deployment.ts';
import { toldBy } from '../../deployment/check.ts';
import { stackName } from '../../deployment/package.ts';
import {
  callerIdentity,
  ruleInvocations,
  topicDeliveries,
  topicSubscriptions,
} from '../../shared/aws/account.ts';
import { redriveExecution, stopExecution } from '../../shared/aws/executions.ts';
import { listObjects, readStream } from '../../shared/aws/object-store.ts';
import { trainingJob } from '../../shared/aws/training-jobs.ts';
import { AccessDenied } from '../../shared/errors.ts';
import { nameInArn } from '../../shared/execution/arns.ts';
import { passingPrefix } from '../../shared/execution/keys.ts';
import { training } from '../../shared/execution/train-station-state.ts';
import { MINUTE_MS } from '../../shared/formats/durations.ts';
import { parseJsonAs } from '../../shared/formats/json.ts';
import { countOf } from '../../shared/formats/numbers.ts';
import { s3Uri } from '../../shared/formats/object-location.ts';
import type { MachineKind } from '../../shared/inputs/machines.ts';
import { runInput } from '../../shared/inputs/train-station.ts';
import { DEFAULT_MODEL_TYPE, MODEL_TYPES } from '../../shared/model-types/registry.ts';
import { refreshSummary } from '../../shared/refresh/state.ts';
import type { Computation } from '../../shared/report/data/epochs.ts';
import { readComputation, trainingOutputLocation } from '../../shared/report/data/training-output.ts';
import type { StateProgress } from '../progress/execution-progress.ts';
import { runResult } from '../progress/execution-summary.ts';
import { scoringResult } from '../progress/scoring-lines.ts';
import {
  awaitExecution,
  awaitFinding,
  type Following,
  requireFailure,
  requireSuccess,
  runExecution,
  type SmokeExecution,
  SmokeFailed,
} from './execution.ts';

/** CloudWatch counts an e-mail minutes after it was sent. */
const DELIVERY_MS = 12 * MINUTE_MS;
const DELIVERY_INTERVAL_MS = 15_000;
/** SageMaker gives a job two minutes to end, and may take as long again to report it. */
const STOP_MS = 6 * MINUTE_MS;
const NO_STATION = 2 ** 31 - 1;

/** Where the checks run, and with what. */
export type SmokePlace = {
  /** Null for the local stack. */
  stage: Stage | null;
  machines: Record<MachineKind, string>;
  modelBucket: string;
  stationId: number;
  /** Input of the first run, as in events/first-run.json. */
  firstRun: Record<string, unknown>;
  /** Epochs of the training that is stopped: it must not finish before it is stopped, but soon after it is continued. */
  epochsToStop: number;
  /** Prefix of the model codes of the runs. */
  codes: string;
  /** Whether score-station scores new photos with the published model. */
  scores: boolean;
  /** Where the local stack keeps the e-mails that people would receive. */
  notificationsLog: string | null;
  intervalMs: number;
  onState: (text: string) => void;
};

export type Outcome = { status: 'passed' | 'skipped'; found: string };
const passed = (found: string): Outcome => ({ status: 'passed', found });
const skipped = (found: string): Outcome => ({ status: 'skipped', found });

export type SmokeStep = {
  name: string;
  /** What it proves. */
  proves: string;
  /** @throws SmokeFailed, or any error of the services that it calls */
  run(place: SmokePlace): Promise<Outcome>;
};

/** In this order, because each relies on what the ones before it have proven. */
export const SMOKE_STEPS: SmokeStep[] = [
  {
    name: 'wrong-input',
    proves: 'the machine calls its functions, and an invalid input is rejected within seconds',
    async run(place) {
      const ended = await runWrongInput(place);
      return passed(`InvalidInput: ${requireFailure(ended, 'InvalidInput').split('. ')[0]}`);
    },
  },
  {
    name: 'failure-email',
    proves: 'a failed execution is reported by e-mail',
    run: tellOfFailure,
  },
  {
    name: 'unknown-station',
    proves: 'network, secret, TLS and database work',
    async run(place) {
      const input = { station_id: NO_STATION, pretrained: false, publish: false };
      const ended = await runExecution(
        place.machines['train-station'],
        input,
        following(place, 5 * MINUTE_MS),
      );
      requireFailure(ended, 'StationNotFound');
      return passed(`StationNotFound: the database was queried and has no station ${NO_STATION}`);
    },
  },
  {
    name: 'first-run',
    proves: 'export, dataset, training, scoring and report, without a GPU',
    async run(place) {
      const { computation, said } = await runTraining(place, 'cpu', {});
      return passed(`${said}, device ${computation.device}`);
    },
  },
  {
    name: 'gpu',
    proves: 'the same on the GPU that trainings get',
    async run(place) {
      if (!place.stage) return skipped('the local stack trains on whatever this computer has');
      const { computation, said } = await runTraining(place, 'gpu', { training_instance_type: GPU_INSTANCE });
      requireCuda(computation);
      return passed(`${said}, device cuda`);
    },
  },
  {
    name: 'stop-and-redrive',
    proves: 'stopping an execution stops its job, and a redrive continues from the checkpoints',
    run: stopAndRedrive,
  },
  {
    name: 'spot',
    proves: 'the same on a spot instance',
    async run(place) {
      if (!place.stage) return skipped('the local stack has no spot instances');
      const { computation, said } = await runTraining(place, 'spot', {
        training_instance_type: GPU_INSTANCE,
        training_spot: true,
      });
      requireCuda(computation);
      return passed(`${said}, device cuda`);
    },
  },
  {
    name: 'score-station',
    proves: 'the machine that scores new photos',
    run: scoreStation,
  },
  {
    name: 'refresh',
    proves: 'a refresh reads all stations and makes its plan; nothing is started',
    async run(place) {
      const ended = await runExecution(
        place.machines['refresh-stations'],
        { dry_run: true },
        following(place, 15 * MINUTE_MS),
      );
      requireSuccess(ended);
      const { status, counts } = parseJsonAs(ended.execution.output ?? '', refreshSummary);
      if (status === 'already_running') return passed('it noticed that another refresh is running');
      if (status !== 'dry_run' || counts.succeeded > 0)
        throw new SmokeFailed(
          `${status}, ${counts.succeeded} done`,
          'A dry run must start nothing: deploy again',
        );
      return passed(
        `${countOf(counts.stations, 'station')}: ${counts.train} to train, ${counts.score} to score, ${counts.nothing} with nothing to do`,
      );
    },
  },
];

/** Default instances of trainings. */
const { training_instance_type: GPU_INSTANCE } = runInput.parse({ station_id: 1 });

const following = ({ intervalMs, onState }: SmokePlace, limitMs: number): Following => ({
  limitMs,
  intervalMs,
  onState,
});

/** Two faults, neither of which costs anything. */
const runWrongInput = (place: SmokePlace): Promise<SmokeExecution> =>
  runExecution(
    place.machines['train-station'],
    { station_id: '29', train_frac: 80 },
    following(place, 3 * MINUTE_MS),
  );

/** Runs an execution that fails, and looks for its e-mail. */
async function tellOfFailure(place: SmokePlace): Promise<Outcome> {
  const { stage } = place;
  if (!stage) return tellLocally(place);
  try {
    return await tellByEmail(place, stage);
  } catch (error) {
    if (!(error instanceof AccessDenied)) throw error;
    return skipped(
      `could not be checked, as these credentials may not ask (${toldBy(error)}); is there an e-mail about InvalidInput?`,
    );
  }
}

async function tellLocally(place: SmokePlace): Promise<Outcome> {
  const { notificationsLog, intervalMs } = place;
  const ended = await runWrongInput(place);
  const name = nameInArn(ended.arn);
  const isTold = () =>
    notificationsLog !== null &&
    existsSync(notificationsLog) &&
    readFileSync(notificationsLog, 'utf8').includes(name);
  return awaitFinding({ limitMs: MINUTE_MS, intervalMs }, async () =>
    isTold()
      ? passed(`in ${notificationsLog}, as the local stack sends no e-mail`)
      : new SmokeFailed(
          `${notificationsLog} does not mention ${name}`,
          'The rule or its target does not work',
        ),
  );
}

/** The count by AWS; only the mailbox itself knows more. */
async function tellByEmail(place: SmokePlace, stage: Stage): Promise<Outcome> {
  const since = new Date();
  const { account } = await callerIdentity();
  const topic = stackName(stage);
  const subscriptions = await topicSubscriptions(`arn:aws:sns:${stage.region}:${account}:${topic}`);
  if (subscriptions.length === 0 && stage.notificationEmail === '')
    return skipped('there is no subscriber (notificationEmail is empty)');
  const confirmed = subscriptions.filter(({ isConfirmed }) => isConfirmed);
  if (confirmed.length === 0)
    throw new SmokeFailed(
      `the subscription is not confirmed: ${addressesOf(subscriptions) || 'there is no subscriber'}`,
      'Follow the link in the message “AWS Notification - Subscription Confirmation”, then continue with --from failure-email',
    );
  await runWrongInput(place);
  return awaitFinding({ limitMs: DELIVERY_MS, intervalMs: DELIVERY_INTERVAL_MS }, async () => {
    place.onState('waiting until CloudWatch counts the e-mail');
    const counts = await emailCounts(stage, topic, since);
    requireNoFailure(counts, stage);
    return counts.sent.delivered > 0
      ? passed(`delivered to ${addressesOf(confirmed)}; look into that mailbox`)
      : notCounted(counts);
  });
}

const addressesOf = (subscriptions: readonly { endpoint: string }[]): string =>
  subscriptions.map(({ endpoint }) => endpoint).join(', ');

type EmailCounts = {
  rule: Awaited<ReturnType<typeof ruleInvocations>>;
  sent: Awaited<ReturnType<typeof topicDeliveries>>;
};

async function emailCounts(stage: Stage, topic: string, since: Date): Promise<EmailCounts> {
  const [rule, sent] = await Promise.all([
    ruleInvocations(failureRule(stage), since),
    topicDeliveries(topic, since),
  ]);
  return { rule, sent };
}

function requireNoFailure({ rule, sent }: EmailCounts, stage: Stage): void {
  if (rule.failed > 0)
    throw new SmokeFailed(
      `FailedInvocations of ${failureRule(stage)} is ${rule.failed}`,
      'EventBridge may not call the function notify-failure: deploy again; check that no policy of the organization denies it',
    );
  if (sent.failed > 0)
    throw new SmokeFailed(
      `SNS could not deliver ${sent.failed} of its messages`,
      'The address rejects them: check its mailbox, and the subscription in the SNS console',
    );
}

const notCounted = ({ rule }: EmailCounts): SmokeFailed =>
  new SmokeFailed(
    `no e-mail is counted after ${DELIVERY_MS / MINUTE_MS} minutes; the rule has called its target ${rule.all} times`,
    rule.all === 0
      ? 'Step Functions tells EventBridge of every execution: does the rule exist and is it enabled?'
      : 'The function notify-failure ran and sent nothing: check its log; it needs the key of the topic (docs/boundary.md)',
  );

type Trained = { ended: SmokeExecution; computation: Computation; said: string };

/** Runs the first run's input with changes until it ends. Nothing of it is published. */
async function runTraining(place: SmokePlace, code: string, change: object): Promise<Trained> {
  return finishTraining(
    await runExecution(
      place.machines['train-station'],
      trainingInput(place, code, change),
      following(place, 60 * MINUTE_MS),
    ),
  );
}

const trainingInput = ({ firstRun, codes, stationId }: SmokePlace, code: string, change: object): object => ({
  ...firstRun,
  ...change,
  station_id: stationId,
  model_code: `${codes}-${code.toUpperCase()}`,
  publish: false,
});

async function finishTraining(ended: SmokeExecution): Promise<Trained> {
  requireSuccess(ended);
  const result = parseJsonAs(ended.execution.output ?? '', runResult);
  if (result.model_id !== null)
    throw new SmokeFailed(
      `${result.model_code} has the row ${result.model_id} in models`,
      'With publish: false nothing may be published: deploy again, and unpublish that model (./fpe unpublish)',
    );
  const output = trainingOutputLocation(trainedBy(ended.states).artifact);
  const computation = await readComputation(await readStream(output), s3Uri(output));
  const { pairs, images } = result;
  return {
    ended,
    computation,
    said: `${result.model_code}: ${pairs.train + pairs.val} pairs, ${images.scored} photos scored`,
  };
}

function trainedBy(states: readonly StateProgress[]): z.output<typeof training> {
  const state = states.find(({ name }) => name === 'TrainModel')?.output;
  return z.looseObject({ training }).parse(state).training;
}

function requireCuda({ device }: Computation): void {
  if (device === 'cuda') return;
  throw new SmokeFailed(
    `the training computed on ${device ?? 'an unknown device'}, on ${GPU_INSTANCE}${hasGpu(GPU_INSTANCE) ? '' : ', which has no GPU'}`,
    'The container does not see the GPU: the driver of the instance must support the CUDA version of trainingImage',
  );
}

const runOf = z.looseObject({ run: z.looseObject({ keys: z.looseObject({ checkpoints: z.string() }) }) });

const PASSING = passingPrefix(MODEL_TYPES[DEFAULT_MODEL_TYPE]);

async function stopAndRedrive(place: SmokePlace): Promise<Outcome> {
  const { modelBucket, machines, epochsToStop, intervalMs, onState } = place;
  const input = trainingInput(place, 'stop', { n_epochs: epochsToStop });
  const hasCheckpoint = async (states: readonly StateProgress[]) => {
    const job = states.find(({ name }) => name === 'TrainModel');
    if (job?.status !== 'running' || !job.request) return false;
    const { run } = runOf.parse(job.input);
    for await (const { key } of listObjects(modelBucket, `${run.keys.checkpoints}/`))
      if (key.endsWith('.pth')) return true;
    return false;
  };
  const limit = following(place, 60 * MINUTE_MS);
  const begun = await runExecution(machines['train-station'], input, { ...limit, until: hasCheckpoint });
  if (begun.execution.status !== 'RUNNING') {
    requireSuccess(begun);
    throw new SmokeFailed(
      `the training was over before it had a checkpoint in s3://${modelBucket}`,
      `Checkpoints arrive too late to resume from: does the role of the jobs write to ${PASSING} (docs/resources.md)?`,
    );
  }
  const job = String(begun.states.find(({ name }) => name === 'TrainModel')?.request?.TrainingJobName);
  await stopExecution(begun.arn, 'Stopped by fpe smoke, to go on at once');
  onState('stopped; waiting until its job has ended');
  await awaitFinding({ limitMs: STOP_MS, intervalMs }, () => stoppedJob(job));
  await redriveExecution(begun.arn);
  const { computation } = await finishTraining(await awaitExecution(begun.arn, limit));
  const resumed = computation.resumedAfterEpochs;
  if (resumed === 0)
    throw new SmokeFailed(
      'the redriven training started over',
      `It did not find its checkpoints: does the role of the jobs read ${PASSING} (docs/resources.md)?`,
    );
  return passed(`stopped during training, resumed after epoch ${resumed} of ${epochsToStop}`);
}

/** @returns the failure while it has not stopped yet @throws SmokeFailed if it has ended otherwise */
async function stoppedJob(name: string): Promise<true | SmokeFailed> {
  const { status } = await trainingJob(name);
  if (status === 'Stopped') return true;
  const failure = new SmokeFailed(
    `the job ${name} of the stopped execution is ${status}`,
    'A stopped execution must stop its job; otherwise the job keeps running and costs money. The machine is not allowed to call StopTrainingJob (docs/boundary.md). Stop it in the SageMaker console',
  );
  if (status === 'Completed' || status === 'Failed') throw failure;
  return failure;
}

async function scoreStation(place: SmokePlace): Promise<Outcome> {
  const { stationId, codes, scores } = place;
  const input = { station_id: stationId, ...(!scores && { model_code: `${codes}-NONE` }) };
  const ended = await runExecution(place.machines['score-station'], input, following(place, 120 * MINUTE_MS));
  if (!scores) {
    requireFailure(ended, 'NoModel');
    return passed('NoModel, as expected for a model that does not exist; with --score it scores new photos');
  }
  requireSuccess(ended);
  const { scored, model_code: code } = parseJsonAs(ended.execution.output ?? '', scoringResult);
  return passed(`${scored} new photos scored with ${code}`);
}
