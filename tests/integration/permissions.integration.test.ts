import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Template } from '../../deployment/package.ts';
import { LOCAL_STAGE } from '../../local/account.ts';
import { executionHistory, startExecution, stopExecution } from '../../shared/aws/executions.ts';
import { findSize, writeObject as putObject, readText } from '../../shared/aws/object-store.ts';
import { listOf } from '../../shared/aws/policy-document.ts';
import type { Promotion } from '../../shared/execution/train-station-state.ts';
import { objectOf } from '../../shared/formats/object-location.ts';
import { packageOnce } from '../fixtures/packages.ts';
import { insertImageset, insertStation } from '../fixtures/station.ts';
import { isAllowed, matches, type Request, type Statement, statementsOfRole } from '../templates/iam.ts';
import {
  drawPhoto,
  ended,
  importGoldenStation,
  machineArnOf,
  STACK_TIMEOUT_MS,
  startTestStack,
  type TestStack,
  until,
} from './test-stack.ts';
import { publishUpstreamModel, UPSTREAM_CODE } from './upstream-model.ts';

/**
 * What the roles of the compiled template allow, against what is really done: every call of an AWS service that a function
 * logs while executions run on the local stack, and every job and task that the machine asks for.
 */
const REGION = 'us-west-2';
const ACCOUNT = '000000000000';

/** Permissions that no call of a function uses; each with the reason why it stays. */
const UNUSED: Record<string, string> = {
  'logs:CreateLogStream': 'used by Lambda itself',
  'logs:PutLogEvents': 'used by Lambda itself',
  'ec2:CreateNetworkInterface': 'used by Lambda itself, in the VPC',
  'ec2:DescribeNetworkInterfaces': 'used by Lambda itself, in the VPC',
  'ec2:DescribeSubnets': 'used by Lambda itself, in the VPC',
  'ec2:DeleteNetworkInterface': 'used by Lambda itself, in the VPC',
  'ec2:AssignPrivateIpAddresses': 'used by Lambda itself, in the VPC',
  'ec2:UnassignPrivateIpAddresses': 'used by Lambda itself, in the VPC',
  'sagemaker:ListTrainingJobs': 'used when the time of a training is over',
  'sagemaker:ListTransformJobs': 'used when the time of a transform job is over',
  'sagemaker:StopTrainingJob': 'as ListTrainingJobs',
  'sagemaker:StopTransformJob': 'as ListTransformJobs',
  'states:ListExecutions': 'used by WatchExecutions, and by SummarizeRefresh each time',
  's3:AbortMultipartUpload': 'used when a large upload fails',
  's3:DeleteObject':
    'used when a dataset has no observed values any more, or a model was not published after all; WithdrawPhotos uses it each time',
  's3:ListBucket': 'makes S3 answer 404 instead of 403 for an object that is missing; only listing calls it',
};

/** Functions that call no service, and run only where something went wrong; their roles allow nothing but logs. */
const WITHOUT_CALLS: Record<string, string> = {
  ResumeJob: 'only after a job was stopped',
  WatchExecutions: 'only by the clock, which the local stack does not go by',
};

type Call = { client: string; command: string } & Partial<
  Record<
    'Bucket' | 'Key' | 'CopySource' | 'SecretId' | 'executionArn' | 'stateMachineArn' | 'TopicArn',
    string
  >
>;

const PLANTED_KEY = 'fpe-local-usgs-key';

const s3Object = (bucket: string | undefined, key: string | undefined) => `arn:aws:s3:::${bucket}/${key}`;
const readObject = ({ Bucket, Key }: Call): Request[] => [
  { action: 's3:GetObject', resource: s3Object(Bucket, Key) },
];
const writeObject = ({ Bucket, Key }: Call): Request[] => [
  { action: 's3:PutObject', resource: s3Object(Bucket, Key) },
];

/** What IAM asks of each command (service authorization reference); a command that is not here fails the test. */
const REQUESTS: Record<string, (call: Call) => Request[]> = {
  GetObjectCommand: readObject,
  HeadObjectCommand: readObject,
  PutObjectCommand: writeObject,
  CreateMultipartUploadCommand: writeObject,
  UploadPartCommand: writeObject,
  CompleteMultipartUploadCommand: writeObject,
  CopyObjectCommand: (call) => [
    { action: 's3:GetObject', resource: `arn:aws:s3:::${decodeURIComponent(call.CopySource as string)}` },
    ...writeObject(call),
  ],
  DeleteObjectCommand: ({ Bucket, Key }) => [{ action: 's3:DeleteObject', resource: s3Object(Bucket, Key) }],
  ListObjectsV2Command: ({ Bucket }) => [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${Bucket}` }],
  GetSecretValueCommand: ({ SecretId }) =>
    // The stack plants a key of USGS, for which the stage local names no secret; tests/config/stage.test.ts has one that does.
    SecretId === PLANTED_KEY
      ? []
      : [
          {
            action: 'secretsmanager:GetSecretValue',
            // The six characters that Secrets Manager adds to a name.
            resource: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${SecretId}-AbCdEf`,
          },
        ],
  PublishCommand: ({ TopicArn }) => {
    const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/NotificationKey`;
    return [
      { action: 'sns:Publish', resource: TopicArn as string },
      { action: 'kms:GenerateDataKey', resource: key },
      { action: 'kms:Decrypt', resource: key },
    ];
  },
  ListExecutionsCommand: ({ stateMachineArn }) => [
    { action: 'states:ListExecutions', resource: stateMachineArn as string },
  ],
  DescribeExecutionCommand: ({ executionArn }) => [
    { action: 'states:DescribeExecution', resource: executionArn as string },
  ],
};

let local: TestStack;
let template: Template;
/** What was decided of a second model that was to become the default only if it is better. */
let promotion: Promotion;
/** Key of a function, e.g. PlanMerge → what it called. */
let calls: Map<string, Call[]>;
type Task = { resource: string; parameters: Record<string, unknown> };
/** Tasks that a machine scheduled in an execution that was published. */
let tasks: Task[];
let scoringTasks: Task[];
let refreshTasks: Task[];
/** Functions that each machine called in these. */
const called: Record<string, string[]> = {};

beforeAll(async () => {
  local = await startTestStack();
  const stationId = await importGoldenStation(local);
  await recordGage();
  await local.database.query("UPDATE stations SET nwis_id = '01171100' WHERE id = $1", [stationId]);
  const machine = local.stack.machines[0]?.arn as string;
  const input = {
    station_id: stationId,
    model_code: 'RANK-FLOW-20260401',
    max_hour: 17,
    n_epochs: 1,
    unfreeze_after: 1,
    input_size: 40,
    batch_size: 32,
    pretrained: false,
    merge_batch_size: 20,
  };
  // A stopped execution leaves its claim: the next one asks whether it still runs.
  const stopped = await startExecution(machine, input, 'stopped');
  await until(async () => (await findSize(claimOf(stationId))) !== null);
  await stopExecution(stopped, 'test');
  const execution = await ended(await startExecution(machine, input, 'published'));
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
  // Compares itself with the model that is the default by now.
  const second = await local.run({ ...input, model_code: 'SECOND', promote: 'if_better' });
  if (second.status !== 'SUCCEEDED') throw new Error(`${second.error}: ${second.cause}`);
  promotion = JSON.parse(second.output as string).promotion;
  // Looks for the weights and does not find them.
  await local.run({ ...input, model_code: 'PRETRAINED', pretrained: true });

  await startFromUpstream(machine, input);

  tasks = await readTasks('TrainStation', execution.executionArn as string);
  scoringTasks = await readTasks('ScoreStation', await scoreNewPhotos(stationId));
  refreshTasks = await readTasks('RefreshStations', await refreshStation(stationId));
  template = (await packageOnce('local')).template;
  calls = readCalls(join(local.stack.folder, 'logs', 'functions'));
}, STACK_TIMEOUT_MS);
afterAll(() => local.stop());

const claimOf = (stationId: number, name = 'claim.json') => ({
  bucket: LOCAL_STAGE.modelBucket,
  key: `rank/${stationId}/models/RANK-FLOW-20260401/${name}`,
});

async function readTasks(machine: string, executionArn: string): Promise<Task[]> {
  const events = await executionHistory(executionArn);
  called[machine] = events.flatMap(({ lambdaFunctionScheduledEventDetails: scheduled }) =>
    scheduled?.resource ? [scheduled.resource] : [],
  );
  return events.flatMap((event) => {
    const { resourceType, resource, parameters } = event.taskScheduledEventDetails ?? {};
    return parameters
      ? [{ resource: `${resourceType}:${resource}`, parameters: JSON.parse(parameters) }]
      : [];
  });
}

/** A training that starts from a model of another station, which upstream has published. */
async function startFromUpstream(machine: string, input: object): Promise<void> {
  const { database } = local;
  const { id } = await insertStation(database);
  const [published] = (await database.query("SELECT uuid FROM models WHERE code = 'RANK-FLOW-20260401'"))
    .rows;
  const archive = {
    bucket: local.stack.env.STORAGE_BUCKET as string,
    key: `models/${published.uuid}/model.tar.gz`,
  };
  await publishUpstreamModel(local, id, archive, 'timestamp,filename,score\n');
  const start_from = { station_id: id, model_code: UPSTREAM_CODE };
  const started = await ended(
    await startExecution(machine, { ...input, model_code: 'STARTED', start_from }, 'started'),
  );
  if (started.status !== 'SUCCEEDED') throw new Error(`${started.error}: ${started.cause}`);
  await database.query('DELETE FROM models WHERE station_id = $1', [id]);
}

/**
 * Everything that score-station may have to do: with a model of ours and one of upstream, new photos and one that shows
 * people since, and after executions that were stopped.
 *
 * @returns ARN of an execution that scored
 */
async function scoreNewPhotos(stationId: number): Promise<string> {
  const { database, stack } = local;
  const bucket = stack.env.STORAGE_BUCKET as string;
  process.env.STORAGE_BUCKET = bucket;
  const { keys } = await insertImageset(database, stationId, [
    { timestamp: '2026-04-02T15:00:00Z', filename: 'new (1).JPG' },
  ]);
  await putObject({ bucket, key: keys[0] as string }, drawPhoto(9000, 20), 'image/jpeg');
  await database.query('UPDATE images SET pii_on = true WHERE id = 5002');
  const machine = machineArnOf(stack, 'score-station');
  const scoring = { station_id: stationId, model_code: 'RANK-FLOW-20260401' };
  const stopped = await startExecution(machine, scoring, 'stopped');
  await until(async () => (await findSize(claimOf(stationId, 'scoring-claim.json'))) !== null);
  await stopExecution(stopped, 'test');
  const execution = await ended(await startExecution(machine, scoring, 'scored'));
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);

  const { model_uuid } = JSON.parse(execution.output as string);
  const archive = { bucket, key: `models/${model_uuid}/model.tar.gz` };
  await publishUpstreamModel(local, stationId, archive, 'timestamp,filename,score\n', {
    default: false,
  });
  const upstream = await local.run({ ...scoring, model_code: UPSTREAM_CODE }, 'score-station');
  if (upstream.status !== 'SUCCEEDED') throw new Error(`${upstream.error}: ${upstream.cause}`);
  return execution.executionArn as string;
}

/**
 * A refresh of a training that fails for want of weights, and one after it that asks whether the first still runs.
 *
 * @returns ARN of the first
 */
async function refreshStation(stationId: number): Promise<string> {
  const train = { model_code: 'REFRESHED', pretrained: true };
  const input = { station_ids: [stationId], mode: 'train', min_new_pairs: 0, train };
  const execution = await local.run(input, 'refresh-stations');
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
  await local.run({ station_ids: [stationId], mode: 'score' }, 'refresh-stations');
  return execution.executionArn as string;
}

/** A gage that USGS has no discharge of, so that FPE's own values are used. */
async function recordGage(): Promise<void> {
  const folder = join(local.stack.folder, 'usgs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'USGS-01171100.json'),
    JSON.stringify({
      type: 'FeatureCollection',
      features: Array.from({ length: 300 }, (_, hour) => ({
        type: 'Feature',
        properties: {
          time_series_id: 'one',
          monitoring_location_id: 'USGS-01171100',
          parameter_code: '00060',
          time: new Date(Date.UTC(2026, 0, 31) + hour * 3_600_000).toISOString(),
          value: String(10 + (hour % 50)),
          approval_status: 'Approved',
        },
      })),
    }),
  );
}

/** The lines that shared/aws/call-log.ts writes, by function. */
function readCalls(folder: string): Map<string, Call[]> {
  const found = readdirSync(folder).map((file) => {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    const made = lines.flatMap((line) =>
      line.includes('"called AWS"') ? [(JSON.parse(line) as { call: Call }).call] : [],
    );
    return [pascalCase(file.replace(/^fpe-local-|\.log$/g, '')), made] as const;
  });
  return new Map(found);
}

const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

const functionNames = (): string[] =>
  Object.keys(template.Resources).flatMap((id) => /^(\w+)LambdaFunction$/.exec(id)?.[1] ?? []);

const requestsOf = (name: string): Request[] =>
  (calls.get(name) ?? []).flatMap((call) => {
    const requests = REQUESTS[call.command];
    if (!requests) throw new Error(`${name} calls ${call.command}: add what IAM asks of it to REQUESTS`);
    return requests(call);
  });

const told = ({ action, resource }: Request): string => `${action} ${resource}`;

describe('functions', () => {
  test('have all run, and have called AWS', () => {
    const calling = functionNames().filter((name) => !(name in WITHOUT_CALLS));
    expect([...calls.keys()].filter((name) => !(name in WITHOUT_CALLS)).sort()).toEqual(calling.sort());
    for (const name of calling)
      expect({ name, calls: requestsOf(name).length }).not.toEqual({ name, calls: 0 });
  });

  test('may do what they do', () => {
    const refused = functionNames().flatMap((name) => {
      const statements = statementsOfRole(template, `${name}Role`);
      return requestsOf(name)
        .filter((request) => !isAllowed(statements, request))
        .map((request) => `${name}: ${told(request)}`);
    });

    expect([...new Set(refused)]).toEqual([]);
  });

  test('may not do what other functions do', () => {
    const mayReadSecret = functionNames().filter((name) =>
      isAllowed(statementsOfRole(template, `${name}Role`), {
        action: 'secretsmanager:GetSecretValue',
        resource: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${LOCAL_STAGE.dbSecret}-AbCdEf`,
      }),
    );
    const mayPublish = functionNames().filter((name) =>
      isAllowed(statementsOfRole(template, `${name}Role`), {
        action: 's3:PutObject',
        resource: s3Object(LOCAL_STAGE.storageBucket, 'models/6f2c/predictions.csv'),
      }),
    );
    const mayWritePhotos = functionNames().filter((name) =>
      isAllowed(statementsOfRole(template, `${name}Role`), {
        action: 's3:PutObject',
        resource: s3Object(LOCAL_STAGE.storageBucket, 'imagesets/6f2c/images/a.jpg'),
      }),
    );

    expect(mayReadSecret).toEqual([
      'PrepareRun',
      'ExportStation',
      'DecidePromotion',
      'PublishModel',
      'PrepareScoring',
      'SelectPhotos',
      'PublishPredictions',
      'WithdrawPhotos',
      'PlanRefresh',
    ]);
    expect(mayPublish).toEqual(['PublishModel', 'PublishPredictions', 'WithdrawPhotos']);
    expect(mayWritePhotos).toEqual([]);
  });

  test('have no permission that nothing uses, but those whose reason is known', () => {
    const unused = functionNames().flatMap((name) => {
      const made = requestsOf(name);
      const statements = statementsOfRole(template, `${name}Role`).filter(({ Effect }) => Effect === 'Allow');
      return statements.flatMap((statement) =>
        unusedActions(statement, made).map((action) => `${name}: ${action}`),
      );
    });

    const unexplained = unused.filter((found) => !((found.split(': ')[1] as string) in UNUSED));
    expect(unexplained).toEqual([]);
    // Nor is there a reason for what is not there.
    expect(
      Object.keys(UNUSED).filter((action) => !unused.some((found) => found.endsWith(` ${action}`))),
    ).toEqual([]);
  });
});

/** Actions of a statement that none of the requests needed. */
const unusedActions = (statement: Statement, made: readonly Request[]): string[] =>
  listOf(statement.Action).filter(
    (Action) => !made.some((request) => matches({ ...statement, Action }, request)),
  );

describe('the machine', () => {
  const arn = (service: string, rest: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;
  const eventsRule = (jobs: string): Request[] =>
    ['PutTargets', 'PutRule', 'DescribeRule'].map((action) => ({
      action: `events:${action}`,
      resource: arn('events', `rule/StepFunctionsGetEventsForSageMaker${jobs}Rule`),
    }));
  const sageMaker = (actions: string[], resource: string): Request[] =>
    actions.map((action) => ({ action: `sagemaker:${action}`, resource }));
  const passRole = (role: unknown): Request => ({
    action: 'iam:PassRole',
    resource: String(role),
    context: { 'iam:PassedToService': 'sagemaker.amazonaws.com' },
  });

  /** What Step Functions needs for a task (Step Functions guide, "IAM policies for integrated services"). */
  function requestsOfTask({
    resource,
    parameters,
  }: {
    resource: string;
    parameters: Record<string, unknown>;
  }): Request[] {
    switch (resource) {
      case 'sagemaker:createTrainingJob.sync': {
        const job = arn('sagemaker', `training-job/${parameters.TrainingJobName}`);
        const actions = ['CreateTrainingJob', 'DescribeTrainingJob', 'StopTrainingJob', 'AddTags'];
        return [...sageMaker(actions, job), passRole(parameters.RoleArn), ...eventsRule('TrainingJobs')];
      }
      case 'sagemaker:createTransformJob.sync': {
        const job = arn('sagemaker', `transform-job/${parameters.TransformJobName}`);
        const actions = ['CreateTransformJob', 'DescribeTransformJob', 'StopTransformJob', 'AddTags'];
        return [...sageMaker(actions, job), ...eventsRule('TransformJobs')];
      }
      case 'sagemaker:createModel':
        return [
          ...sageMaker(['CreateModel', 'AddTags'], arn('sagemaker', `model/${parameters.ModelName}`)),
          passRole(parameters.ExecutionRoleArn),
        ];
      case 'aws-sdk:sagemaker:deleteModel':
        return sageMaker(['DeleteModel'], arn('sagemaker', `model/${parameters.ModelName}`));
      case 'states:startExecution.sync:2': {
        const machine = String(parameters.StateMachineArn);
        const execution = `${machine.replace(':stateMachine:', ':execution:')}:${parameters.Name}`;
        const rule = arn('events', 'rule/StepFunctionsGetEventsForStepFunctionsExecutionRule');
        return [
          { action: 'states:StartExecution', resource: machine },
          ...['states:DescribeExecution', 'states:StopExecution'].map((action) => ({
            action,
            resource: execution,
          })),
          ...['PutTargets', 'PutRule', 'DescribeRule'].map((action) => ({
            action: `events:${action}`,
            resource: rule,
          })),
        ];
      }
      case 'sns:publish': {
        const key = arn('kms', 'key/NotificationKey');
        return [
          { action: 'sns:Publish', resource: String(parameters.TopicArn) },
          { action: 'kms:GenerateDataKey', resource: key },
          { action: 'kms:Decrypt', resource: key },
        ];
      }
      default:
        throw new Error(`The machine runs ${resource}: say here what its role needs for it`);
    }
  }

  const SCORING_TASKS = [
    'sagemaker:createModel',
    'sagemaker:createTransformJob.sync',
    'aws-sdk:sagemaker:deleteModel',
  ];

  test.each([
    ['TrainStation', () => tasks, ['sagemaker:createTrainingJob.sync', ...SCORING_TASKS]],
    ['ScoreStation', () => scoringTasks, SCORING_TASKS],
    ['RefreshStations', () => refreshTasks, ['states:startExecution.sync:2', 'sns:publish']],
  ])('%s may start each function and each task that it ran', (machine, tasksOf, expected) => {
    const statements = statementsOfRole(template, `${machine}Role`);
    const functions = (called[machine] as string[]).map((resource) => ({
      action: 'lambda:InvokeFunction',
      resource,
    }));
    const requests = [...functions, ...tasksOf().flatMap(requestsOfTask)];

    expect(tasksOf().map(({ resource }) => resource)).toEqual(expected);
    expect(new Set(called[machine]).size).toBeGreaterThanOrEqual(2);
    expect(requests.filter((request) => !isAllowed(statements, request)).map(told)).toEqual([]);
  });

  test('RefreshStations may not start itself, nor machines of another stage', () => {
    const statements = statementsOfRole(template, 'RefreshStationsRole');

    for (const name of ['fpe-local-refresh-stations', 'fpe-prod-train-station'])
      expect(
        isAllowed(statements, {
          action: 'states:StartExecution',
          resource: arn('states', `stateMachine:${name}`),
        }),
      ).toBe(false);
  });

  test('ScoreStation may not train, nor call the functions of a training', () => {
    const statements = statementsOfRole(template, 'ScoreStationRole');

    expect(
      isAllowed(statements, {
        action: 'sagemaker:CreateTrainingJob',
        resource: arn('sagemaker', 'training-job/fpe-local-rank-29-a-train-0-0'),
      }),
    ).toBe(false);
    expect(
      isAllowed(statements, {
        action: 'lambda:InvokeFunction',
        resource: arn('lambda', 'function:fpe-local-publish-model'),
      }),
    ).toBe(false);
  });

  test('may not touch the jobs of another stage, nor hand its role of jobs to another service', () => {
    const statements = statementsOfRole(template, 'TrainStationRole');
    const training = tasks[0] as (typeof tasks)[number];

    expect(
      isAllowed(statements, {
        action: 'sagemaker:StopTrainingJob',
        resource: arn('sagemaker', 'training-job/fpe-prod-rank-29-a-train-0-0'),
      }),
    ).toBe(false);
    expect(
      isAllowed(statements, {
        ...passRole(training.parameters.RoleArn),
        context: { 'iam:PassedToService': 'lambda.amazonaws.com' },
      }),
    ).toBe(false);
    expect(
      isAllowed(statements, {
        action: 'lambda:InvokeFunction',
        resource: arn('lambda', 'function:fpe-local-other'),
      }),
    ).toBe(false);
  });
});

describe('jobs', () => {
  type Channels = { DataSource: { S3DataSource: { S3DataType: string; S3Uri: string } } }[];
  const at = (uri: string): string => {
    const { bucket, key } = objectOf(uri);
    return s3Object(bucket, key);
  };

  /** The photos of a manifest, and the manifest itself. */
  async function objectsOfManifest(uri: string): Promise<string[]> {
    const [{ prefix }, ...keys] = JSON.parse(await readText(objectOf(uri))) as [
      { prefix: string },
      ...string[],
    ];
    return [at(uri), ...keys.map((key) => at(`${prefix}${key}`))];
  }

  test('may read what they are given and write what they make, and may not write photos or published models', async () => {
    const statements = statementsOfRole(template, 'SageMakerRole');
    const parametersOf = (resource: string) =>
      tasks.find((task) => task.resource === resource)?.parameters as Record<string, unknown>;
    const training = parametersOf('sagemaker:createTrainingJob.sync');
    const transform = parametersOf('sagemaker:createTransformJob.sync');
    const model = parametersOf('sagemaker:createModel');
    const scoringModel = scoringTasks[0]?.parameters as Record<string, unknown>;
    const channels = (training.InputDataConfig as Channels).map(({ DataSource }) => DataSource.S3DataSource);
    const { S3Uri: scored } = (transform.TransformInput as Channels[number]).DataSource.S3DataSource;
    const read = [
      ...(await Promise.all(
        channels.map(({ S3DataType, S3Uri }) =>
          S3DataType === 'ManifestFile' ? objectsOfManifest(S3Uri) : [at(S3Uri)],
        ),
      )),
      await objectsOfManifest(scored),
      ...[model, scoringModel].map(({ PrimaryContainer }) =>
        at((PrimaryContainer as { ModelDataUrl: string }).ModelDataUrl),
      ),
    ].flat();
    const { S3Uri: checkpoints } = training.CheckpointConfig as { S3Uri: string };
    const written = [
      `${(training.OutputDataConfig as { S3OutputPath: string }).S3OutputPath}/job/output/model.tar.gz`,
      `${checkpoints}/epoch_00.pth`,
      `${(transform.TransformOutput as { S3OutputPath: string }).S3OutputPath}/imagesets/a/images/b.jpg.out`,
    ].map(at);
    const requests = [
      ...read.map((resource) => ({ action: 's3:GetObject', resource })),
      ...written.map((resource) => ({ action: 's3:PutObject', resource })),
      { action: 's3:DeleteObject', resource: at(`${checkpoints}/epoch_00.pth`) },
      { action: 's3:ListBucket', resource: `arn:aws:s3:::${LOCAL_STAGE.modelBucket}` },
    ];
    const forbidden = ['imagesets/a/images/b.jpg', 'models/6f2c/model.tar.gz', 'annotations/a.json'].map(
      (key) => ({
        action: 's3:PutObject',
        resource: s3Object(LOCAL_STAGE.storageBucket, key),
      }),
    );

    expect(read.length).toBeGreaterThan(50);
    expect(requests.filter((request) => !isAllowed(statements, request)).map(told)).toEqual([]);
    expect(forbidden.filter((request) => isAllowed(statements, request)).map(told)).toEqual([]);
  });
});

test('a second model is compared with the first on the pairs that both were held out from, and the row says the outcome', async () => {
  const { rows } = await local.database.query('SELECT code FROM models WHERE "default"');

  expect(promotion).toMatchObject({
    current_model_code: 'RANK-FLOW-20260401',
    reason: expect.stringContaining('held-out pairs'),
  });
  expect(promotion.pairs).toBeGreaterThan(10);
  // Trained alike from the same seed, it is exactly as good.
  expect(promotion.accuracy).toBe(promotion.current_accuracy);
  expect(rows).toEqual([{ code: promotion.make_default ? 'SECOND' : 'RANK-FLOW-20260401' }]);
});

test('what a run scored and how well lies in the logs in the format that CloudWatch makes metrics of', () => {
  const linesOf = (name: string) =>
    readFileSync(join(local.stack.folder, 'logs', 'functions', `fpe-local-${name}.log`), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"_aws"'))
      .map((line) => JSON.parse(line));

  const [scoring] = linesOf('combine-predictions');
  const [tau] = linesOf('build-report');

  expect(scoring).toMatchObject({
    service: 'fpe-local-rank',
    _aws: { CloudWatchMetrics: [{ Namespace: 'fpe-local-rank', Dimensions: [['service']] }] },
  });
  expect(scoring.PhotosScored).toBeGreaterThan(10);
  expect(scoring.UnreadableShare).toBeCloseTo(
    (100 * scoring.PhotosUnreadable) / (scoring.PhotosScored + scoring.PhotosUnreadable),
  );
  expect(tau).toMatchObject({
    station_id: '1',
    _aws: { CloudWatchMetrics: [{ Dimensions: [['service', 'station_id']] }] },
  });
  expect(Math.abs(tau.KendallTau)).toBeLessThanOrEqual(1);
});

test('every line that a function logs carries the station, the model code and the execution', () => {
  const lines = readFileSync(
    join(local.stack.folder, 'logs', 'functions', 'fpe-local-plan-merge.log'),
    'utf8',
  )
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines)
    expect(line).toMatchObject({
      service: 'fpe-local-rank',
      station_id: 1,
      model_code: expect.stringMatching(/^(RANK-FLOW-202\d{5}|SECOND|STARTED)$/),
      execution_arn: expect.stringMatching(/:execution:fpe-local-(train|score)-station:[\w-]+$/),
    });
});
