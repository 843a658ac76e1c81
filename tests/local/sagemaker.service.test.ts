import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateTrainingJobCommand,
  DescribeModelCommand,
  DescribeTrainingJobCommand,
  DescribeTransformJobCommand,
  ListTrainingJobsCommand,
  SageMakerClient,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { packFolder, unpackArchive } from '../../local/archive.ts';
import { uploadObject } from '../../local/sagemaker/job-data.ts';
import { type SageMaker, startSageMaker } from '../../local/sagemaker/server.ts';
import type { TaskFailure } from '../../local/task.ts';
import { packSource } from '../../shared/formats/source-archive.ts';
import { archiveOf } from '../fixtures/archives.ts';

const TRAIN = 'arn:aws:states:::sagemaker:createTrainingJob.sync';
const TRANSFORM = 'arn:aws:states:::sagemaker:createTransformJob.sync';
const CREATE_MODEL = 'arn:aws:states:::sagemaker:createModel';
const DELETE_MODEL = 'arn:aws:states:::aws-sdk:sagemaker:deleteModel';
const ROLE = 'arn:aws:iam::000000000000:role/sagemaker';

let s3: S3Client;
let bucket: string;
let folder: string;
let service: SageMaker;
let client: SageMakerClient;
beforeAll(() => {
  s3 = new S3Client({ forcePathStyle: true });
});
afterAll(() => s3.destroy());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-sagemaker-'));
  bucket = `jobs-${randomUUID()}`;
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await serve();
});
afterEach(async () => {
  await service.stop();
  client.destroy();
  rmSync(folder, { recursive: true });
});

async function serve(options: { stopGraceMs?: number; checkpointIntervalMs?: number } = {}): Promise<void> {
  service = await startSageMaker({ folder, s3, python: 'python3', ...options });
  const { credentials } = service;
  client = new SageMakerClient({
    endpoint: service.endpoint,
    region: 'us-west-2',
    credentials,
    maxAttempts: 1,
  });
}

const text = (value: string) => new TextEncoder().encode(value);
const put = (key: string, body: string | Uint8Array) =>
  uploadObject(s3, { bucket, key }, typeof body === 'string' ? text(body) : body);
async function get(key: string): Promise<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return (await Body?.transformToByteArray()) as Uint8Array;
}
const getText = async (key: string) => new TextDecoder().decode(await get(key));
async function keys(prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  return Contents.map(({ Key }) => Key as string);
}
async function unpacked(key: string): Promise<string> {
  const target = mkdtempSync(join(folder, 'unpacked-'));
  await unpackArchive(await get(key), target, key);
  return target;
}

const runTask = (resource: string, parameters: unknown, signal = new AbortController().signal) =>
  service.runTask(resource, parameters, signal) as Promise<Record<string, unknown>>;

async function failureOf(work: Promise<unknown>): Promise<{ error: string; cause: string }> {
  const failure = (await work.then(
    () => {
      throw new Error('It did not fail');
    },
    (error) => error,
  )) as TaskFailure;
  return { error: failure.error, cause: String(failure.cause) };
}

const channel = (name: string, type: 'ManifestFile' | 'S3Prefix', key: string) => ({
  ChannelName: name,
  InputMode: 'File' as const,
  DataSource: { S3DataSource: { S3DataType: type, S3Uri: `s3://${bucket}/${key}` } },
});

/** A request whose training is this Python script. */
async function training(script: string, members: Record<string, unknown> = {}) {
  await put('run/source/sourcedir.tar.gz', await packSource(new Map([['train.py', text(script)]])));
  const { channels = [], hyperparameters = {}, ...others } = members;
  return {
    TrainingJobName: 'st29-train-0-0',
    RoleArn: ROLE,
    EnableNetworkIsolation: true,
    AlgorithmSpecification: {
      TrainingImage: 'image',
      TrainingInputMode: 'File' as const,
      MetricDefinitions: ['epoch', 'val_loss'].map((name) => ({
        Name: name,
        Regex: `${name}=([0-9.eE+-]+)`,
      })),
    },
    HyperParameters: {
      sagemaker_program: 'train.py',
      sagemaker_submit_directory: '/opt/ml/input/data/code/sourcedir.tar.gz',
      ...(hyperparameters as object),
    },
    InputDataConfig: [channel('code', 'S3Prefix', 'run/source/sourcedir.tar.gz'), ...(channels as never[])],
    OutputDataConfig: { S3OutputPath: `s3://${bucket}/jobs` },
    ResourceConfig: { InstanceType: 'ml.g6.2xlarge' as const, InstanceCount: 1, VolumeSizeInGB: 100 },
    StoppingCondition: { MaxRuntimeInSeconds: 60 },
    ...others,
  };
}

/** Writes everything that a training sees into its model. */
const OBSERVE = `
import json, os, sys
def read(path):
    with open(path) as file:
        return file.read()
files = {}
for folder, _, names in os.walk(os.environ["SM_INPUT_DIR"] + "/data"):
    for name in names:
        path = os.path.join(folder, name)
        if not name.endswith(".gz"):
            files[os.path.relpath(path, os.environ["SM_INPUT_DIR"] + "/data")] = read(path)
config = {name: json.loads(read(os.path.join(os.environ["SM_INPUT_CONFIG_DIR"], name + ".json")))
          for name in ("hyperparameters", "inputdataconfig", "resourceconfig")}
seen = {"env": dict(os.environ), "argv": sys.argv, "cwd": os.getcwd(), "files": files, "config": config}
with open(os.environ["SM_MODEL_DIR"] + "/seen.json", "w") as file:
    json.dump(seen, file)
with open(os.environ["SM_OUTPUT_DATA_DIR"] + "/metrics.csv", "w") as file:
    file.write("epoch,loss")
print("epoch=1/2 val_loss=0.5")
print("epoch=2/2 val_loss=2.5e-1", file=sys.stderr)
`;

test('a training sees what a container sees, and its folders become archives', async () => {
  await put('photos/a b (1).jpg', 'A');
  await put('photos/deep/c.jpg', 'C');
  await put(
    'run/manifest.json',
    JSON.stringify([{ prefix: `s3://${bucket}/` }, 'photos/a b (1).jpg', 'photos/deep/c.jpg']),
  );
  await put('run/input/pairs.csv', 'left,right');
  const request = await training(OBSERVE, {
    channels: [
      channel('images', 'ManifestFile', 'run/manifest.json'),
      channel('values', 'S3Prefix', 'run/input/pairs.csv'),
    ],
    hyperparameters: {
      n_epochs: '2',
      learning_rate: '1.0',
      augment: 'true',
      note: 'plain',
      checkpoint_dir: '/opt/ml/checkpoints',
    },
  });

  const answer = await runTask(TRAIN, request);
  const model = await unpacked('jobs/st29-train-0-0/output/model.tar.gz');
  const seen = JSON.parse(readFileSync(join(model, 'seen.json'), 'utf8'));
  const output = await unpacked('jobs/st29-train-0-0/output/output.tar.gz');

  expect(answer).toMatchObject({
    TrainingJobName: 'st29-train-0-0',
    TrainingJobArn: 'arn:aws:sagemaker:us-west-2:000000000000:training-job/st29-train-0-0',
    TrainingJobStatus: 'Completed',
    ModelArtifacts: { S3ModelArtifacts: `s3://${bucket}/jobs/st29-train-0-0/output/model.tar.gz` },
    FinalMetricDataList: [
      { MetricName: 'epoch', Value: 2 },
      { MetricName: 'val_loss', Value: 0.25 },
    ],
    Tags: { MANAGED_BY_AWS: 'STARTED_BY_STEP_FUNCTIONS' },
  });
  expect(answer.CreationTime).toBeGreaterThan(1e12);
  expect(seen.files).toEqual({
    'images/photos/a b (1).jpg': 'A',
    'images/photos/deep/c.jpg': 'C',
    'values/pairs.csv': 'left,right',
  });
  const ml = join(folder, 'jobs', 'running', 'Training', 'st29-train-0-0');
  expect(seen.cwd).toBe(join(ml, 'code'));
  expect(seen.argv).toEqual([
    'train.py',
    ...['--augment', 'True', '--checkpoint_dir', join(ml, 'checkpoints'), '--learning_rate', '1.0'],
    ...['--n_epochs', '2', '--note', 'plain'],
  ]);
  expect(seen.env).toMatchObject({
    SM_CHANNELS: '["code","images","values"]',
    SM_CHANNEL_IMAGES: join(ml, 'input', 'data', 'images'),
    SM_MODEL_DIR: join(ml, 'model'),
    SM_OUTPUT_DIR: join(ml, 'output'),
    SM_HP_N_EPOCHS: '2',
    SM_HOSTS: '["algo-1"]',
    SM_CURRENT_HOST: 'algo-1',
    SM_NUM_GPUS: expect.stringMatching(/^\d+$/),
    TRAINING_JOB_NAME: 'st29-train-0-0',
  });
  expect(seen.env.SM_HPS).toContain('"learning_rate": 1.0');
  expect(JSON.parse(seen.env.SM_HPS)).toEqual({
    n_epochs: 2,
    learning_rate: 1,
    augment: true,
    note: 'plain',
    checkpoint_dir: join(ml, 'checkpoints'),
  });
  expect(Object.keys(seen.env).filter((name) => name.startsWith('AWS_'))).toEqual([]);
  expect(seen.config.hyperparameters).toMatchObject({ n_epochs: '2', sagemaker_program: 'train.py' });
  expect(seen.config.inputdataconfig.images).toMatchObject({ TrainingInputMode: 'File' });
  expect(seen.config.resourceconfig).toMatchObject({ current_host: 'algo-1', hosts: ['algo-1'] });
  expect(readFileSync(join(output, 'metrics.csv'), 'utf8')).toBe('epoch,loss');
  expect(readFileSync(join(folder, 'logs', 'jobs', 'st29-train-0-0.log'), 'utf8')).toContain(
    'epoch=1/2 val_loss=0.5\n',
  );
  expect(existsSync(ml)).toBe(false);
});

test('what a training wrote to the failure file is the reason', async () => {
  const script = `
import os, sys
open(os.environ["SM_OUTPUT_DIR"] + "/failure", "w").write("NotEnoughPairs: 3 of 10")
sys.exit(2)`;

  const { error, cause } = await failureOf(runTask(TRAIN, await training(script)));

  expect(error).toBe('States.TaskFailed');
  expect(JSON.parse(cause)).toMatchObject({
    TrainingJobStatus: 'Failed',
    SecondaryStatus: 'Failed',
    FailureReason: 'AlgorithmError: NotEnoughPairs: 3 of 10, exit code: 2',
  });
  expect(await keys('jobs/')).toEqual(['jobs/st29-train-0-0/output/output.tar.gz']);
});

test('without a failure file the reason is what the toolkit would say', async () => {
  const { cause } = await failureOf(runTask(TRAIN, await training('raise ValueError("no photo")')));

  expect(JSON.parse(cause).FailureReason).toMatch(
    /^AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "(.|\n)*ValueError: no photo"/,
  );
});

test.each([
  ['an object of a manifest', { channels: 'manifest' }, /NoSuchKey at s3:\/\/jobs-.*\/photos\/gone.jpg/],
  [
    'every object of a prefix',
    { channels: 'prefix' },
    /No S3 objects found under S3 URL "s3:\/\/jobs-.*\/nowhere\/"/,
  ],
  [
    'the source',
    { hyperparameters: { sagemaker_submit_directory: 's3://b/sourcedir.tar.gz' } },
    /must name a tar.gz of a channel/,
  ],
  [
    'the program',
    { hyperparameters: { sagemaker_program: 'other.py' } },
    /must name a file of the source. Found: other.py/,
  ],
])('a job fails when %s is missing', async (_what, members, reason) => {
  await put('run/manifest.json', JSON.stringify([{ prefix: `s3://${bucket}/` }, 'photos/gone.jpg']));
  const channels = {
    manifest: [channel('images', 'ManifestFile', 'run/manifest.json')],
    prefix: [channel('images', 'S3Prefix', 'nowhere/')],
  };
  const request = await training('', {
    ...members,
    channels: 'channels' in members ? channels[members.channels as 'prefix'] : [],
  });

  const { cause } = await failureOf(runTask(TRAIN, request));

  expect(JSON.parse(cause).FailureReason).toMatch(reason);
});

test.each([
  ['no JSON', 'hunter2', 'it is no JSON'],
  ['JSON of another form', '{"prefix": "hunter2"}', 'expected tuple'],
])('a manifest that is %s fails the job, and is not quoted', async (_what, manifest, reason) => {
  await put('run/manifest.json', manifest);
  const request = await training('', { channels: [channel('images', 'ManifestFile', 'run/manifest.json')] });

  const { cause } = await failureOf(runTask(TRAIN, request));

  expect(JSON.parse(cause).FailureReason).toContain(`run/manifest.json must be [{"prefix": "s3://…"}`);
  expect(JSON.parse(cause).FailureReason).toContain(reason);
  expect(cause).not.toContain('hunter2');
});

test('a source that would write out of its folder is not unpacked', async () => {
  const request = await training('open("ran", "w")');
  await put('run/source/sourcedir.tar.gz', await archiveOf({ name: '../escaped', body: 'x' }));

  const { cause } = await failureOf(runTask(TRAIN, request));

  expect(JSON.parse(cause).FailureReason).toContain('entry "../escaped"). Found: a path with ".."');
});

const CHECKPOINTS = `
import os, signal, sys, time
folder = [sys.argv[i + 1] for i, name in enumerate(sys.argv) if name == "--checkpoint_dir"][0]
before = sorted(os.listdir(folder))
open(folder + "/epoch_%02d.pth" % (len(before) + 1), "w").write("weights")
open(os.environ["SM_MODEL_DIR"] + "/resumed", "w").write(",".join(before))
`;

test('checkpoints outlive the job, and the next one begins with them', async () => {
  const checkpoints = {
    CheckpointConfig: { S3Uri: `s3://${bucket}/run/checkpoints` },
    hyperparameters: { checkpoint_dir: '/opt/ml/checkpoints' },
  };

  await runTask(TRAIN, await training(CHECKPOINTS, checkpoints));
  const first = await keys('run/checkpoints/');
  await runTask(TRAIN, await training(CHECKPOINTS, { ...checkpoints, TrainingJobName: 'st29-train-1-0' }));
  const model = await unpacked('jobs/st29-train-1-0/output/model.tar.gz');

  expect(first).toEqual(['run/checkpoints/epoch_01.pth']);
  expect(await keys('run/checkpoints/')).toEqual([
    'run/checkpoints/epoch_01.pth',
    'run/checkpoints/epoch_02.pth',
  ]);
  expect(readFileSync(join(model, 'resumed'), 'utf8')).toBe('epoch_01.pth');
});

test('checkpoints are in S3 while the training runs, and leave it when they are deleted', async () => {
  await service.stop();
  await serve({ checkpointIntervalMs: 50 });
  const script = `
import os, sys, time
folder = sys.argv[sys.argv.index("--checkpoint_dir") + 1]
open(folder + "/epoch_00.pth", "w").write("weights")
while not os.path.exists(os.environ["SM_CHANNEL_CODE"] + "/go"): time.sleep(0.02)
os.remove(folder + "/epoch_00.pth")
time.sleep(0.3)`;
  const job = runTask(
    TRAIN,
    await training(script, {
      CheckpointConfig: { S3Uri: `s3://${bucket}/run/checkpoints` },
      hyperparameters: { checkpoint_dir: '/opt/ml/checkpoints' },
    }),
  );

  let whileRunning: string[] = [];
  while (whileRunning.length === 0) whileRunning = await keys('run/checkpoints/');
  writeFileSync(join(folder, 'jobs/running/Training/st29-train-0-0/input/data/code/go'), '');
  await job;

  expect(whileRunning).toEqual(['run/checkpoints/epoch_00.pth']);
  expect(await keys('run/checkpoints/')).toEqual([]);
});

/** Tells that it runs, and ends as it likes when it is told to. */
const runUntilTold = (onTerm: string) => `
import os, signal, sys, time
def end(*_):
    ${onTerm}
signal.signal(signal.SIGTERM, end)
print("epoch=1", flush=True)
time.sleep(60)
`;
const SAVE_AND_EXIT = 'open(os.environ["SM_MODEL_DIR"] + "/partial", "w").write("half"); sys.exit(0)';

async function untilTraining(): Promise<void> {
  for (;;) {
    const job = await client
      .send(new DescribeTrainingJobCommand({ TrainingJobName: 'st29-train-0-0' }))
      .catch(() => null);
    if (job?.FinalMetricDataList) return;
    await sleep(20);
  }
}

test('the time limit ends a training as Stopped, and keeps what it wrote', async () => {
  const request = await training(runUntilTold(SAVE_AND_EXIT), {
    StoppingCondition: { MaxRuntimeInSeconds: 1 },
  });

  const answer = await runTask(TRAIN, request);
  const model = await unpacked('jobs/st29-train-0-0/output/model.tar.gz');

  expect(answer).toMatchObject({ TrainingJobStatus: 'Stopped', SecondaryStatus: 'MaxRuntimeExceeded' });
  expect(readFileSync(join(model, 'partial'), 'utf8')).toBe('half');
});

test('a training that does not heed SIGTERM is killed after the grace period', async () => {
  await service.stop();
  await serve({ stopGraceMs: 200 });
  const job = runTask(TRAIN, await training(runUntilTold('pass')));
  await untilTraining();

  await client.send(new StopTrainingJobCommand({ TrainingJobName: 'st29-train-0-0' }));

  expect(await job).toMatchObject({ TrainingJobStatus: 'Stopped', SecondaryStatus: 'Stopped' });
  await expect(
    client.send(new StopTrainingJobCommand({ TrainingJobName: 'st29-train-0-0' })),
  ).rejects.toThrow('The request was rejected because the training job is in status Stopped.');
});

test('a stopped execution stops its job and does not wait for it', async () => {
  const execution = new AbortController();
  const job = runTask(TRAIN, await training(runUntilTold(SAVE_AND_EXIT)), execution.signal);
  await untilTraining();

  execution.abort(new Error('stopped by the user'));

  await expect(job).rejects.toThrow('stopped by the user');
  await service.stop();
  await serve();
  const described = await client.send(new DescribeTrainingJobCommand({ TrainingJobName: 'st29-train-0-0' }));
  expect(described).toMatchObject({ TrainingJobStatus: 'Stopped' });
});

test('the API describes and lists jobs, while they run and after', async () => {
  const { TrainingJobArn } = await client.send(
    new CreateTrainingJobCommand(await training(runUntilTold(SAVE_AND_EXIT))),
  );
  await untilTraining();
  const running = await client.send(new DescribeTrainingJobCommand({ TrainingJobName: 'st29-train-0-0' }));
  await client.send(new StopTrainingJobCommand({ TrainingJobName: 'st29-train-0-0' }));
  const listed = await client.send(new ListTrainingJobsCommand({ NameContains: 'st29' }));

  expect(running).toMatchObject({
    TrainingJobArn,
    TrainingJobStatus: 'InProgress',
    SecondaryStatus: 'Training',
  });
  expect(running.SecondaryStatusTransitions?.map(({ Status }) => Status)).toEqual([
    'Starting',
    'Downloading',
    'Training',
  ]);
  expect(Date.now() - Number(running.CreationTime)).toBeLessThan(60_000);
  expect(listed.TrainingJobSummaries).toMatchObject([{ TrainingJobName: 'st29-train-0-0' }]);
});

test('a name is taken for ever, also after a restart', async () => {
  const request = await training('');
  await runTask(TRAIN, request);

  const again = await failureOf(runTask(TRAIN, request));
  await service.stop();
  await serve();
  const later = await failureOf(runTask(TRAIN, request));

  expect(again.error).toBe('SageMaker.ResourceInUseException');
  expect(later).toEqual(again);
});

test('a job of a stack that was killed has failed', async () => {
  const jobs = join(folder, 'jobs', 'training');
  await runTask(TRAIN, await training(''));
  await service.stop();
  const { trainingEndTime: _, ...record } = JSON.parse(
    readFileSync(join(jobs, 'st29-train-0-0.json'), 'utf8'),
  );
  writeFileSync(join(jobs, 'st29-train-0-0.json'), JSON.stringify({ ...record, status: 'InProgress' }));

  await serve();
  const described = await client.send(new DescribeTrainingJobCommand({ TrainingJobName: 'st29-train-0-0' }));

  expect(described).toMatchObject({
    TrainingJobStatus: 'Failed',
    FailureReason: expect.stringContaining('stack ended'),
  });
});

test.each([
  [
    'a name with an underscore',
    { TrainingJobName: 'st_29' },
    'SageMaker.ValidationException',
    'TrainingJobName',
  ],
  [
    'a name of 64 characters',
    { TrainingJobName: 'x'.repeat(64) },
    'SageMaker.ValidationException',
    'TrainingJobName',
  ],
  [
    'a hyperparameter that is no string',
    { HyperParameters: { n: 1 } },
    'SageMaker.ValidationException',
    'HyperParameters.n',
  ],
  [
    'a wait without spot',
    { StoppingCondition: { MaxRuntimeInSeconds: 1, MaxWaitTimeInSeconds: 2 } },
    'SageMaker.ValidationException',
    'MaxWaitTimeInSeconds',
  ],
  [
    'a field that Step Functions does not know',
    { VpcConfig: {} },
    'States.Runtime',
    'The field "VpcConfig" is not supported',
  ],
])('%s is refused before the job exists', async (_what, members, error, cause) => {
  const failure = await failureOf(runTask(TRAIN, { ...(await training('')), ...members }));

  expect(failure).toMatchObject({ error, cause: expect.stringContaining(cause) });
});

test.each(['', '{"request": {"Trai', 'null', '[]'])(
  'a record of a job that is %j is moved aside at a start, and the other jobs stay',
  async (torn) => {
    await service.stop();
    const jobs = join(folder, 'jobs');
    for (const kind of ['training', 'transform', 'models'])
      writeFileSync(join(jobs, kind, 'torn.json'), torn);

    await serve();
    const { TrainingJobSummaries } = await client.send(new ListTrainingJobsCommand({}));

    expect(TrainingJobSummaries?.map(({ TrainingJobName }) => TrainingJobName)).not.toContain('torn');
    for (const kind of ['training', 'transform', 'models'])
      expect({
        kind,
        there: existsSync(join(jobs, kind, 'torn.json')),
        aside: existsSync(join(jobs, 'damaged', kind, 'torn.json')),
      }).toEqual({ kind, there: false, aside: true });
  },
);

// Found by /proc, so on Linux.
if (existsSync('/proc'))
  test('what a stack that was killed has left running is ended', async () => {
    await service.stop();
    const code = join(folder, 'jobs', 'running', 'Transform', 'st29-score-0-0', 'model', 'code');
    mkdirSync(code, { recursive: true });
    const left = spawn('python3', ['-c', 'import time; print("runs", flush=True); time.sleep(60)'], {
      cwd: code,
      env: { ...process.env, FPE_LOCAL_CONTAINER: code },
    });
    await once(left.stdout, 'data'); // until then it still is a copy of this process
    const ended = once(left, 'exit');

    await serve();

    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(existsSync(code)).toBe(false);
  });

test('what is not part of the local SageMaker is refused by name', async () => {
  const work = client.send(new CreateEndpointCommand({ EndpointName: 'e', EndpointConfigName: 'c' }));
  const task = failureOf(runTask('arn:aws:states:::sagemaker:createProcessingJob.sync', {}));

  await expect(work).rejects.toThrow(
    'The local stack does not answer CreateEndpoint. It answers: CreateModel',
  );
  expect((await task).cause).toContain('does not run arn:aws:states:::sagemaker:createProcessingJob.sync');
});

/** Answers with the size of the body; a body that names a misfortune has it, one of x waits until it is one of three. */
const SERVE = `
import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
state = {"running": 0, "most": 0, "flaky": 0}
lock = threading.Lock()
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        is_known = os.environ["SERVE_TOKEN"] == self.headers["X-Serve-Token"]
        self.answer(403 if not is_known else 200 if self.path == "/ping" else 404, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with lock:
            state["running"] += 1
            state["most"] = max(state["most"], state["running"])
        deadline = time.time() + 5
        while body.startswith("x") and state["most"] < 3 and time.time() < deadline:
            time.sleep(0.01)
        if body == "hang":
            time.sleep(5)
        if body == "exit":
            os._exit(3)
        with lock:
            state["running"] -= 1
            state["flaky"] += body == "flaky"
        if body == "broken" or body == "flaky" and state["flaky"] == 1:
            return self.answer(500, b"cannot read this photo")
        answer = {"score": len(body), "type": self.headers["Content-Type"], "accept": self.headers["Accept"],
                  "most": state["most"], "env": {k: v for k, v in os.environ.items() if k.startswith(("SAGEMAKER", "SM_"))}}
        self.answer(200, json.dumps(answer).encode())
    def log_message(self, *_):
        print("asked", flush=True)
ThreadingHTTPServer((os.environ["SERVE_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
`;

async function createModel(serve: string | null = SERVE): Promise<void> {
  const model = mkdtempSync(join(folder, 'model-'));
  mkdirSync(join(model, 'code'));
  writeFileSync(join(model, 'model.pth'), 'weights');
  if (serve !== null) writeFileSync(join(model, 'code', 'serve'), serve);
  await uploadObject(s3, { bucket, key: 'model.tar.gz' }, packFolder(model));
  await runTask(CREATE_MODEL, {
    ModelName: 'st29-model',
    ExecutionRoleArn: ROLE,
    PrimaryContainer: {
      Image: 'image',
      ModelDataUrl: `s3://${bucket}/model.tar.gz`,
      Environment: { SAGEMAKER_PROGRAM: 'inference.py', SAGEMAKER_SUBMIT_DIRECTORY: '/opt/ml/model/code' },
    },
  });
}

/** @param photos name → body */
async function transform(photos: Record<string, string>, members: object = {}) {
  const names = Object.keys(photos);
  await Promise.all(names.map((name) => put(`photos/${name}`, photos[name] as string)));
  await put(
    'manifest.json',
    JSON.stringify([{ prefix: `s3://${bucket}/` }, ...names.map((name) => `photos/${name}`)]),
  );
  return {
    TransformJobName: 'st29-score-0-0',
    ModelName: 'st29-model',
    BatchStrategy: 'SingleRecord',
    MaxConcurrentTransforms: 3,
    MaxPayloadInMB: 1,
    ModelClientConfig: { InvocationsTimeoutInSeconds: 'hang' in photos ? 1 : 30, InvocationsMaxRetries: 1 },
    TransformInput: {
      ContentType: 'image/jpeg',
      SplitType: 'None',
      CompressionType: 'None',
      DataSource: { S3DataSource: { S3DataType: 'ManifestFile', S3Uri: `s3://${bucket}/manifest.json` } },
    },
    TransformOutput: {
      S3OutputPath: `s3://${bucket}/scores`,
      Accept: 'application/json',
      AssembleWith: 'None',
    },
    TransformResources: { InstanceType: 'ml.c5.xlarge', InstanceCount: 1 },
    ...members,
  };
}

test('each photo is asked for once, as many at a time as allowed, and its answer kept', async () => {
  await createModel();
  const photos = Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [`a b (${n}).jpg`, 'x'.repeat(n + 1)]),
  );

  const answer = await runTask(TRANSFORM, await transform(photos));
  const scores = await keys('scores/');
  const outs = await Promise.all(scores.map(async (key) => JSON.parse(await getText(key))));

  expect(answer).toMatchObject({ TransformJobName: 'st29-score-0-0', TransformJobStatus: 'Completed' });
  expect(scores.sort()).toEqual(
    Object.keys(photos)
      .map((name) => `scores/photos/${name}.out`)
      .sort(),
  );
  expect(outs.map(({ score }) => score).sort((one, other) => one - other)).toEqual(
    Array.from({ length: 12 }, (_, n) => n + 1),
  );
  expect(Math.max(...outs.map(({ most }) => most))).toBe(3);
  expect(outs[0]).toMatchObject({
    type: 'image/jpeg',
    accept: 'application/json',
    env: {
      SAGEMAKER_BATCH: 'true',
      SAGEMAKER_PROGRAM: 'inference.py',
      SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: '3',
      SM_MODEL_DIR: expect.stringMatching(/\/model$/),
      SAGEMAKER_SUBMIT_DIRECTORY: expect.stringMatching(/\/running\/Transform\/st29-score-0-0\/model\/code$/),
    },
  });
});

test.each([
  [
    'the model fails on',
    { b: 'broken' },
    '1 of 3 objects failed; see the log of the job. The first: photos/b: 500 cannot read this photo',
  ],
  [
    'is larger than MaxPayloadInMB',
    { b: 'x'.repeat(2 ** 20 + 1) },
    'photos/b: 413 1048577 bytes are more than MaxPayloadInMB (1) allows',
  ],
  ['takes longer than allowed', { hang: 'hang' }, 'photos/hang: 504 no answer'],
])('a photo that %s fails the job after the others are done', async (_what, photos, reason) => {
  await createModel();

  const { error, cause } = await failureOf(
    runTask(TRANSFORM, await transform({ a: 'fine', ...photos, c: 'fine' })),
  );

  expect(error).toBe('States.TaskFailed');
  expect(JSON.parse(cause)).toMatchObject({
    TransformJobStatus: 'Failed',
    FailureReason: expect.stringContaining(reason),
  });
  expect(await keys('scores/')).toEqual(['scores/photos/a.out', 'scores/photos/c.out']);
  expect(readFileSync(join(folder, 'logs', 'jobs', 'st29-score-0-0.log'), 'utf8')).toMatch(
    /^photos\/(b|hang): \d{3} /m,
  );
});

test('an answer that failed once is asked for again', async () => {
  await createModel();

  expect(await runTask(TRANSFORM, await transform({ a: 'flaky' }))).toMatchObject({
    TransformJobStatus: 'Completed',
  });
});

test.each([
  ['ends while it is asked', SERVE, { a: 'exit' }, 'AlgorithmError: The model server ended (exit code 3'],
  ['cannot start', 'raise ValueError("no weights")', { a: 'x' }, 'ValueError: no weights'],
  ['is missing', null, { a: 'x' }, 'model.tar.gz must hold code/serve'],
])('a model server that %s fails the job', async (_what, serve, photos, reason) => {
  await createModel(serve);

  const { cause } = await failureOf(runTask(TRANSFORM, await transform(photos)));

  expect(JSON.parse(cause).FailureReason).toContain(reason);
});

test.each([
  ['leads out of its folder', { name: '../../escaped', type: 'file' as const }, 'a path with ".."'],
  [
    'holds a link',
    { name: 'model.pth', type: 'symlink' as const, linkname: '/etc/hosts' },
    'entry "model.pth"). Found: a symlink',
  ],
])('a model whose archive %s fails the job', async (_what, header, reason) => {
  await createModel();
  await put('model.tar.gz', await archiveOf({ ...header, body: header.type === 'file' ? 'x' : '' }));

  const { cause } = await failureOf(runTask(TRANSFORM, await transform({ a: 'x' })));

  expect(JSON.parse(cause).FailureReason).toContain(reason);
});

test('a stopped execution stops its transform', async () => {
  await createModel();
  const execution = new AbortController();
  const request = await transform({ a: 'hang' }, { ModelClientConfig: { InvocationsTimeoutInSeconds: 60 } });
  const job = runTask(TRANSFORM, request, execution.signal);
  await sleep(500);

  execution.abort(new Error('stopped'));
  await expect(job).rejects.toThrow('stopped');
  await service.stop();
  await serve();
  const described = await client.send(
    new DescribeTransformJobCommand({ TransformJobName: 'st29-score-0-0' }),
  );

  expect(described).toMatchObject({ TransformJobStatus: 'Stopped' });
});

test('a model needs its file, exists once, and is free again after its deletion', async () => {
  await createModel();
  const described = await client.send(new DescribeModelCommand({ ModelName: 'st29-model' }));

  const twice = await failureOf(createModel());
  await runTask(DELETE_MODEL, { ModelName: 'st29-model' });
  const gone = await failureOf(runTask(DELETE_MODEL, { ModelName: 'st29-model' }));
  await createModel();
  const noFile = await failureOf(
    runTask(CREATE_MODEL, {
      ModelName: 'other',
      ExecutionRoleArn: ROLE,
      PrimaryContainer: { Image: 'i', ModelDataUrl: `s3://${bucket}/none.tar.gz` },
    }),
  );

  expect(described.ModelArn).toBe('arn:aws:sagemaker:us-west-2:000000000000:model/st29-model');
  expect(twice.cause).toContain('Cannot create already existing model');
  expect(gone).toMatchObject({
    error: 'SageMaker.ValidationException',
    cause: expect.stringContaining('Could not find model'),
  });
  expect(noFile.cause).toContain(`Could not find model data at s3://${bucket}/none.tar.gz`);
});
