/**
 * Stands in for CloudFormation: packages the stage `local` as a deployment packages any stage, unpacks the archives of the
 * functions, and reads the compiled template: its functions, state machines, topics, rules and schedules under the ARNs of a
 * local account.
 *
 * Resolves Ref, Fn::GetAtt (Arn), Fn::Sub and Fn::Join over resources of those kinds, roles, logs, keys, queues and buckets, and the pseudo
 * parameters; any other intrinsic or attribute is refused by name. Creates nothing else of the template.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { readStage } from '../config/stage.ts';
import { packageStage, TEMPLATE_FILE, type Template } from '../deployment/package.ts';
import { pathInside } from './archive.ts';
import type { Rule } from './event-bridge.ts';
import { isAlive } from './process.ts';
import type { Schedule } from './scheduler.ts';

export const LOCAL_ACCOUNT = '000000000000';
export const LOCAL_REGION = 'us-west-2';
const STAGE = 'local';
export const LOCAL_STAGE = readStage(STAGE);
/** What a package is made of. */
const SOURCES = [
  'serverless.yml',
  'package-lock.json',
  'config',
  'deployment',
  'statemachines',
  'resources',
  'functions',
  'shared',
  'report',
  'model',
];
const KEPT_PACKAGES = 5;

export type LocalFunction = {
  name: string;
  arn: string;
  /** Unpacked archive, and the handler in it, `path/file.export`. */
  folder: string;
  handler: string;
  timeoutSeconds: number;
  memoryMb: number;
  environment: Record<string, string>;
};

export type LocalMachine = { name: string; arn: string; roleArn: string; definition: string };

export type CompiledTemplate = {
  functions: LocalFunction[];
  machines: LocalMachine[];
  topics: { name: string; arn: string }[];
  rules: Rule[];
  schedules: Schedule[];
};

/**
 * Packages the project unless that was done for the very same sources before; needs no credentials.
 *
 * @param root folder of serverless.yml; packages are kept in its `.local/packages`
 */
export async function compileTemplate(root: string): Promise<CompiledTemplate> {
  const kept = join(root, '.local', 'packages');
  const folder = join(kept, hashOfSources(root));
  if (!existsSync(folder)) {
    // Another process may do the same at the same time; either result is as good.
    const own = join(kept, `${process.pid}-${Math.random().toString(36).slice(2)}`);
    try {
      const { archives } = await packageStage(root, STAGE, own);
      for (const { file } of archives) unpack(join(own, file), join(own, 'archives', archiveName(file)));
      if (!existsSync(folder)) renameSync(own, folder);
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
    removeOldPackages(kept);
  }
  return readTemplate(
    JSON.parse(readFileSync(join(folder, TEMPLATE_FILE), 'utf8')),
    join(folder, 'archives'),
  );
}

function unpack(archive: string, folder: string): void {
  for (const [path, body] of Object.entries(unzipSync(readFileSync(archive)))) {
    const file = pathInside(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, body);
  }
}

/** @param archives folder of the unpacked archives, one for each function, under its name in S3 */
export function readTemplate(template: Template, archives: string): CompiledTemplate {
  const resolve = (value: unknown) => resolveIntrinsics(value, template);
  const ofType = (type: string) =>
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => ({ id, arn: arnOf(id, template), properties: resource.Properties ?? {} }));
  return {
    functions: ofType('AWS::Lambda::Function').map(({ id, arn, properties }) => {
      const { S3Key } = properties.Code as { S3Key: string };
      const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: object };
      return {
        name: nameOf(id, template),
        arn,
        folder: join(archives, archiveName(S3Key)),
        handler: String(properties.Handler),
        timeoutSeconds: Number(properties.Timeout),
        memoryMb: Number(properties.MemorySize),
        environment: resolve(Variables) as Record<string, string>,
      };
    }),
    machines: ofType('AWS::StepFunctions::StateMachine').map(({ id, arn, properties }) => ({
      name: nameOf(id, template),
      arn,
      roleArn: resolve(properties.RoleArn) as string,
      definition: resolve(properties.DefinitionString) as string,
    })),
    topics: ofType('AWS::SNS::Topic').map(({ id, arn }) => ({ name: nameOf(id, template), arn })),
    rules: ofType('AWS::Events::Rule').map(({ id, properties }) => ({
      name: nameOf(id, template),
      pattern: resolve(properties.EventPattern) as Rule['pattern'],
      targets: resolve(properties.Targets) as Rule['targets'],
    })),
    schedules: ofType('AWS::Scheduler::Schedule').map(({ id, arn, properties }) => {
      const { Arn, Input = '{}' } = resolve(properties.Target) as { Arn: string; Input?: string };
      return {
        name: nameOf(id, template),
        arn,
        expression: String(properties.ScheduleExpression),
        timezone: String(properties.ScheduleExpressionTimezone ?? 'UTC'),
        isEnabled: properties.State !== 'DISABLED',
        target: Arn,
        input: Input,
      };
    }),
  };
}

/** deploy/fpe-local/plan-merge-0123456789abcdef.zip → plan-merge */
const archiveName = (key: string): string =>
  (key.split('/').at(-1) as string).replace(/-[0-9a-f]{16}\.zip$/, '');

const PSEUDO_PARAMETERS: Record<string, string> = {
  'AWS::AccountId': LOCAL_ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::Region': LOCAL_REGION,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** Kinds of resources that are named in a function, a machine or a topic. */
const KINDS: Record<string, { name: string; arn: (name: string) => string; refersByArn?: boolean }> = {
  'AWS::Lambda::Function': { name: 'FunctionName', arn: (name) => regionalArn('lambda', `function:${name}`) },
  'AWS::StepFunctions::StateMachine': {
    name: 'StateMachineName',
    arn: (name) => regionalArn('states', `stateMachine:${name}`),
    refersByArn: true,
  },
  'AWS::SNS::Topic': { name: 'TopicName', arn: (name) => regionalArn('sns', name), refersByArn: true },
  'AWS::Events::Rule': { name: 'Name', arn: (name) => regionalArn('events', `rule/${name}`) },
  'AWS::Scheduler::Schedule': {
    name: 'Name',
    arn: (name) => regionalArn('scheduler', `schedule/default/${name}`),
  },
  'AWS::SQS::Queue': { name: 'QueueName', arn: (name) => regionalArn('sqs', name) },
  'AWS::Logs::LogGroup': { name: 'LogGroupName', arn: (name) => regionalArn('logs', `log-group:${name}:*`) },
  'AWS::KMS::Key': { name: 'KeyId', arn: (name) => regionalArn('kms', `key/${name}`) },
  'AWS::IAM::Role': { name: 'RoleName', arn: (name) => `arn:aws:iam::${LOCAL_ACCOUNT}:role/${name}` },
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name) => `arn:aws:s3:::${name}` },
};

const regionalArn = (service: string, rest: string): string =>
  `arn:aws:${service}:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${rest}`;

/** Replaces references by what they mean in the local account; what refers to AWS::NoValue goes, as in CloudFormation. */
export function resolveIntrinsics(value: unknown, template: Template): unknown {
  if (Array.isArray(value))
    return value.filter(isPresent).map((element) => resolveIntrinsics(element, template));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [[name, argument] = []] = entries;
  if (entries.length === 1 && name === 'Ref') return reference(String(argument), template);
  if (entries.length === 1 && name?.startsWith('Fn::')) return resolveFunction(name, argument, template);
  return Object.fromEntries(
    entries
      .filter(([, part]) => isPresent(part))
      .map(([key, part]) => [key, resolveIntrinsics(part, template)]),
  );
}

const isPresent = (value: unknown): boolean =>
  (value as { Ref?: string } | null | undefined)?.Ref !== 'AWS::NoValue';

function resolveFunction(name: string, argument: unknown, template: Template): string {
  switch (name) {
    case 'Fn::GetAtt': {
      const [id, attribute] = Array.isArray(argument) ? argument : String(argument).split('.');
      return attributeOf(id, attribute, template);
    }
    case 'Fn::Join': {
      const [delimiter, parts] = argument as [string, unknown[]];
      return parts.map((part) => resolveIntrinsics(part, template)).join(delimiter);
    }
    case 'Fn::Sub': {
      const [text, variables] = (Array.isArray(argument) ? argument : [argument, {}]) as [string, object];
      const values = resolveIntrinsics(variables, template) as Record<string, string>;
      return text.replaceAll(/\$\{(!?)([^}]+)\}/g, (_, escaped, key) => {
        if (escaped) return `\${${key}}`;
        if (key in values) return values[key] as string;
        const [id, attribute] = key.split('.');
        return attribute ? attributeOf(id, attribute, template) : reference(key, template);
      });
    }
    default:
      throw new Error(`The local stack does not resolve ${name} (in the compiled template)`);
  }
}

function reference(id: string, template: Template): string {
  const parameter = PSEUDO_PARAMETERS[id];
  if (parameter) return parameter;
  return kindOf(id, template).refersByArn ? arnOf(id, template) : nameOf(id, template);
}

function attributeOf(id: string, attribute: string, template: Template): string {
  if (attribute === 'Arn') return arnOf(id, template);
  throw new Error(
    `The local stack does not know the attribute ${attribute} of ${id} (in the compiled template)`,
  );
}

const arnOf = (id: string, template: Template): string => kindOf(id, template).arn(nameOf(id, template));

function nameOf(id: string, template: Template): string {
  const name = template.Resources[id]?.Properties?.[kindOf(id, template).name];
  return name === undefined ? id : String(resolveIntrinsics(name, template));
}

function kindOf(id: string, template: Template) {
  const type = template.Resources[id]?.Type;
  const kind = KINDS[type ?? ''];
  if (kind) return kind;
  throw new Error(
    `The local stack cannot refer to ${id} (${type ?? 'not a resource of the compiled template'}). It knows ${Object.keys(KINDS).join(', ')}.`,
  );
}

function hashOfSources(root: string): string {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap((source) => filesBelow(root, source)))
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(root: string, path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const entries = readdirSync(join(root, path), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** A stack that runs may still load from the package that it began with; what a killed process has left is nobody's. */
function removeOldPackages(folder: string): void {
  const leftBehind = readdirSync(folder).filter((name) => {
    const [, pid] = /^(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !isAlive(Number(pid));
  });
  for (const name of leftBehind) rmSync(join(folder, name), { recursive: true, force: true });
  const packages = readdirSync(folder).filter((name) => existsSync(join(folder, name, TEMPLATE_FILE)));
  const ageOf = (name: string) => statSync(join(folder, name)).ctimeMs;
  const oldest = packages.sort((one, other) => ageOf(other) - ageOf(one)).slice(KEPT_PACKAGES);
  for (const name of oldest) rmSync(join(folder, name), { recursive: true });
}
