/**
 * Stands in for CloudFormation: packages serverless.yml with the Serverless Framework, as a deployment does, and reads
 * the compiled template: its functions, state machines and topics under the ARNs of a local account.
 *
 * Resolves Ref, Fn::GetAtt (Arn), Fn::Sub and Fn::Join over resources of those kinds, roles and buckets, and the pseudo
 * parameters; any other intrinsic or attribute is refused by name. Creates nothing else of the template.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isAlive } from './process.ts';

export const LOCAL_ACCOUNT = '000000000000';
export const LOCAL_REGION = 'us-west-2';
export const LOCAL_BUCKETS = { storageBucket: 'fpe-local-storage', modelBucket: 'fpe-local-models' };
const STAGE = 'local';
/** What a package is made of. */
const SOURCES = [
  'serverless.yml',
  'package-lock.json',
  'statemachines',
  'resources',
  'functions',
  'shared',
  'report',
];
const KEPT_PACKAGES = 5;
const LOCK_TIMEOUT_MS = 120_000;

export type LocalFunction = {
  name: string;
  arn: string;
  /** Bundled file, and the name of the handler that it exports. */
  file: string;
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
};

type Resource = { Type: string; Properties?: Record<string, unknown> };
type Template = { Resources: Record<string, Resource> };

/**
 * Packages the project unless that was done for the very same sources before; needs no credentials.
 *
 * @param root folder of serverless.yml; packages are kept in its `.local/packages`
 */
export async function compileTemplate(root: string): Promise<CompiledTemplate> {
  const folder = join(root, '.local', 'packages');
  const compiled = join(folder, hashOfSources(root));
  if (!existsSync(compiled)) {
    mkdirSync(folder, { recursive: true });
    // The framework works in folders of the project, so one at a time.
    const unlock = await lock(join(folder, 'lock'));
    try {
      if (!existsSync(compiled)) await runFramework(root, folder, compiled);
    } finally {
      unlock();
    }
  }
  const template = JSON.parse(readFileSync(join(compiled, 'template.json'), 'utf8'));
  return readTemplate(template, join(compiled, 'bundles'));
}

/** @param bundles folder of the bundled handlers, laid out as in the project */
export function readTemplate(template: Template, bundles: string): CompiledTemplate {
  const resolve = (value: unknown) => resolveIntrinsics(value, template);
  const ofType = (type: string) =>
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => ({ id, arn: arnOf(id, template), properties: resource.Properties ?? {} }));
  return {
    functions: ofType('AWS::Lambda::Function').map(({ id, arn, properties }) => {
      const [, path, handler] = /^(.*)\.(\w+)$/.exec(String(properties.Handler)) as RegExpExecArray;
      const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: object };
      return {
        name: nameOf(id, template),
        arn,
        file: join(bundles, `${path}.cjs`),
        handler: handler as string,
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
  };
}

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
  'AWS::IAM::Role': { name: 'RoleName', arn: (name) => `arn:aws:iam::${LOCAL_ACCOUNT}:role/${name}` },
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name) => `arn:aws:s3:::${name}` },
};

const regionalArn = (service: string, rest: string): string =>
  `arn:aws:${service}:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${rest}`;

function resolveIntrinsics(value: unknown, template: Template): unknown {
  if (Array.isArray(value)) return value.map((element) => resolveIntrinsics(element, template));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [[name, argument] = []] = entries;
  if (entries.length === 1 && name === 'Ref') return reference(String(argument), template);
  if (entries.length === 1 && name?.startsWith('Fn::')) return resolveFunction(name, argument, template);
  return Object.fromEntries(entries.map(([key, part]) => [key, resolveIntrinsics(part, template)]));
}

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
  const hash = createHash('sha256').update(JSON.stringify(LOCAL_BUCKETS));
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

async function runFramework(root: string, folder: string, compiled: string): Promise<void> {
  const output = join(folder, 'framework');
  const unfinished = join(folder, 'unfinished');
  const parameters = Object.entries(LOCAL_BUCKETS).map(([name, value]) => `--param=${name}=${value}`);
  const command = ['package', '--stage', STAGE, '--package', output, ...parameters];
  const program = join(root, 'node_modules/serverless/bin/serverless.js');
  try {
    await promisify(execFile)(process.execPath, [program, ...command], {
      cwd: root,
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    });
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(
      `The project cannot be packaged. To see all of it, run: npx serverless package\n${`${stderr}${stdout}`.trim()}`,
      { cause },
    );
  }
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(join(root, '.esbuild/.build/functions'), join(unfinished, 'bundles/functions'), { recursive: true });
  cpSync(join(output, 'cloudformation-template-update-stack.json'), join(unfinished, 'template.json'));
  renameSync(unfinished, compiled);
  removeOldPackages(folder);
}

/** A stack that runs may still load from the package that it began with. */
function removeOldPackages(folder: string): void {
  const packages = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'template.json')));
  const ageOf = (name: string) => statSync(join(folder, name)).ctimeMs;
  const oldest = packages.sort((one, other) => ageOf(other) - ageOf(one)).slice(KEPT_PACKAGES);
  for (const name of oldest) rmSync(join(folder, name), { recursive: true });
}

/** @returns the function that gives the lock back; a file is made by one process alone */
async function lock(path: string): Promise<() => void> {
  for (const deadline = Date.now() + LOCK_TIMEOUT_MS; ; await sleep(100)) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    if (holder && !isAlive(holder)) rmSync(path, { force: true });
    if (Date.now() > deadline)
      throw new Error(`Process ${holder} has been packaging for two minutes. If it is not, remove ${path}.`);
  }
}
