// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are CloudFormation’s
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tryLock } from '../../host/lock.ts';
import { keepPackage } from '../../local/kept-packages.ts';
import { compileTemplate, readTemplate } from '../../local/template.ts';

const role = { Type: 'AWS::IAM::Role', Properties: {} };
const topic = { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'finished-runs' } };
const lambda = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: 'models', S3Key: 'deploy/fpe-local/do-work-0123456789abcdef.zip' },
    FunctionName: { 'Fn::Sub': 'pipeline-${AWS::Region}-work' },
    Handler: 'functions/do-work.handler',
    Timeout: 60,
    MemorySize: 512,
    Environment: { Variables: { TOPIC: { Ref: 'Topic' }, PLAIN: 'a' } },
  },
};
const machine = (definition: unknown) => ({
  Type: 'AWS::StepFunctions::StateMachine',
  Properties: {
    StateMachineName: 'machine',
    RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
    DefinitionString: definition,
  },
});
const template = (definition: unknown) => ({
  Resources: { Role: role, Topic: topic, Work: lambda, Machine: machine(definition) },
});
const definitionOf = (definition: unknown) =>
  readTemplate(template(definition), '/archives').machines[0]?.definition;

test('functions are found with their file, limits and environment', () => {
  expect(readTemplate(template('{}'), '/archives').functions).toEqual([
    {
      name: 'pipeline-us-west-2-work',
      arn: 'arn:aws:lambda:us-west-2:000000000000:function:pipeline-us-west-2-work',
      folder: '/archives/do-work',
      handler: 'functions/do-work.handler',
      timeoutSeconds: 60,
      memoryMb: 512,
      environment: { TOPIC: 'arn:aws:sns:us-west-2:000000000000:finished-runs', PLAIN: 'a' },
    },
  ]);
});

test('machines and topics are found under ARNs of the local account', () => {
  const { machines, topics } = readTemplate(template('{}'), '/archives');

  expect(machines).toEqual([
    {
      name: 'machine',
      arn: 'arn:aws:states:us-west-2:000000000000:stateMachine:machine',
      roleArn: 'arn:aws:iam::000000000000:role/Role',
      definition: '{}',
    },
  ]);
  expect(topics).toEqual([
    { name: 'finished-runs', arn: 'arn:aws:sns:us-west-2:000000000000:finished-runs' },
  ]);
});

test.each([
  [{ 'Fn::Sub': ['"${a}"', { a: { 'Fn::GetAtt': ['Work', 'Arn'] } }] }, /^"arn:aws:lambda:.*-work"$/],
  [{ 'Fn::Sub': '${Topic}' }, /^arn:aws:sns:us-west-2:000000000000:finished-runs$/],
  [{ 'Fn::Sub': '${Work.Arn}' }, /^arn:aws:lambda:/],
  [{ 'Fn::Sub': 'States.Format ${!literal}' }, /^States\.Format \$\{literal\}$/],
  [
    { 'Fn::Join': ['-', [{ Ref: 'Work' }, { Ref: 'AWS::AccountId' }]] },
    /^pipeline-us-west-2-work-000000000000$/,
  ],
])('%j is resolved', (definition, expected) => {
  expect(definitionOf(definition)).toMatch(expected);
});

test.each([
  [{ 'Fn::Select': [0, ['a']] }, 'not known what Fn::Select comes to'],
  [{ 'Fn::GetAtt': ['Role', 'RoleId'] }, 'The attribute RoleId of Role is not known'],
  [{ Ref: 'Nowhere' }, 'a reference to Nowhere (not a resource of the compiled template) means'],
])('%j is refused by name', (definition, message) => {
  expect(() => definitionOf(definition)).toThrow(message);
});

const SERVERLESS = `
service: small
params: { default: { storageBucket: small-storage, modelBucket: small-models } }
provider: { name: aws, region: us-west-2, runtime: nodejs24.x, memorySize: 128, timeout: 5, environment: { BUCKET: '\${param:storageBucket}' } }
plugins: [serverless-esbuild, serverless-step-functions]
package: { individually: true }
custom: { esbuild: { bundle: true, format: cjs, outputFileExtension: .cjs, keepOutputDirectory: true, plugins: browser/esbuild-plugins.cjs } }
functions: { sayHello: { name: 'small-local-say-hello', handler: functions/say-hello.handler } }
stepFunctions: { stateMachines: { greet: { name: 'greet-\${sls:stage}', definition: '\${file(statemachines/greet.asl.yml)}' } } }
`;
const MACHINE = `
StartAt: SayHello
States: { SayHello: { Type: Task, Resource: { Fn::GetAtt: [sayHello, Arn] }, End: true } }
`;
const FRAMEWORK_MS = 120_000;

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'fpe-package-'));
  for (const folder of 'config deployment functions host model browser shared statemachines resources'.split(
    ' ',
  ))
    mkdirSync(join(root, folder));
  cpSync(join(import.meta.dirname, '../../config/local.yml'), join(root, 'config/local.yml'));
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{"name":"small","version":"1.0.0","license":"CC0-1.0"}');
  writeFileSync(join(root, 'package-lock.json'), '{"packages":{}}');
  for (const file of ['esbuild-plugins.cjs', 'bundling.cjs'])
    cpSync(join(import.meta.dirname, '../../browser', file), join(root, 'browser', file));
  writeFileSync(join(root, 'serverless.yml'), SERVERLESS);
  writeFileSync(join(root, 'statemachines/greet.asl.yml'), MACHINE);
  writeFileSync(
    join(root, 'functions/say-hello.ts'),
    "export const handler = async () => 'hello' as string;",
  );
});
afterAll(() => rmSync(root, { recursive: true }));

/** In a process of its own, with a place for temporary folders of its own. @returns what is left there, and what it said */
async function compileApart(): Promise<{ left: string[]; stderr: string }> {
  const place = mkdtempSync(join(tmpdir(), 'fpe-temporary-'));
  const module = JSON.stringify(join(import.meta.dirname, '../../local/template.ts'));
  const script = `const { compileTemplate } = await import(${module}); await compileTemplate(${JSON.stringify(root)});`;
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--no-warnings', '-e', script],
    { env: { ...process.env, TMPDIR: place } },
  ).catch((error) => error);
  const left = readdirSync(place);
  rmSync(place, { recursive: true });
  return { left, stderr };
}

const packages = () => readdirSync(join(root, '.local/packages'));

test(
  'a project is packaged without credentials, once for the same sources, and by one process at a time',
  async () => {
    const [first, second] = await Promise.all([compileTemplate(root), compileTemplate(root)]);
    const kept = packages();
    writeFileSync(
      join(root, 'functions/say-hello.ts'),
      "export const handler = async () => 'good morning' as string;",
    );
    const changed = await compileTemplate(root);

    expect(second).toEqual(first);
    expect(kept).toHaveLength(1);
    expect(packages()).toHaveLength(2);
    expect(first.machines).toMatchObject([{ name: 'greet-local' }]);
    expect(JSON.parse(first.machines[0]?.definition as string).States.SayHello.Resource).toBe(
      first.functions[0]?.arn,
    );
    expect(first.functions).toMatchObject([
      { name: 'small-local-say-hello', environment: { BUCKET: 'small-storage' } },
    ]);
    const handlers = [first, changed].map(({ functions }) => {
      const file = join(functions[0]?.folder as string, 'functions/say-hello.cjs');
      return createRequire(file)(file).handler();
    });
    expect(await Promise.all(handlers)).toEqual(['hello', 'good morning']);
  },
  FRAMEWORK_MS,
);

test(
  'a package that several ask for at once is made once',
  async () => {
    const made: string[] = [];
    const place = { root, stage: 'local', kept: join(root, '.local/several'), name: 'wanted' };
    const ask = () => keepPackage(place, (folder) => made.push(folder));

    const folders = await Promise.all([ask(), ask(), ask()]);

    expect(new Set(folders)).toEqual(new Set([join(place.kept, 'wanted')]));
    expect(made).toHaveLength(1);
  },
  FRAMEWORK_MS,
);

test(
  'packaging leaves nothing in the place for temporary files, and removes what a killed process has left of a package',
  async () => {
    const leftBehind = join(root, '.local/packages/999999999-abc.unfinished-XYZ');
    mkdirSync(leftBehind, { recursive: true });
    writeFileSync(
      join(root, 'functions/say-hello.ts'),
      "export const handler = async () => 'good evening' as string;",
    );

    const { left, stderr } = await compileApart();

    expect({ left, stderr }).toEqual({ left: [], stderr: '' });
    expect(existsSync(leftBehind)).toBe(false);
    expect(packages().filter((name) => !/^[0-9a-f]{16}$/.test(name))).toEqual([]);
  },
  FRAMEWORK_MS,
);

test(
  'packaging that fails leaves nothing in the place for temporary files',
  async () => {
    writeFileSync(join(root, 'statemachines/greet.asl.yml'), 'States: { a: b: c }');

    const { left, stderr } = await compileApart();
    writeFileSync(join(root, 'statemachines/greet.asl.yml'), MACHINE);

    expect(stderr).toContain('The project cannot be packaged');
    expect(left).toEqual([]);
  },
  FRAMEWORK_MS,
);

test(
  'a project that cannot be packaged says why, and leaves nothing that is taken for a package',
  async () => {
    writeFileSync(join(root, 'statemachines/greet.asl.yml'), 'States: { a: b: c }');

    const compiled = compileTemplate(root);

    await expect(compiled).rejects.toThrow(/npx serverless package[\s\S]*greet\.asl\.yml/);
    const unlock = tryLock(join(root, '.local/packaging.lock'));
    expect(unlock).not.toBeNull();
    unlock?.();
    expect(packages().filter((name) => !/^[0-9a-f]{16}$/.test(name))).toEqual([]);
  },
  FRAMEWORK_MS,
);
