import { createServer } from 'node:http';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CreateTopicCommand, DeleteTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SMOKE_STEPS, type SmokePlace, type SmokeStep } from '../../cli/smoke/steps.ts';
import { trySteps } from '../../cli/smoke.ts';
import { readStage } from '../../config/stage.ts';
import { listenLocally } from '../../local/door.ts';
import { type JsonApi, startJsonApi } from '../../local/json-api.ts';
import { environmentCredentials } from '../support/environment-credentials.ts';
import { type Moto, startMoto } from './moto.ts';

/** What `fpe smoke` makes of the e-mail about a failure where AWS sends it: of its subscription, its rule and its deliveries. */
const TOPIC = 'fpe-example-rank';
const machine = 'arn:aws:states:us-west-2:123456789012:stateMachine:fpe-example-train-station';
const execution = 'arn:aws:states:us-west-2:123456789012:execution:fpe-example-train-station:one';
const START_MS = 120_000;

let moto: Moto;
let stepFunctions: JsonApi;
let topicArn: string;
/** What CloudWatch counts once the execution has been started. */
let counted: Record<string, number>;

beforeAll(async () => {
  moto = await startMoto();
  const instant = () => Date.now() / 1000;
  stepFunctions = await startJsonApi(
    { target: 'AWSStepFunctions', version: '1.0' },
    {
      StartExecution: async () => {
        await count(counted);
        return { executionArn: execution, startDate: instant() };
      },
      DescribeExecution: () => ({
        executionArn: execution,
        stateMachineArn: machine,
        name: 'one',
        status: 'FAILED',
        error: 'InvalidInput',
        cause: '{"errorType": "InvalidInput", "errorMessage": "The input has 2 faults"}',
        startDate: instant(),
        stopDate: instant(),
      }),
      GetExecutionHistory: () => ({ events: [] }),
      DescribeStateMachineForExecution: () => ({
        stateMachineArn: machine,
        name: 'fpe-example-train-station',
        definition: '{"StartAt": "PrepareRun", "States": {"PrepareRun": {"Type": "Task"}}}',
        roleArn: 'arn:aws:iam::123456789012:role/machine',
        updateDate: instant(),
      }),
    },
    { credentials: environmentCredentials() },
  );
  process.env.AWS_ENDPOINT_URL_SFN = stepFunctions.endpoint;
}, START_MS);
afterAll(async () => {
  await Promise.all([stepFunctions.stop(), moto.stop()]);
});
beforeEach(async () => {
  counted = {};
  topicArn = (await new SNSClient({}).send(new CreateTopicCommand({ Name: TOPIC }))).TopicArn as string;
});
afterEach(async () => {
  await new SNSClient({}).send(new DeleteTopicCommand({ TopicArn: topicArn }));
  await fetch(`${moto.endpoint}/moto-api/reset`, { method: 'POST' });
});

async function count(sums: Record<string, number>): Promise<void> {
  const of = {
    'AWS/Events': { Name: 'RuleName', Value: `${TOPIC}-execution-ended-badly` },
    'AWS/SNS': { Name: 'TopicName', Value: TOPIC },
  };
  for (const [Namespace, dimension] of Object.entries(of)) {
    const isOfRule = Namespace === 'AWS/Events';
    const MetricData = Object.entries(sums)
      .filter(([name]) => /Invocations$/.test(name) === isOfRule)
      .map(([MetricName, Value]) => ({ MetricName, Value, Dimensions: [dimension] }));
    if (MetricData.length > 0)
      await new CloudWatchClient({}).send(new PutMetricDataCommand({ Namespace, MetricData }));
  }
}

const subscribe = () =>
  new SNSClient({}).send(
    new SubscribeCommand({ TopicArn: topicArn, Protocol: 'email', Endpoint: 'team@example.org' }),
  );

async function failureEmail(notificationEmail = 'team@example.org') {
  const place: SmokePlace = {
    stage: { ...readStage('example'), notificationEmail },
    machines: { 'train-station': machine, 'score-station': machine, 'refresh-stations': machine },
    modelBucket: 'models',
    stationId: 29,
    firstRun: {},
    epochsToStop: 20,
    codes: 'RANK-SMOKE',
    scores: false,
    notificationsLog: null,
    intervalMs: 10,
    onState: () => undefined,
  };
  const step = SMOKE_STEPS.find(({ name }) => name === 'failure-email') as SmokeStep;
  const [row] = await trySteps([step], place, () => undefined);
  return row;
}

describe('the e-mail about a failure', () => {
  test('has come once SNS has counted a delivery', async () => {
    await subscribe();
    counted = { Invocations: 1, NumberOfNotificationsDelivered: 1 };

    expect(await failureEmail()).toMatchObject({
      status: 'passed',
      found: 'delivered to team@example.org; look into that mailbox',
    });
  });

  test('has not come where EventBridge could not call the function', async () => {
    await subscribe();
    counted = { Invocations: 1, FailedInvocations: 1 };

    expect(await failureEmail()).toMatchObject({
      status: 'failed',
      found: 'FailedInvocations of fpe-example-rank-execution-ended-badly is 1',
    });
  });

  test('has not come where SNS could not deliver it', async () => {
    await subscribe();
    counted = { Invocations: 1, NumberOfNotificationsFailed: 1 };

    expect(await failureEmail()).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('SNS could not'),
    });
  });

  test('is left to the eyes of a person who may not ask SNS', async () => {
    const refusing = createServer((_, response) => {
      response
        .writeHead(403, { 'content-type': 'text/xml' })
        .end(
          '<ErrorResponse><Error><Code>AuthorizationError</Code><Message>not you</Message></Error></ErrorResponse>',
        );
    });
    process.env.AWS_ENDPOINT_URL_SNS = await listenLocally(refusing);
    try {
      expect(await failureEmail()).toMatchObject({
        status: 'skipped',
        found: expect.stringMatching(/^could not be checked, as these credentials may not ask \(.*not you\)/),
      });
    } finally {
      delete process.env.AWS_ENDPOINT_URL_SNS;
      refusing.closeAllConnections();
      refusing.close();
    }
  });

  test('goes to nobody where nobody is subscribed, which the stage may want', async () => {
    expect(await failureEmail()).toMatchObject({
      status: 'failed',
      found: 'the subscription is not confirmed: there is no subscriber',
    });
    expect(await failureEmail('')).toMatchObject({ status: 'skipped' });
  });
});
