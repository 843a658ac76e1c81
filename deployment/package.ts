import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStage } from '../config/stage.ts';
import { runFramework } from './framework.ts';

export const TEMPLATE_FILE = 'template.json';
export const MANIFEST_FILE = 'manifest.json';
/** What the archives lie under in the model bucket. */
export const ARTIFACTS_PREFIX = 'deploy/';
/** Of a template in S3 (CloudFormation quotas). */
const MAX_TEMPLATE_BYTES = 1_000_000;

export type Resource = {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string[];
  Condition?: string;
};
export type Template = {
  Description?: string;
  Parameters?: Record<string, { Type: string; Default?: string }>;
  Conditions?: Record<string, unknown>;
  Resources: Record<string, Resource>;
  Outputs?: Record<string, { Description?: string; Value: unknown; Export?: unknown }>;
};

/** One file of a package, and where in S3 it goes. */
export type PackagedFile = { file: string; bytes: number; sha256: string; bucket: string; key: string };

/** What `manifest.json` holds: everything that a deployment uploads, and the stack that it makes. */
export type Manifest = {
  stack: string;
  stage: string;
  region: string;
  capabilities: ['CAPABILITY_IAM'];
  tags: Record<string, string>;
  template: PackagedFile;
  archives: PackagedFile[];
};

/**
 * Compiles a stage into one folder: the template, an archive for each function, and a manifest with their checksums. Same
 * sources, same bytes: archives are named by their content, so an unchanged function is not deployed again.
 *
 * @param root folder of serverless.yml
 * @param folder replaced as a whole
 * @throws StageInvalid, Error
 */
export async function packageStage(root: string, stage: string, folder: string): Promise<Manifest> {
  const parameters = readStage(stage, join(root, 'config'));
  mkdirSync(join(folder, '..'), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.unfinished-`);
  try {
    const compiled = join(unfinished, 'compiled');
    await runFramework(root, stage, compiled);
    const template: Template = JSON.parse(
      readFileSync(join(compiled, 'cloudformation-template-update-stack.json'), 'utf8'),
    );
    const { appName, modelBucket: bucket, region } = parameters;
    const prefix = `${ARTIFACTS_PREFIX}${appName}-${stage}`;
    mkdirSync(join(unfinished, 'archives'));
    const archives = lambdaFunctions(template).map(({ name, code }) => {
      const file = `archives/${name}.zip`;
      renameSync(join(compiled, code.S3Key.split('/').at(-1) as string), join(unfinished, file));
      const packaged = describe(unfinished, file, bucket, (hash) => `${prefix}/${name}-${hash}.zip`);
      Object.assign(code, { S3Bucket: packaged.bucket, S3Key: packaged.key });
      return packaged;
    });
    // Named by the account's region and stage alone, it would collide with another app's.
    delete template.Outputs?.ServerlessDeploymentBucketName;
    writeFileSync(join(unfinished, TEMPLATE_FILE), `${JSON.stringify(template, null, 1)}\n`);
    const described = describe(
      unfinished,
      TEMPLATE_FILE,
      bucket,
      (hash) => `${prefix}/template-${hash}.json`,
    );
    if (described.bytes > MAX_TEMPLATE_BYTES)
      throw new Error(
        `The template of ${stage} has ${described.bytes} bytes. CloudFormation allows ${MAX_TEMPLATE_BYTES}. Move a part of resources/ into a stack of its own.`,
      );
    const manifest: Manifest = {
      stack: stackName(parameters),
      stage,
      region,
      capabilities: ['CAPABILITY_IAM'],
      tags: { project: appName, env: stage },
      template: described,
      archives,
    };
    writeFileSync(join(unfinished, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    rmSync(compiled, { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
    return manifest;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

export const stackName = ({ appName, stage }: { appName: string; stage: string }): string =>
  `${appName}-${stage}-rank`;

/** The functions of a template with their names up to app and stage, and where their code lies. */
function lambdaFunctions({ Resources }: Template) {
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties = {} }) => ({
      name: String(Properties.FunctionName).split('-').slice(2).join('-'),
      code: Properties.Code as { S3Bucket: unknown; S3Key: string },
    }));
}

function describe(folder: string, file: string, bucket: string, key: (hash: string) => string): PackagedFile {
  const body = readFileSync(join(folder, file));
  const sha256 = createHash('sha256').update(body).digest('hex');
  return { file, bytes: body.length, sha256, bucket, key: key(sha256.slice(0, 16)) };
}
