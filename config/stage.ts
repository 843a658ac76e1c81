import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { USUAL_MARGIN } from '../shared/execution/job-limits.ts';
import { isTimezone } from '../shared/formats/local-time.ts';
import { suggestion } from '../shared/formats/suggestion.ts';
import { regionFault } from './containers.ts';
import { placeFaults } from './places.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'config');
/** The stage of local stacks, of any computer. */
export const LOCAL_STAGE_NAME = 'local';
/** The file of a stage. The annotated example is one as well, because it must package like any stage. */
const FILE = /^([a-z][a-z0-9]*)\.yml$/;

/** Values that CloudWatch Logs takes for RetentionInDays (CloudFormation reference, AWS::Logs::LogGroup). */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
/** Names of SageMaker's jobs begin with app and stage, and may have 63 characters in all (shared/execution/run.ts). */
const MAX_APP_AND_STAGE = 16;

const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected the name of a bucket, not its ARN or address');
const secret = z
  .string()
  .regex(
    /^(arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@!-]+|[\w/+=.@!-]{1,512})$/,
    'expected the name or the ARN of a secret in Secrets Manager',
  );
const image = z
  .string()
  .max(255)
  .regex(/^[\w.-]+\/[\w./-]+[:@][\w.:-]+$/, 'expected a container image with its registry and tag');
const idOf = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `expected an id such as ${prefix}-0123456789abcdef0`);
/** Six fields, of which the day of the month or that of the week is `?` (EventBridge Scheduler, "Cron-based schedules"). */
const cron = z
  .string()
  .regex(
    /^cron\(\S+ \S+ (\? \S+ [^\s?]\S*|[^\s?]\S* \S+ \?) \S+\)$/,
    'expected cron(minute hour day-of-month month day-of-week year), with ? for one of the days, as in cron(0 3 * * ? *)',
  );
const orEmpty = <Schema extends z.ZodType>(schema: Schema) => z.union([z.literal(''), schema]);

/**
 * The parameters of a stage, which `config/{stage}.yml` sets. Their names, defaults and checks are defined here only;
 * `config/example.yml` shows each of them.
 */
export const stageParameters = z.strictObject({
  appName: z
    .string()
    .regex(/^[a-z][a-z0-9]*$/, 'expected lower-case letters and digits')
    .default('fpe')
    .describe('first part of the names of everything that is created'),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a region such as us-west-2')
    .default('us-west-2')
    .describe('AWS region of the stack, the buckets and the database'),
  storageBucket: bucketName.describe('bucket of photos and annotations; published models go to its models/'),
  modelBucket: bucketName.describe(
    'bucket of datasets and models in the making, and of the deployed archives',
  ),
  vpcId: idOf('vpc').describe('VPC of the database'),
  privateSubnetIds: z
    .array(idOf('subnet'))
    .min(1, 'expected at least one subnet, better two in different zones')
    .max(16)
    .refine((ids) => new Set(ids).size === ids.length, 'expected each subnet once')
    .describe('subnets of the functions that use the database'),
  dbSecret: secret.describe(
    'secret with user, password, host and port of the database (dbname: else postgres)',
  ),
  dbHost: z
    .string()
    .regex(/^([\w-]+\.)+[\w-]+$/, 'expected a host name, without port')
    .or(z.literal(''))
    .default('')
    .describe('host of the database where its secret does not tell it, as one that RDS manages'),
  databaseSecurityGroupId: idOf('sg').describe('security group of the database'),
  databasePort: z.int().min(1).max(65_535).default(5432),
  databaseIngress: z
    .boolean()
    .default(true)
    .describe('add a rule to the database’s security group that lets the functions in'),
  databaseTls: z
    .enum(['verify', 'off'])
    .default('verify')
    .describe('verify: encrypted, certificate and host name checked against the CAs of RDS'),
  permissionsBoundary: z
    .union([
      z.literal(''),
      z.string().regex(/^(arn:aws[\w-]*:iam::\d{12}:policy\/[\w+=,.@/-]+|[\w+=,.@-]{1,128})$/),
    ])
    .default('')
    .describe('name or ARN of the policy that bounds every role'),
  notificationEmail: orEmpty(z.email())
    .default('')
    .describe('who hears of finished and failed executions, and of alarms'),
  trainingImage: orEmpty(image).default('').describe('default: AWS’s PyTorch 2.13 of the region, for GPUs'),
  servingImage: orEmpty(image).default('').describe('default: AWS’s PyTorch 2.6 of the region, for CPUs'),
  weightsKey: z
    .string()
    .regex(/^weights\/[\w./-]+$/, 'expected a key that begins with weights/')
    .default('weights/resnet18-imagenet.pth')
    .describe('ImageNet weights of ResNet-18 in the model bucket, a torchvision state_dict'),
  mergeConcurrency: z
    .int()
    .min(1)
    .max(40)
    .default(10)
    .describe('MergePredictions calls at once; Step Functions allows 40'),
  jobTimeMargin: z
    .number()
    .min(2)
    .max(1000)
    .default(USUAL_MARGIN)
    .describe('how many times what is assumed of its instance a training or scoring job may take'),
  logRetentionDays: z
    .int()
    .refine((days) => RETENTION_DAYS.includes(days), `expected one of ${RETENTION_DAYS.join(', ')}`)
    .default(90),
  logLevel: z
    .enum(['DEBUG', 'INFO', 'WARN', 'ERROR'])
    .default('INFO')
    .describe('of the functions; DEBUG also logs each call of an AWS service'),
  logExecutionData: z
    .boolean()
    .default(false)
    .describe('write input and output of failed states to the machine’s log'),
  maxRunHours: z
    .number()
    .gt(0)
    .max(672)
    .default(12)
    .describe('an execution that takes longer raises an alarm, when it ends and while it runs'),
  scheduleTimezone: z
    .string()
    .refine(isTimezone, 'expected a name of the IANA time zone database, such as America/New_York')
    .default('America/New_York')
    .describe('time zone of both schedules'),
  nightlySchedule: z.boolean().default(false).describe('score new photos of all stations every night'),
  nightlyCron: cron.default('cron(0 3 * * ? *)'),
  monthlySchedule: z
    .boolean()
    .default(false)
    .describe('train stations with enough new pairs, and score the others, every month'),
  monthlyCron: cron.default('cron(0 5 1 * ? *)'),
  usgsApiKeySecret: orEmpty(secret)
    .default('')
    .describe(
      'secret with the key of the USGS water data API; without one it answers fewer requests an hour',
    ),
});

export type StageParameters = z.output<typeof stageParameters>;
export type Stage = StageParameters & { stage: string };

/** The file of a stage has a mistake or does not exist. The message is shown without a stack trace. */
export class StageInvalid extends Error {
  override readonly name = 'StageInvalid';
}

/** Stages that have a file, in alphabetical order. */
export const stageNames = (folder = FOLDER): string[] =>
  readdirSync(folder)
    .flatMap((file) => FILE.exec(file)?.[1] ?? [])
    .sort();

/**
 * Reads and checks the file of a stage; all faults are reported at once.
 *
 * @param folder where the files are; another one in tests
 * @throws StageInvalid
 */
export function readStage(stage: string, folder = FOLDER): Stage {
  const file = join(folder, `${stage}.yml`);
  const shown = `config/${stage}.yml`;
  const known = stageNames(folder);
  if (!FILE.test(`${stage}.yml`))
    throw new StageInvalid(
      `“${stage}” cannot be a stage (--stage). Expected: lower-case letters and digits, as in ${known.join(', ')}.`,
    );
  if (!existsSync(file))
    throw new StageInvalid(
      `There is no file for the stage “${stage}” (${shown}). There: ${known.join(', ')}. To fix: copy config/example.yml to ${shown} and fill in your account's facts, or name another stage with --stage.`,
    );
  const content = parseYaml(readFileSync(file, 'utf8'), shown) ?? {};
  const parsed = stageParameters.safeParse(content);
  const faults = parsed.success ? [] : parsed.error.issues.flatMap((issue) => describeIssue(issue, content));
  const appName = String((content as Partial<StageParameters>).appName ?? 'fpe');
  if (appName.length + stage.length > MAX_APP_AND_STAGE)
    faults.push(
      `appName and stage, ${appName} and ${stage}, have more than ${MAX_APP_AND_STAGE} characters together; names of SageMaker’s jobs begin with them`,
    );
  const ofRegion = parsed.success ? regionFault(parsed.data) : null;
  if (ofRegion) faults.push(ofRegion);
  else if (parsed.success) for (const fault of placeFaults(parsed.data)) faults.push(fault);
  if (parsed.success && faults.length === 0) return { stage, ...parsed.data };
  throw new StageInvalid(
    [
      `${shown} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`,
      ...faults.map((fault) => `  - ${fault}`),
      'config/example.yml explains every name.',
    ].join('\n'),
  );
}

/** Says nothing but the place: the parser's own message quotes the line, and that may contain a password. */
function parseYaml(text: string, shown: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (!fault) return document.toJS();
  const { line, col } = lines.linePos(fault.pos[0]);
  const code = fault.code.toLowerCase().replaceAll('_', ' ');
  throw new StageInvalid(`${shown} is not YAML: ${code} at line ${line}, column ${col}`);
}

/** Parameters that name secrets. Their values are not shown, as someone may have given the secret itself. */
const NOT_SHOWN = ['dbSecret', 'usgsApiKeySecret'];

/** One phrase per fault: the name, what was given, and what would be right. */
function describeIssue(issue: z.core.$ZodIssue, content: unknown): string[] {
  const names = Object.keys(stageParameters.shape);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${key} is not a parameter${suggestion(key, names)}`);
  const name = issue.path.join('.');
  if (name === '') return ['it does not hold names with values'];
  const given = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown>)?.[key],
    content,
  );
  return [
    given === undefined
      ? `${name} is missing`
      : `${name} is ${NOT_SHOWN.includes(name) ? 'not right' : JSON.stringify(given)}: ${messageOf(issue)}`,
  ];
}

/** If a parameter may be empty or something else: what the something else must be. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message;
  return issue.errors.flat().at(-1)?.message ?? issue.message;
}
