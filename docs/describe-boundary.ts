import { type Need, needOf } from '../deployment/needs.ts';
import type { Template } from '../deployment/package.ts';
import { referencesOf } from '../deployment/references.ts';
import { type RoleRight, rightsOfRoles } from '../deployment/role-rights.ts';
import { generic, table } from './template-text.ts';

/** The placeholders that stand for the names of a stage, each a text that no other name begins with. */
const OWN = '{app}-{stage}-';
/** Characters of a managed policy, white space not counted (IAM quotas). */
export const MAX_POLICY_CHARACTERS = 6_144;

/** What CloudFormation calls for each type of the template, by the permissions of its resource types' handlers. */
const DEPLOYED_BY: Record<string, string> = {
  'AWS::CloudWatch::Alarm':
    'cloudwatch: PutMetricAlarm, DescribeAlarms, DeleteAlarms, TagResource, UntagResource, ListTagsForResource',
  'AWS::CloudWatch::Dashboard': 'cloudwatch: PutDashboard, GetDashboard, DeleteDashboards',
  'AWS::EC2::SecurityGroup':
    'ec2: CreateSecurityGroup, DescribeSecurityGroups, DeleteSecurityGroup, AuthorizeSecurityGroupEgress, RevokeSecurityGroupEgress, CreateTags',
  'AWS::EC2::SecurityGroupIngress':
    'ec2: AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress, UpdateSecurityGroupRuleDescriptionsIngress, DescribeSecurityGroupRules',
  'AWS::Events::Rule':
    'events: PutRule, DescribeRule, DeleteRule, PutTargets, RemoveTargets, ListTargetsByRule, TagResource, UntagResource, ListTagsForResource',
  'AWS::IAM::Role':
    'iam: CreateRole, GetRole, UpdateRole, DeleteRole, UpdateAssumeRolePolicy, PutRolePolicy, GetRolePolicy, DeleteRolePolicy, ListRolePolicies, ListAttachedRolePolicies, PutRolePermissionsBoundary, TagRole, UntagRole; PassRole of these roles to lambda, states and scheduler',
  'AWS::KMS::Key':
    'kms: CreateKey, DescribeKey, UpdateKeyDescription, GetKeyPolicy, PutKeyPolicy, EnableKeyRotation, GetKeyRotationStatus, ListResourceTags, TagResource, UntagResource, ScheduleKeyDeletion',
  'AWS::Lambda::EventInvokeConfig':
    'lambda: PutFunctionEventInvokeConfig, GetFunctionEventInvokeConfig, UpdateFunctionEventInvokeConfig, DeleteFunctionEventInvokeConfig',
  'AWS::Lambda::Permission': 'lambda: AddPermission, GetPolicy, RemovePermission',
  'AWS::Lambda::Function':
    'lambda: CreateFunction, GetFunction, GetFunctionConfiguration, UpdateFunctionCode, UpdateFunctionConfiguration, DeleteFunction, TagResource, UntagResource, ListTags; ec2: DescribeSecurityGroups, DescribeSubnets, DescribeVpcs; s3: GetObject in deploy/ of the model bucket',
  'AWS::Logs::LogGroup':
    'logs: CreateLogGroup, DescribeLogGroups, PutRetentionPolicy, DeleteLogGroup, TagResource, UntagResource, ListTagsForResource',
  'AWS::SNS::Topic':
    'sns: CreateTopic, GetTopicAttributes, SetTopicAttributes, DeleteTopic, Subscribe, Unsubscribe, ListSubscriptionsByTopic, GetDataProtectionPolicy, TagResource, UntagResource, ListTagsForResource',
  'AWS::SNS::TopicPolicy': 'sns: SetTopicAttributes, GetTopicAttributes',
  'AWS::SQS::Queue':
    'sqs: CreateQueue, GetQueueUrl, GetQueueAttributes, SetQueueAttributes, DeleteQueue, ListQueueTags, TagQueue, UntagQueue',
  'AWS::Scheduler::Schedule': 'scheduler: CreateSchedule, GetSchedule, UpdateSchedule, DeleteSchedule',
  'AWS::StepFunctions::StateMachine':
    'states: CreateStateMachine, DescribeStateMachine, UpdateStateMachine, DeleteStateMachine, TagResource, UntagResource, ListTagsForResource',
};

/** The page of what a permissions boundary must allow, from the template as it would be deployed. */
export function describeBoundary(template: Template): string {
  const rights = genericRights(template);
  const policy = boundaryPolicy(rights);
  return `# What a permissions boundary must allow

This page is made from the compiled template of [config/example.yml](../config/example.yml) by \`npm run resources\`.
An account may want a permissions boundary on every role (\`permissionsBoundary\` in \`config/{stage}.yml\`). It grants nothing; but what
it does not allow, a role may not do, whatever its own policy says. Most of that would only show in the middle of a run:
\`./fpe doctor --stage {stage}\` asks IAM beforehand, for every role and every line of this page.

\`{app}\` and \`{stage}\` stand for the app name and the stage, \`{storageBucket}\`, \`{modelBucket}\` and \`{dbSecret}\` for what
\`config/{stage}.yml\` says. The containers lie in the registry of AWS's account for the region; a stage with images of its own needs
these instead, and one with a key of the USGS water data API (\`usgsApiKeySecret\`) the secret of that key as well.

## What is needed, and what happens without

${table(
  ['actions', 'on', 'roles', 'shows at', 'without'],
  groups(rights).map(({ actions, resources, roles, need }) => [
    code(actions),
    code(resources),
    roles.length > 4 ? `${roles.length} roles` : roles.join(', '),
    need.shows,
    need.without,
  ]),
)}

## A boundary that suffices

A policy of ${characters(policy)} characters, of the ${MAX_POLICY_CHARACTERS.toLocaleString('en')} that a managed policy may have. Wider than the roles, which say
exactly what each of them may do ([resources.md](resources.md)): a boundary only has to let that pass. Put the account's names
in place of those in braces.

\`\`\`json
${JSON.stringify(policy, null, 1)}
\`\`\`

A boundary with conditions works as long as these requests meet them. Those of Lambda, Step Functions, SageMaker and Scheduler do not
come from addresses of the account, so \`aws:SourceIp\` or \`aws:SourceVpc\` shut them out.

## What the person who deploys must be allowed

CloudFormation makes the resources with the permissions of whoever deploys, and these may have a boundary as well. This list follows
AWS's reference of the resource types and was not tried in an account: where CloudFormation wants one more, the event of the resource
names it, and what was made is undone.

${table(
  ['for', 'actions'],
  [
    [
      'the stack itself',
      'cloudformation: DescribeStacks, CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet, DescribeStackEvents, DeleteStack',
    ],
    ['the archives', 's3: ListBucket, GetObject, PutObject, DeleteObject in deploy/ of the model bucket'],
    ...typesOf(template).map((type) => [type, deployedBy(type)]),
  ],
)}
`;
}

function genericRights(template: Template): RoleRight[] {
  const references = referencesOf(template, {
    account: '{account}',
    region: '{region}',
    // The end of these names is CloudFormation's or KMS's.
    nameUnnamed: (id, type) => (type === 'AWS::KMS::Key' ? '*' : `{app}-{stage}-rank-${id}-*`),
  });
  return rightsOfRoles(template, references).map(({ resource, ...right }) => ({
    ...right,
    resource: generic(resource).replace(/^(arn:aws:ecr):[\w-]+:\d{12}:/, '$1:{region}:{containers}:'),
  }));
}

/** Rights of one need on the same resources, in the order in which actions first come up. */
function groups(rights: readonly RoleRight[]) {
  const resourcesOf = new Map<string, Set<string>>();
  const rolesOf = new Map<string, Set<string>>();
  for (const { action, resource, role } of rights) {
    resourcesOf.set(action, (resourcesOf.get(action) ?? new Set()).add(resource));
    rolesOf.set(action, (rolesOf.get(action) ?? new Set()).add(role));
  }
  const found = new Map<string, { actions: string[]; resources: string[]; roles: string[]; need: Need }>();
  for (const [action, resources] of [...resourcesOf].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const need = needOf(action);
    const shown = widest([...resources]);
    const roles = [...(rolesOf.get(action) as Set<string>)];
    const key = JSON.stringify([need.without, shown, roles]);
    const group = found.get(key) ?? { actions: [], resources: shown, roles, need };
    group.actions.push(action);
    found.set(key, group);
  }
  return [...found.values()];
}

const typesOf = ({ Resources }: Template): string[] =>
  [...new Set(Object.values(Resources).map(({ Type }) => Type))].sort();

function deployedBy(type: string): string {
  const actions = DEPLOYED_BY[type];
  if (actions) return actions;
  throw new Error(`Say in docs/describe-boundary.ts what CloudFormation calls for ${type}.`);
}

/** One statement for each service and whether it knows resources. */
export function boundaryPolicy(rights: readonly RoleRight[]) {
  const statements = new Map<string, { actions: Set<string>; resources: Set<string> }>();
  for (const { action, resource } of rights) {
    const [service] = action.split(':') as [string];
    const key = resource === '*' ? '*' : service;
    const statement = statements.get(key) ?? { actions: new Set(), resources: new Set() };
    statement.actions.add(action);
    statement.resources.add(resource);
    statements.set(key, statement);
  }
  return {
    Version: '2012-10-17',
    Statement: [...statements]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, statement]) => ({
        Effect: 'Allow',
        Action: [...statement.actions].sort(),
        Resource: widest([...statement.resources]),
      })),
  };
}

/** As few patterns as cover all, names of one stage taken together. */
function widest(resources: readonly string[]): string[] {
  const cut = [...new Set(resources.map(untilStage))].sort();
  return cut.filter((resource) => !cut.some((other) => other !== resource && covers(other, resource)));
}

/** …:function:{app}-{stage}-prepare-run → …:function:{app}-{stage}-* */
function untilStage(arn: string): string {
  const at = arn.indexOf(OWN);
  return at < 0 ? arn : `${arn.slice(0, at)}${OWN}*`;
}

const covers = (pattern: string, resource: string): boolean =>
  pattern.endsWith('*') && !pattern.slice(0, -1).includes('*') && resource.startsWith(pattern.slice(0, -1));

/** As IAM counts them: without white space. */
export const characters = (policy: object): string =>
  JSON.stringify(policy).replaceAll(/\s/g, '').length.toLocaleString('en');

const code = (texts: readonly string[]): string => texts.map((text) => `\`${text}\``).join('<br>');
