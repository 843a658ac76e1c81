/**
 * Stands in for CloudFormation: packages the stage `local` as a deployment would, unpacks the functions' archives, and reads the
 * compiled template: its functions, state machines, topics, rules and schedules under the ARNs of a local account.
 *
 * References are resolved by deployment/references.ts. Nothing else in the template is created.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { LOCAL_STAGE_NAME } from '../config/stage.ts';
import { TEMPLATE_FILE, type Template } from '../deployment/package.ts';
import { referencesOf, type StackPlace } from '../deployment/references.ts';
import { makeFolder } from '../host/folder.ts';
import { pipelineVersion } from '../host/version.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './account.ts';
import { pathInside } from './archive.ts';
import type { Rule } from './event-bridge.ts';
import { hashOfSources, keepPackage } from './kept-packages.ts';
import type { Schedule } from './scheduler.ts';

const LOCAL_PLACE: StackPlace = { account: LOCAL_ACCOUNT, region: LOCAL_REGION };

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
 * Packages the project unless that was already done for exactly the same sources; needs no credentials.
 *
 * @param root folder of serverless.yml; packages are stored in its `.local/packages`
 */
export async function compileTemplate(root: string): Promise<CompiledTemplate> {
  const folder = await keepPackage(
    { root, stage: LOCAL_STAGE_NAME, kept: join(root, '.local', 'packages'), name: hashOfSources(root) },
    (own, { archives }) => {
      for (const { file } of archives) unpack(join(own, file), join(own, 'archives', archiveName(file)));
    },
  );
  const template = readTemplate(
    JSON.parse(readFileSync(join(folder, TEMPLATE_FILE), 'utf8')),
    join(folder, 'archives'),
  );
  // The same sources may belong to a different commit than when they were packaged.
  const version = pipelineVersion(root);
  const own: Record<string, string> = { PIPELINE_VERSION: version, JOB_PLACE: 'one computer' };
  for (const { environment } of template.functions)
    for (const [name, value] of Object.entries(own)) if (name in environment) environment[name] = value;
  return template;
}

function unpack(archive: string, folder: string): void {
  for (const [path, body] of Object.entries(unzipSync(readFileSync(archive)))) {
    const file = pathInside(folder, path);
    makeFolder(dirname(file));
    writeFileSync(file, body);
  }
}

/** @param archives folder of the unpacked archives, one for each function, under its name in S3 */
export function readTemplate(template: Template, archives: string): CompiledTemplate {
  const { resolve, arnOf, nameOf } = localReferences(template);
  const ofType = (type: string) =>
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => ({ id, arn: arnOf(id), properties: resource.Properties ?? {} }));
  // Scheduled rules are not fired here (local/scheduler.ts has the schedules).
  const rulesOfEvents = () =>
    ofType('AWS::Events::Rule').filter(({ properties }) => properties.EventPattern !== undefined);
  return {
    functions: ofType('AWS::Lambda::Function').map(({ id, arn, properties }) => {
      const { S3Key } = properties.Code as { S3Key: string };
      const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: object };
      return {
        name: nameOf(id),
        arn,
        folder: join(archives, archiveName(S3Key)),
        handler: String(properties.Handler),
        timeoutSeconds: Number(properties.Timeout),
        memoryMb: Number(properties.MemorySize),
        environment: resolve(Variables) as Record<string, string>,
      };
    }),
    machines: ofType('AWS::StepFunctions::StateMachine').map(({ id, arn, properties }) => ({
      name: nameOf(id),
      arn,
      roleArn: resolve(properties.RoleArn) as string,
      definition: resolve(properties.DefinitionString) as string,
    })),
    topics: ofType('AWS::SNS::Topic').map(({ id, arn }) => ({ name: nameOf(id), arn })),
    rules: rulesOfEvents().map(({ id, properties }) => ({
      name: nameOf(id),
      pattern: resolve(properties.EventPattern) as Rule['pattern'],
      targets: resolve(properties.Targets) as Rule['targets'],
    })),
    schedules: ofType('AWS::Scheduler::Schedule').map(({ id, arn, properties }) => {
      const { Arn, Input = '{}' } = resolve(properties.Target) as { Arn: string; Input?: string };
      return {
        name: nameOf(id),
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

/** Resolves the references of a template for the local account. @throws Error naming a reference that cannot be resolved here */
export const resolveIntrinsics = (value: unknown, template: Template): unknown =>
  localReferences(template).resolve(value);

const localReferences = (template: Template) => referencesOf(template, LOCAL_PLACE);
