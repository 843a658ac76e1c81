import { createHash } from 'node:crypto';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { containerImages, SERVING_WHEELS } from '../config/containers.ts';
import { readStage } from '../config/stage.ts';
import { makeFolder } from '../host/folder.ts';
import { parseJson } from '../shared/formats/json.ts';
import { runFramework } from './framework.ts';
import { type Archive, billOfMaterials, LICENSES_FILE, SBOM_FILE } from './sbom.ts';

export const TEMPLATE_FILE = 'template.json';
export const MANIFEST_FILE = 'manifest.json';
/** Prefix of the archives in the model bucket. */
export const ARTIFACTS_PREFIX = 'deploy/';
/** Hexadecimal digits of a checksum that distinguish two archives of a function. */
const HASH_LENGTH = 16;
/** Size limit of a template in S3 (CloudFormation quotas). */
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

/** One file of a package, and its place in S3. */
export type PackagedFile = { file: string; bytes: number; sha256: string; bucket: string; key: string };

/** Content of `manifest.json`: everything that a deployment uploads, and the stack that it creates. */
export type Manifest = {
  stack: string;
  stage: string;
  region: string;
  capabilities: ['CAPABILITY_IAM'];
  tags: Record<string, string>;
  template: PackagedFile;
  archives: PackagedFile[];
  /** Components of the archives and their licenses; not uploaded. */
  documents: Pick<PackagedFile, 'file' | 'bytes' | 'sha256'>[];
};

/**
 * Compiles a stage into one folder: the template, an archive for each function, and a manifest with their checksums. The same
 * sources give the same bytes: archives are named by their content, so an unchanged function is not deployed again.
 *
 * @param root folder of serverless.yml
 * @param folder replaced as a whole
 * @throws StageInvalid, Error
 */
export async function packageStage(root: string, stage: string, folder: string): Promise<Manifest> {
  const parameters = readStage(stage, join(root, 'config'));
  makeFolder(join(folder, '..'));
  const unfinished = mkdtempSync(`${folder}.unfinished-`);
  try {
    const compiled = join(unfinished, 'compiled');
    const inputs = join(unfinished, 'inputs');
    await runFramework(root, stage, compiled, inputs);
    const template = parseJson(
      readFileSync(join(compiled, 'cloudformation-template-update-stack.json'), 'utf8'),
    ) as Template;
    const { appName, modelBucket: bucket, region } = parameters;
    const prefix = `${ARTIFACTS_PREFIX}${appName}-${stage}`;
    mkdirSync(join(unfinished, 'archives'));
    const bodies: Archive[] = [];
    const archives = lambdaFunctions(template).map(({ name, code }) => {
      const body = readFileSync(join(compiled, code.S3Key.split('/').at(-1) as string));
      const sha256 = checksum(body);
      bodies.push({ name, body, sha256 });
      const file = `archives/${name}-${sha256.slice(0, HASH_LENGTH)}.zip`;
      writeFileSync(join(unfinished, file), body);
      Object.assign(code, { S3Bucket: bucket, S3Key: `${prefix}/${basename(file)}` });
      return { file, bytes: body.length, sha256, bucket, key: code.S3Key };
    });
    template.Resources = inlineReferences(template.Resources) as Template['Resources'];
    // If named by the account's region and stage alone, it would collide with another app's.
    delete template.Outputs?.ServerlessDeploymentBucketName;
    const text = Buffer.from(`${JSON.stringify(template, null, 1)}\n`);
    writeFileSync(join(unfinished, TEMPLATE_FILE), text);
    if (text.length > MAX_TEMPLATE_BYTES)
      throw new Error(
        `The template of ${stage} has ${text.length} bytes. CloudFormation allows ${MAX_TEMPLATE_BYTES}. Move a part of resources/ into a stack of its own.`,
      );
    const { training, serving } = containerImages(parameters);
    const bill = billOfMaterials(root, inputs, bodies, [training, serving]);
    const documents = Object.entries({ [SBOM_FILE]: bill.sbom, [LICENSES_FILE]: bill.licenses }).map(
      ([file, content]) => {
        writeFileSync(join(unfinished, file), content);
        return { file, bytes: Buffer.byteLength(content), sha256: checksum(Buffer.from(content)) };
      },
    );
    const manifest: Manifest = {
      stack: stackName(parameters),
      stage,
      region,
      capabilities: ['CAPABILITY_IAM'],
      tags: { project: appName, env: stage },
      template: {
        file: TEMPLATE_FILE,
        bytes: text.length,
        sha256: checksum(text),
        bucket,
        key: `${prefix}/template-${checksum(text).slice(0, HASH_LENGTH)}.json`,
      },
      archives,
      documents,
    };
    writeFileSync(join(unfinished, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    writeFileSync(join(unfinished, 'DEPLOY.md'), instructions(manifest));
    chmodSync(unfinished, 0o755);
    rmSync(compiled, { recursive: true });
    rmSync(inputs, { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
    return manifest;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

export const stackName = ({ appName, stage }: { appName: string; stage: string }): string =>
  `${appName}-${stage}-rank`;

/** Whether the set-up has fetched the library for the Python of AWS's container (model/wheels). */
export const hasScoringLibrary = (root: string): boolean =>
  globSync(SERVING_WHEELS, { cwd: join(root, 'model', 'wheels') }).length > 0;

/** The functions of a template with their names up to app and stage, and where their code lies. */
function lambdaFunctions({ Resources }: Template) {
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties = {} }) => ({
      name: String(Properties.FunctionName).split('-').slice(2).join('-'),
      code: Properties.Code as { S3Bucket: unknown; S3Key: string },
    }));
}

/**
 * Puts references directly into texts: `${PlanMergeLambdaFunction.Arn}` instead of the variables that serverless-step-functions
 * names by a hash, so that the template is readable.
 */
function inlineReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inlineReferences);
  if (typeof value !== 'object' || value === null) return value;
  const { 'Fn::Sub': sub } = value as { 'Fn::Sub'?: unknown };
  if (Array.isArray(sub)) {
    const [text, variables] = sub as [string, Record<string, { Ref?: string; 'Fn::GetAtt'?: string[] }>];
    const inlined = Object.entries(variables).reduce((result, [name, { Ref, 'Fn::GetAtt': attribute }]) => {
      const reference = Ref ?? attribute?.join('.');
      return reference ? result.replaceAll(`\${${name}}`, `\${${reference}}`) : result;
    }, text);
    const left = Object.entries(variables).filter(([name]) => inlined.includes(`\${${name}}`));
    return { 'Fn::Sub': left.length > 0 ? [inlined, Object.fromEntries(left)] : inlined };
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inlineReferences(part)]));
}

const checksum = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

/** For the person who deploys it if the developers may not. */
function instructions({ stack, stage, region, tags, template, archives }: Manifest): string {
  const [first] = archives as [PackagedFile];
  const folder = `s3://${first.bucket}/${dirname(first.key)}/`;
  return `# ${stack}, stage ${stage}

The template and the archives of one deployment. sbom.cdx.json lists
what is in them, licenses.txt has the licenses of it. manifest.json holds the checksum (SHA-256) of each file; to check them:

    node -e "const m = require('./manifest.json'), { createHash: h } = require('crypto'), { readFileSync: r } = require('fs'); for (const f of [m.template, ...m.archives, ...m.documents]) if (h('sha256').update(r(f.file)).digest('hex') !== f.sha256) throw f.file"

Upload the archives and create or update the stack, with credentials of the account:

    aws s3 sync archives ${folder} --region ${region}
    aws cloudformation deploy --region ${region} --stack-name ${stack} \\
      --template-file template.json --s3-bucket ${template.bucket} --s3-prefix ${dirname(template.key)} \\
      --capabilities CAPABILITY_IAM --tags ${Object.entries(tags)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}

Add --no-execute-changeset to see first what would change. To remove everything again:

    aws cloudformation delete-stack --region ${region} --stack-name ${stack}
    aws s3 rm --recursive ${folder} --region ${region}
`;
}
