import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { strFromU8, unzipSync } from 'fflate';
import bundling from '../../browser/bundling.cjs';
import { readStage, stageNames } from '../../config/stage.ts';
import {
  hasScoringLibrary,
  type Manifest,
  packageStage,
  type Resource,
  type Template,
} from '../../deployment/package.ts';
import { listOf } from '../../shared/aws/policy-document.ts';
import { parseRefreshInput } from '../../shared/inputs/refresh-stations.ts';
import { PACKAGING_MS, packageOnce } from '../fixtures/packages.ts';
import { policiesOf, type Statement } from './iam.ts';

/** Every stage of the project as it would be deployed. */
const ROOT = join(import.meta.dirname, '../..');
const STAGES = stageNames();

let folder: string;
const packages = new Map<string, Awaited<ReturnType<typeof packageOnce>>>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-templates-'));
  for (const stage of STAGES) packages.set(stage, await packageOnce(stage));
}, PACKAGING_MS);
afterAll(() => rmSync(folder, { recursive: true }));

const exampleFolder = () => packages.get('example')?.folder as string;
const templateOf = (stage: string) => packages.get(stage)?.template as Template;
const statementsOf = (stage: string, role: string) =>
  policiesOf(templateOf(stage))
    .filter(({ name }) => name.startsWith(role))
    .flatMap(({ statements }) => statements)
    .filter(({ Principal }) => Principal === undefined);
const ofType = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

/** Actions that know no resource, or whose resource is the policy's own; each with the reason. */
const WITHOUT_RESOURCE: Record<string, string> = {
  'ec2:CreateNetworkInterface':
    'Lambda makes interfaces whose ids nobody knows before (Lambda, execution role)',
  'ec2:DescribeNetworkInterfaces': 'Describe actions of EC2 know no resource',
  'ec2:DescribeSubnets': 'Describe actions of EC2 know no resource',
  'ec2:DeleteNetworkInterface': 'as CreateNetworkInterface',
  'ec2:AssignPrivateIpAddresses': 'as CreateNetworkInterface',
  'ec2:UnassignPrivateIpAddresses': 'as CreateNetworkInterface',
  'cloudwatch:PutMetricData': 'metrics have no ARN; a condition limits the namespace',
  'ecr:GetAuthorizationToken': 'the token is for a registry, not a repository',
  'logs:CreateLogDelivery': 'log delivery has no ARN (Step Functions, CloudWatch Logs)',
  'logs:GetLogDelivery': 'as CreateLogDelivery',
  'logs:UpdateLogDelivery': 'as CreateLogDelivery',
  'logs:DeleteLogDelivery': 'as CreateLogDelivery',
  'logs:ListLogDeliveries': 'as CreateLogDelivery',
  'logs:PutResourcePolicy': 'as CreateLogDelivery',
  'logs:DescribeResourcePolicies': 'as CreateLogDelivery',
  'logs:DescribeLogGroups': 'as CreateLogDelivery',
  'sagemaker:ListTrainingJobs': 'lists know no resource (SageMaker, service authorization reference)',
  'sagemaker:ListTransformJobs': 'as ListTrainingJobs',
  'xray:PutTraceSegments': 'traces have no ARN (X-Ray, service authorization reference)',
  'xray:PutTelemetryRecords': 'as PutTraceSegments',
  'xray:GetSamplingRules': 'as PutTraceSegments',
  'xray:GetSamplingTargets': 'as PutTraceSegments',
};
/** In the policy of a key, `*` is that key. */
const OWN_RESOURCE = ['NotificationKey.KeyPolicy'];

/** What a service tells of itself when it uses a resource, by which a condition can let it in; sources in resources/. */
const SOURCE = ['aws:SourceAccount', 'aws:SourceArn'];
const TOLD_BY_SERVICES: Record<string, string[]> = {
  'cloudwatch.amazonaws.com → AWS::SNS::TopicPolicy': SOURCE,
  'cloudwatch.amazonaws.com → AWS::KMS::Key': SOURCE,
  'lambda.amazonaws.com → AWS::IAM::Role': [],
  'sagemaker.amazonaws.com → AWS::IAM::Role': SOURCE,
  'scheduler.amazonaws.com → AWS::IAM::Role': SOURCE,
  'states.amazonaws.com → AWS::IAM::Role': SOURCE,
};
const servicesOf = (principal: unknown): string[] =>
  listOf(((principal ?? {}) as { Service?: string | string[] }).Service ?? []);
const kindOf = (template: Template, policy: string): string =>
  template.Resources[policy.split('.')[0] as string]?.Type ?? policy;

describe.each(STAGES)('stage %s', (stage) => {
  test('no policy allows an action by a wildcard', () => {
    const wildcards = policiesOf(templateOf(stage)).flatMap(({ name, statements }) =>
      statements.flatMap(({ Action }) =>
        listOf(Action)
          .filter((action) => action.includes('*'))
          .map((action) => `${name}: ${action}`),
      ),
    );

    expect(wildcards).toEqual([]);
  });

  test('no policy is about all resources but where AWS knows none', () => {
    const found = policiesOf(templateOf(stage)).flatMap(({ name, statements }) =>
      statements
        .filter(
          ({ Effect, Resource }) =>
            Effect === 'Allow' && Resource !== undefined && listOf(Resource).includes('*'),
        )
        .flatMap(({ Action }) => (OWN_RESOURCE.includes(name) ? [] : listOf(Action))),
    );

    expect([...new Set(found)].filter((action) => !(action in WITHOUT_RESOURCE))).toEqual([]);
    expect(Object.keys(WITHOUT_RESOURCE).filter((action) => !found.includes(action))).toEqual([]);
  });

  test('nobody but services and roles of the account is let in', () => {
    const principals = policiesOf(templateOf(stage)).flatMap(({ statements }) =>
      statements.flatMap(({ Principal }) => (Principal === undefined ? [] : [JSON.stringify(Principal)])),
    );

    expect(principals.length).toBeGreaterThan(10);
    expect(principals.filter((principal) => /"\*"|\d{12}/.test(principal))).toEqual([]);
  });

  test('every function has a role of its own, and only those that use the database are in its VPC', () => {
    const functions = ofType(templateOf(stage), 'AWS::Lambda::Function').map(
      ([, { Properties = {} }]) => Properties,
    );
    const roles = functions.map(({ Role }) => JSON.stringify(Role));
    const inVpc = functions.filter(({ VpcConfig }) => VpcConfig !== undefined).map(({ Handler }) => Handler);
    const withSecret = functions.filter((properties) =>
      JSON.stringify(properties.Environment).includes('DB_SECRET_ID'),
    );

    expect(new Set(roles).size).toBe(functions.length);
    expect(inVpc).toEqual([
      'functions/prepare-run.handler',
      'functions/export-station.handler',
      'functions/decide-promotion.handler',
      'functions/publish-model.handler',
      'functions/prepare-scoring.handler',
      'functions/select-photos.handler',
      'functions/publish-predictions.handler',
      'functions/withdraw-photos.handler',
      'functions/plan-refresh.handler',
    ]);
    expect(withSecret.map(({ Handler }) => Handler)).toEqual(inVpc);
  });

  test('no role has a policy that AWS manages, nor one for several purposes (Q-F3)', () => {
    const roles = ofType(templateOf(stage), 'AWS::IAM::Role').map(([, { Properties = {} }]) => Properties);

    expect(roles.filter((properties) => properties.ManagedPolicyArns !== undefined)).toEqual([]);
    expect(roles.every((properties) => (properties.Policies as unknown[]).length === 1)).toBe(true);
  });

  test('every role that reads objects of a bucket may list it: S3 answers 403 for a missing object otherwise', () => {
    const bucketsOf = (statements: Statement[], action: string) =>
      statements
        .filter(({ Effect, Action }) => Effect === 'Allow' && listOf(Action).includes(action))
        .flatMap(({ Resource }) => listOf(Resource ?? []).map((one) => JSON.stringify(one)))
        .map((resource) => /:s3:::([^/"]+)/.exec(resource)?.[1]);
    const roles = policiesOf(templateOf(stage)).map(({ name, statements }) => ({
      name,
      read: new Set(bucketsOf(statements, 's3:GetObject')),
      listed: new Set(bucketsOf(statements, 's3:ListBucket')),
    }));

    expect(roles.filter(({ read }) => read.size > 0).length).toBeGreaterThan(10);
    const unlisted = roles.flatMap(({ name, read, listed }) =>
      [...read.difference(listed)].map((bucket) => `${name}: ${bucket}`),
    );
    expect(unlisted).toEqual([]);
  });

  test('every role has the boundary that the stage names, or none', () => {
    const { permissionsBoundary } = readStage(stage);
    const boundaries = ofType(templateOf(stage), 'AWS::IAM::Role').map(([, { Properties }]) =>
      JSON.stringify(Properties?.PermissionsBoundary),
    );

    expect(boundaries.length).toBeGreaterThanOrEqual(14);
    const expected = permissionsBoundary
      ? JSON.stringify({
          'Fn::Sub': `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:policy/${permissionsBoundary}`,
        })
      : JSON.stringify({ Ref: 'AWS::NoValue' });
    expect(new Set(boundaries)).toEqual(new Set([expected]));
  });

  test('functions run on Node.js 24 and arm64, with a log group that forgets', () => {
    const template = templateOf(stage);
    const functions = ofType(template, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties);
    const groups = ofType(template, 'AWS::Logs::LogGroup').map(([, { Properties }]) => Properties);

    expect(new Set(functions.map((properties) => properties?.Runtime))).toEqual(new Set(['nodejs24.x']));
    expect(functions.every((properties) => JSON.stringify(properties?.Architectures) === '["arm64"]')).toBe(
      true,
    );
    expect(groups).toHaveLength(
      functions.length + ofType(template, 'AWS::StepFunctions::StateMachine').length,
    );
    expect(new Set(groups.map((properties) => properties?.RetentionInDays))).toEqual(
      new Set([readStage(stage).logRetentionDays]),
    );
  });

  test('every machine is traced, and logs errors without data unless the stage asks for it', () => {
    const machines = ofType(templateOf(stage), 'AWS::StepFunctions::StateMachine');

    expect(machines.length).toBeGreaterThanOrEqual(2);
    for (const [, { Properties }] of machines)
      expect(Properties).toMatchObject({
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: readStage(stage).logExecutionData },
      });
  });

  test('every machine’s failures are told', () => {
    const machines = ofType(templateOf(stage), 'AWS::StepFunctions::StateMachine').map(([Ref]) => ({ Ref }));
    const rule = templateOf(stage).Resources.ExecutionEndedBadly as Resource;
    const { EventPattern } = rule.Properties as {
      EventPattern: { detail: { stateMachineArn: unknown[] } };
    };

    expect(EventPattern.detail.stateMachineArn).toEqual(expect.arrayContaining(machines));
    expect(EventPattern.detail.stateMachineArn).toHaveLength(machines.length);
  });

  test('no rule puts values of an event into a template, as EventBridge escapes none', () => {
    const rules = ofType(templateOf(stage), 'AWS::Events::Rule');
    const targets = rules.flatMap(([, { Properties }]) => Properties?.Targets as Record<string, unknown>[]);

    expect(targets.length).toBeGreaterThan(0);
    expect(targets.filter(({ InputTransformer }) => InputTransformer !== undefined)).toEqual([]);
  });

  test('EventBridge may call what its rules name, and what a function could not tell goes to the topic', () => {
    const { Resources } = templateOf(stage);
    const name = { 'Fn::GetAtt': ['NotifyFailureLambdaFunction', 'Arn'] };

    expect(Resources.ExecutionEndedBadly?.Properties).toMatchObject({ Targets: [{ Arn: name }] });
    expect(Resources.NotifyFailurePermission?.Properties).toEqual({
      Action: 'lambda:InvokeFunction',
      FunctionName: name,
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['ExecutionEndedBadly', 'Arn'] },
    });
    expect(Resources.NotifyFailureDelivery?.Properties).toMatchObject({
      FunctionName: { Ref: 'NotifyFailureLambdaFunction' },
      DestinationConfig: { OnFailure: { Destination: { Ref: 'NotificationTopic' } } },
    });
  });

  test('an alarm sees executions that do not end, whether refreshes run or not', () => {
    const { Resources } = templateOf(stage);
    const { appName, maxRunHours } = readStage(stage);
    const namespace = `${appName}-${stage}-rank`;

    expect(Resources.EveryHour?.Properties).toMatchObject({
      ScheduleExpression: 'rate(1 hour)',
      Targets: [
        {
          Arn: { 'Fn::GetAtt': ['WatchExecutionsLambdaFunction', 'Arn'] },
          // biome-ignore lint/suspicious/noTemplateCurlyInString: of CloudFormation
          Input: { 'Fn::Sub': '{"machines": ["${TrainStation}", "${ScoreStation}"]}' },
        },
      ],
    });
    expect(Resources.EveryHour?.Properties).not.toHaveProperty('State');
    expect(Resources.LateExecutionsAlarm?.Properties).toMatchObject({
      Namespace: namespace,
      MetricName: 'OldestExecutionHours',
      Dimensions: [{ Name: 'service', Value: namespace }],
      Threshold: maxRunHours,
    });
  });

  test('a refresh may start the machines of single stations, follow and stop what it started, and nothing more', () => {
    const statements = statementsOf(stage, 'RefreshStationsRole');
    const allowed = (action: string) =>
      statements
        .filter(({ Action }) => listOf(Action).includes(action))
        .flatMap(({ Resource }) => listOf(Resource).map((on) => JSON.stringify(on)));
    const appAndStage = `${readStage(stage).appName}-${stage}`;
    const ofStations = (kind: string, end: string) =>
      ['train', 'score'].map((machine) =>
        JSON.stringify({
          'Fn::Sub': `arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:${kind}:${appAndStage}-${machine}-station${end}`,
        }),
      );

    expect(allowed('states:StartExecution')).toEqual(ofStations('stateMachine', ''));
    expect(allowed('states:DescribeExecution')).toEqual(ofStations('execution', ':*'));
    expect(allowed('states:StopExecution')).toEqual(ofStations('execution', ':*'));
    expect(allowed('events:PutRule')).toEqual([
      expect.stringMatching(/rule\/StepFunctionsGetEventsForStepFunctionsExecutionRule"/),
    ]);
  });

  test('schedules are off unless the stage says otherwise, start the refresh alone, and lose no start', () => {
    const template = templateOf(stage);
    const { nightlySchedule, monthlySchedule, scheduleTimezone } = readStage(stage);
    const schedules = ofType(template, 'AWS::Scheduler::Schedule').map(
      ([, { Properties = {} }]) => Properties,
    );
    const statements = statementsOf(stage, 'SchedulerRole');

    expect(schedules.map(({ State }) => State)).toEqual(
      [nightlySchedule, monthlySchedule].map((isOn) => (isOn ? 'ENABLED' : 'DISABLED')),
    );
    for (const schedule of schedules)
      expect(schedule).toMatchObject({
        ScheduleExpressionTimezone: scheduleTimezone,
        Target: {
          Arn: { Ref: 'RefreshStations' },
          RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['ScheduleDeadLetters', 'Arn'] } },
        },
      });
    const inputs = schedules.map(({ Target }) =>
      parseRefreshInput(JSON.parse((Target as { Input: string }).Input)),
    );
    expect(inputs.map(({ mode, schedule }) => [schedule, mode])).toEqual([
      ['nightly', 'score'],
      ['monthly', 'auto'],
    ]);
    expect(statements.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      ['states:StartExecution', { Ref: 'RefreshStations' }],
      ['sqs:SendMessage', { 'Fn::GetAtt': ['ScheduleDeadLetters', 'Arn'] }],
    ]);
    expect(template.Resources.ScheduleDeadLetters?.Properties).toMatchObject({ SqsManagedSseEnabled: true });
  });

  test('the topic is encrypted, and takes messages from the machines, the functions that tell people, the refresh and the alarms only', () => {
    const { Resources } = templateOf(stage);
    const statements = policiesOf(templateOf(stage)).find(({ name }) =>
      name.startsWith('NotificationTopicPolicy'),
    )?.statements;

    expect(Resources.NotificationTopic?.Properties?.KmsMasterKeyId).toEqual({ Ref: 'NotificationKey' });
    expect(statements?.map(({ Principal }) => Principal)).toEqual([
      { AWS: { 'Fn::GetAtt': ['RefreshStationsRole', 'Arn'] } },
      { AWS: { 'Fn::GetAtt': ['NotifySuccessRole', 'Arn'] } },
      { AWS: { 'Fn::GetAtt': ['NotifyFailureRole', 'Arn'] } },
      { Service: 'cloudwatch.amazonaws.com' },
    ]);
  });

  test('no resource asks a service for what it does not tell', () => {
    const asked = policiesOf(templateOf(stage)).flatMap(({ name, statements }) =>
      statements.flatMap(({ Principal, Condition }) =>
        servicesOf(Principal).map((service) => ({
          about: `${service} → ${kindOf(templateOf(stage), name)}`,
          keys: Object.values((Condition ?? {}) as Record<string, object>).flatMap(Object.keys),
        })),
      ),
    );

    expect(asked.filter(({ keys }) => keys.length > 0).length).toBeGreaterThan(5);
    for (const { about, keys } of asked) {
      expect([about, TOLD_BY_SERVICES[about]]).toEqual([about, expect.any(Array)]);
      expect([about, keys.filter((key) => !TOLD_BY_SERVICES[about]?.includes(key))]).toEqual([about, []]);
    }
  });

  test('functions reach the database and HTTPS, and nothing else', () => {
    const group = templateOf(stage).Resources.FunctionSecurityGroup?.Properties as {
      SecurityGroupEgress: { FromPort: number; ToPort: number; CidrIp?: string }[];
      SecurityGroupIngress?: unknown;
    };

    expect(
      group.SecurityGroupEgress.map(({ FromPort, ToPort, CidrIp }) => [FromPort, ToPort, CidrIp]),
    ).toEqual([
      [5432, 5432, undefined],
      [443, 443, '0.0.0.0/0'],
    ]);
    expect(group.SecurityGroupIngress).toBeUndefined();
  });

  test('the definition stays far below what Step Functions takes, and the template below what CloudFormation takes', () => {
    const { manifest, template } = packages.get(stage) as { manifest: Manifest; template: Template };
    const definitions = ofType(template, 'AWS::StepFunctions::StateMachine').map(([, { Properties }]) =>
      JSON.stringify(Properties?.DefinitionString),
    );

    for (const definition of definitions) expect(Buffer.byteLength(definition)).toBeLessThan(100_000);
    expect(manifest.template.bytes).toBeLessThan(500_000);
    expect(Object.keys(template.Resources).length).toBeLessThan(250);
  });

  test('every alarm and the dashboard are about what is there', () => {
    const template = templateOf(stage);
    const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
      String(Properties?.AlarmName),
    );
    const { Properties: { DashboardBody } = {} } = template.Resources.Dashboard as Resource;
    const dashboard = JSON.parse((DashboardBody as { 'Fn::Sub': string })['Fn::Sub']);
    const shown = JSON.stringify(dashboard)
      .match(/alarm:[\w-]+/g)
      ?.map((name) => name.slice('alarm:'.length));

    expect(shown?.sort()).toEqual(alarms.sort());
    expect(dashboard.widgets).toHaveLength(10);
  });

  test('the dashboard draws each function, and its searches find what they look for', () => {
    const template = templateOf(stage);
    const { Properties: { DashboardBody } = {} } = template.Resources.Dashboard as Resource;
    const body = (DashboardBody as { 'Fn::Sub': string })['Fn::Sub'];
    const functions = ofType(template, 'AWS::Lambda::Function').map(([, { Properties }]) =>
      String(Properties?.FunctionName),
    );
    const drawn = (title: string): string[] =>
      JSON.parse(body)
        .widgets.find(({ properties }: { properties: { title: string } }) =>
          properties.title.startsWith(title),
        )
        .properties.metrics.map((metric: unknown[]) => metric.at(-2));
    const searches = [...body.matchAll(/SEARCH\('\{([^}]*)\}([^']*)'/g)];

    expect(drawn('Errors of functions')).toEqual(functions);
    expect(drawn('Longest call')).toEqual(functions);
    expect(searches).toHaveLength(1);
    // Names with other characters than letters and digits are found in quotes only (CloudWatch guide, search expressions).
    for (const [, schema = ''] of searches)
      expect(schema.split(',').filter((name) => !/^(\\"[^"]+\\"|[A-Za-z0-9/]+)$/.test(name))).toEqual([]);
  });
});

describe('a package', () => {
  test(
    'of the same sources has the same checksums',
    async () => {
      const again = await packageStage(ROOT, 'example', join(folder, 'again'));

      expect(again).toEqual(packages.get('example')?.manifest);
    },
    PACKAGING_MS,
  );

  test('holds what its manifest says, and how to deploy it by hand', () => {
    const { manifest, template } = packages.get('example') as { manifest: Manifest; template: Template };
    const keys = ofType(template, 'AWS::Lambda::Function').map(([, { Properties = {} }]) => {
      const { S3Key } = Properties.Code as { S3Key: string };
      return S3Key;
    });
    const instructions = readFileSync(join(exampleFolder(), 'DEPLOY.md'), 'utf8');

    expect(manifest.archives.map(({ key }) => key)).toEqual(keys);
    expect(instructions).toContain(`--stack-name ${manifest.stack}`);
    expect(instructions).toContain(
      `aws s3 sync archives s3://${manifest.template.bucket}/deploy/fpe-example/`,
    );
  });

  describe('has a bill of materials', () => {
    type Component = { type: string; name: string; 'bom-ref': string; hashes?: { content: string }[] };
    const read = (name: string) => readFileSync(join(exampleFolder(), name), 'utf8');
    const bom = () => JSON.parse(read('sbom.cdx.json'));
    const refsOf = (type: string) =>
      bom()
        .components.filter((component: Component) => component.type === type)
        .map((component: Component) => component['bom-ref'])
        .sort();

    test('that is valid CycloneDX 1.6, and the same each time', () => {
      const schemas = join(ROOT, 'node_modules/@cyclonedx/cyclonedx-library/res/schema');
      const schema = (name: string) =>
        JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8'));
      const ajv = new Ajv({ strict: false });
      // They refer to each other by the names of their files.
      for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs'])
        ajv.addSchema(
          { ...schema(name), $id: undefined },
          `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`,
        );
      addFormats.default(ajv);
      // Formats of addresses, which a package has none of.
      for (const format of ['idn-email', 'iri-reference']) ajv.addFormat(format, true);
      const isValid = ajv.compile(schema('bom-1.6'));

      expect(isValid(bom()) || isValid.errors).toBe(true);
      expect(isValid({ ...bom(), specVersion: 6 })).toBe(false);
      expect(bom()).not.toHaveProperty('serialNumber');
      expect(bom().metadata).not.toHaveProperty('timestamp');
      expect(readFileSync(join(folder, 'again', 'sbom.cdx.json'), 'utf8')).toBe(read('sbom.cdx.json'));
    });

    test('with exactly the packages that source maps and the script of the pages tell of', () => {
      const { manifest } = packages.get('example') as { manifest: Manifest };
      const sources = manifest.archives.flatMap(({ file }) => {
        const archive = unzipSync(readFileSync(join(exampleFolder(), file)), {
          filter: ({ name }) => name.endsWith('.map'),
        });
        return Object.values(archive).flatMap((map) => JSON.parse(strFromU8(map)).sources as string[]);
      });
      const told = [...sources, ...bundling.buildScript().inputs].flatMap(
        (path) => /node_modules\/.*/.exec(path)?.[0].match(/^(.*node_modules\/(@[^/]+\/)?[^/]+)/)?.[0] ?? [],
      );

      expect(refsOf('library').filter((ref: string) => !ref.startsWith('model/wheels/'))).toEqual(
        [...new Set(told)].sort(),
      );
      expect(refsOf('library')).toContain('node_modules/echarts');
      expect(refsOf('library').length).toBeGreaterThan(40);
    });

    test('with each archive, each file of the model and both containers', () => {
      const { manifest } = packages.get('example') as { manifest: Manifest };
      const checksums = bom()
        .components.filter(({ type }: Component) => type === 'application')
        .map(({ hashes }: Component) => hashes?.[0]?.content);
      const files = readdirSync(join(ROOT, 'model'), { withFileTypes: true })
        .filter((file) => file.isFile())
        .map(({ name }) => `model/${name}`)
        .concat('model/wheels/requirements.txt');

      expect(checksums.sort()).toEqual(manifest.archives.map(({ sha256 }) => sha256).sort());
      expect(refsOf('file')).toEqual(files.sort());
      expect(refsOf('container')).toHaveLength(2);
    });

    test('with the library that scores, in the version that is pinned, for the Python of the container, and with its license', () => {
      const [wheel, ...others] = bom().components.filter(
        (component: Component) =>
          component['bom-ref'].startsWith('model/wheels/') && component.type === 'library',
      );
      const [pinned] =
        /^ncnn==\S+/m.exec(readFileSync(join(ROOT, 'model/wheels/requirements.txt'), 'utf8')) ?? [];

      expect(others).toEqual([]);
      expect(wheel).toMatchObject({
        'bom-ref': expect.stringMatching(/-cp312-cp312-manylinux\w+\.manylinux\w+_x86_64\.whl$/),
        purl: `pkg:pypi/${pinned?.replace('==', '@')}`,
        licenses: [{ license: { id: 'BSD-3-Clause' } }],
      });
      expect(read('licenses.txt')).toMatch(/^ncnn [\d.]+ \(BSD-3-Clause\)\n\n=+\n\n.*BSD 3-Clause/ms);
    });

    test('that is missed where the set-up has not fetched it', () => {
      mkdirSync(join(folder, 'without/model/wheels'), { recursive: true });

      expect([hasScoringLibrary(ROOT), hasScoringLibrary(join(folder, 'without'))]).toEqual([true, false]);
    });

    test('with the licenses of what is in it, and checksums of both in the manifest', () => {
      const { manifest } = packages.get('example') as { manifest: Manifest };

      for (const { file, sha256 } of manifest.documents)
        expect(createHash('sha256').update(read(file)).digest('hex')).toBe(sha256);
      expect(manifest.documents.map(({ file }) => file)).toEqual(['sbom.cdx.json', 'licenses.txt']);
      expect(read('licenses.txt')).toMatch(/^echarts [\d.]+ \(Apache-2.0\)\n\n=+\n\n.*Apache License/ms);
    });
  });

  test('of a stage without a file is refused before anything is compiled', async () => {
    await expect(packageStage(ROOT, 'nowhere', join(folder, 'nowhere'))).rejects.toThrow(
      'config/nowhere.yml',
    );
  });
});
