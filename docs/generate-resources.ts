// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are CloudFormation’s
/**
 * Writes what the compiled template of config/example.yml says (`npm run resources`): docs/resources.md, everything that a
 * deployment creates and that its roles may do, and docs/boundary.md, what a permissions boundary must allow for it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageStage, type Resource, type Template } from '../deployment/package.ts';
import { listOf } from '../shared/aws/policy-document.ts';
import { describeBoundary } from './describe-boundary.ts';
import { EXAMPLE_STAGE, generic, table } from './template-text.ts';

const ROOT = join(import.meta.dirname, '..');
export const RESOURCES_FILE = join(import.meta.dirname, 'resources.md');
export const BOUNDARY_FILE = join(import.meta.dirname, 'boundary.md');

/** Property that names a resource, and what the resource is there for. A type that is missing here is an error. */
const TYPES: Record<string, { name?: string; purpose: (properties: Record<string, unknown>) => string }> = {
  'AWS::StepFunctions::StateMachine': {
    name: 'StateMachineName',
    purpose: ({ StateMachineName }) =>
      ({
        'score-station': 'new photos of one station, scored with its published model',
        'refresh-stations': 'many stations: decides for each whether to train or to score, and does it',
      })[String(StateMachineName).split('-').slice(2).join('-')] ?? 'one station, start to finish',
  },
  'AWS::Lambda::Function': {
    name: 'FunctionName',
    purpose: ({ MemorySize, Timeout, VpcConfig }) =>
      `${MemorySize} MB, at most ${Timeout} s${VpcConfig ? ', in the VPC of the database' : ''}`,
  },
  'AWS::Logs::LogGroup': {
    name: 'LogGroupName',
    purpose: ({ RetentionInDays }) => `kept ${RetentionInDays} days (logRetentionDays)`,
  },
  'AWS::IAM::Role': {
    purpose: ({ AssumeRolePolicyDocument }) => `for ${principalOf(AssumeRolePolicyDocument)}`,
  },
  'AWS::EC2::SecurityGroup': {
    purpose: () => 'of the functions that use the database: to it and to HTTPS, nothing else',
  },
  'AWS::EC2::SecurityGroupIngress': {
    purpose: () => 'lets these functions into the database, if databaseIngress is true',
  },
  'AWS::SNS::Topic': {
    name: 'TopicName',
    purpose: () => 'tells of finished and failed executions and of alarms',
  },
  'AWS::SNS::TopicPolicy': {
    purpose: () =>
      'takes messages from the machines, the functions that tell people, the refresh and the alarms only',
  },
  'AWS::KMS::Key': { purpose: () => 'encrypts the topic' },
  'AWS::Lambda::Permission': { purpose: () => 'lets a rule of EventBridge call a function' },
  'AWS::Lambda::EventInvokeConfig': {
    purpose: () => 'what that function could not tell goes to the topic as it is',
  },
  'AWS::Events::Rule': { name: 'Name', purpose: ({ Description }) => String(Description) },
  'AWS::Scheduler::Schedule': {
    name: 'Name',
    purpose: ({ Description, State }) => `${Description} (${String(State).toLowerCase()})`,
  },
  'AWS::SQS::Queue': { name: 'QueueName', purpose: () => 'starts of a schedule that could not be delivered' },
  'AWS::CloudWatch::Alarm': {
    name: 'AlarmName',
    purpose: ({ AlarmDescription }) => firstSentence(String(AlarmDescription)),
  },
  'AWS::CloudWatch::Dashboard': {
    name: 'DashboardName',
    purpose: () => 'executions, functions, photos and Kendall tau at a glance',
  },
};

/** The template as it would be deployed. */
async function exampleTemplate(): Promise<Template> {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-resources-'));
  try {
    const { template } = await packageStage(ROOT, EXAMPLE_STAGE, join(folder, EXAMPLE_STAGE));
    return JSON.parse(readFileSync(join(folder, EXAMPLE_STAGE, template.file), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function describeTemplate({ Resources }: Template): string {
  const resources = Object.entries(Resources);
  const roles = resources.filter(([, { Type }]) => Type === 'AWS::IAM::Role');
  return `# What a deployment creates

This page is made from the compiled template of [config/example.yml](../config/example.yml) by \`npm run resources\`.
\`{app}\` and \`{stage}\` stand for the app name and the stage. Nothing else is created: no bucket, no database, no user. The
archives of the functions lie below \`deploy/\` in the model bucket. Step Functions keeps rules of its own in the account,
\`StepFunctionsGetEventsForSageMaker…Rule\`, one of each for all machines, and one for executions that start others,
\`StepFunctionsGetEventsForStepFunctionsExecutionRule\`; they are not part of the stack and stay when it is removed.

## Resources

${table(
  ['type', 'name', 'what for'],
  resources.map(([id, resource]) => [resource.Type, nameOf(id, resource), purposeOf(id, resource)]),
)}

## Roles

Every role gets the permissions boundary of the stage, if it has one. What a role may not do by this table, it may not do at
all: no role has a policy that AWS manages. What a permissions boundary must let pass of it: [boundary.md](boundary.md).

${roles.map(([id, role]) => describeRole(id, role)).join('\n\n')}
`;
}

function purposeOf(id: string, { Type, Properties = {} }: Resource): string {
  const known = TYPES[Type];
  if (!known) throw new Error(`Say in docs/generate-resources.ts what ${id} (${Type}) is for.`);
  return known.purpose(Properties);
}

/** Its own name, or that of the template where CloudFormation makes one. */
function nameOf(id: string, { Type, Properties = {} }: Resource): string {
  const name = TYPES[Type]?.name;
  return name ? `\`${generic(String(Properties[name]))}\`` : id;
}

type Statement = { Effect: string; Action: string | string[]; Resource: unknown; Condition?: object };

function describeRole(id: string, { Properties = {} }: Resource): string {
  const policies = Properties.Policies as {
    PolicyDocument: { Statement: (Statement | { Ref: string })[] };
  }[];
  const statements = policies
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .filter((statement): statement is Statement => 'Effect' in statement);
  return `### ${id}

${table(
  ['', 'actions', 'on', 'if'],
  statements.map(({ Effect, Action, Resource: on, Condition }) => [
    Effect === 'Deny' ? '**never**' : 'may',
    listOf(Action)
      .map((action) => `\`${action}\``)
      .join('<br>'),
    listOf(on)
      .map((resource) => `\`${generic(textOf(resource))}\``)
      .join('<br>'),
    Condition ? describeCondition(Condition) : '',
  ]),
)}`;
}

const describeCondition = (condition: object): string =>
  Object.entries(condition)
    .flatMap(([operator, keys]) =>
      Object.entries(keys as object).map(
        ([key, value]) =>
          `${key} ${operator.endsWith('Like') ? 'is like' : 'is'} \`${generic(textOf(value))}\``,
      ),
    )
    .join(', ');

/** A reference as a person reads it: the ARN with the account left open, or the name of what it refers to. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': sub } = value as Record<string, unknown>;
  if (Ref) return String(Ref);
  if (attribute) return (attribute as string[]).join('.');
  return String(sub)
    .replaceAll('${AWS::Partition}', 'aws')
    .replaceAll('${AWS::Region}', '{region}')
    .replaceAll('${AWS::AccountId}', '{account}');
}

const principalOf = (document: unknown): string => {
  const [statement] = (document as { Statement: { Principal: { Service: string } }[] }).Statement;
  return statement?.Principal.Service ?? '';
};

const firstSentence = (text: string): string => generic(text.split('. ')[0] as string);

if (import.meta.main) {
  const template = await exampleTemplate();
  writeFileSync(RESOURCES_FILE, describeTemplate(template));
  writeFileSync(BOUNDARY_FILE, describeBoundary(template));
}
