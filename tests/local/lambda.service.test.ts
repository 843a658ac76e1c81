import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Lambda, startLambda } from '../../local/lambda.ts';
import type { TaskFailure } from '../../local/task.ts';

/** Bundles as they are deployed, one behavior each. */
const HANDLERS = {
  echo: 'async (event) => event',
  nothing: 'async () => undefined',
  count: '(() => { let calls = 0; return async () => ++calls; })()',
  environment:
    'async (_, context) => ({ env: process.env, cwd: process.cwd(), hour: new Date(0).getHours(), context, left: context.getRemainingTimeInMillis() })',
  fail: 'async () => { throw Object.assign(new Error("no such station"), { name: "StationNotFound" }); }',
  failWithText: 'async () => { throw "text"; }',
  hang: 'async () => new Promise((resolve) => setTimeout(resolve, 60_000))',
  spin: 'async () => { for (;;); }',
  exit: 'async () => process.exit(3)',
  large: 'async () => "x".repeat(7 * 2 ** 20)',
  wait: 'async (ms) => new Promise((resolve) => setTimeout(() => resolve(process.pid), ms))',
};

let folder: string;
let lambda: Lambda;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-lambda-'));
  for (const [name, code] of Object.entries(HANDLERS))
    writeFileSync(join(folder, `${name}.cjs`), `exports.handler = ${code};`);
  writeFileSync(join(folder, 'broken.cjs'), 'require("nowhere")');
  const functions = [...Object.keys(HANDLERS), 'broken'].map((name) => ({
    name,
    arn: arn(name),
    folder,
    handler: `${name}.handler`,
    timeoutSeconds: ['hang', 'spin'].includes(name) ? 0.3 : 30,
    memoryMb: 256,
    environment: { OWN: name },
  }));
  lambda = startLambda({ functions, env: { SHARED: 'yes' }, folder: join(folder, 'logs') });
});
afterAll(async () => {
  await lambda.stop();
  rmSync(folder, { recursive: true });
});

const arn = (name: string) => `arn:aws:lambda:us-west-2:000000000000:function:${name}`;
const invoke = (name: string, event: unknown = {}, signal = new AbortController().signal) =>
  lambda.invoke(arn(name), event, signal);

async function failureOf(work: Promise<unknown>): Promise<{ error: string; cause: string }> {
  try {
    await work;
  } catch (failure) {
    const { error, cause } = failure as TaskFailure;
    return { error, cause: String(cause) };
  }
  throw new Error('It did not fail');
}

test('a handler gets the event and gives its result as JSON', async () => {
  const event = { text: 'Übersicht', when: '2024-05-01', list: [1, null, { a: true }] };

  expect(await invoke('echo', event)).toEqual(event);
  expect(await invoke('nothing')).toBeNull();
});

test('an environment stays warm between calls', async () => {
  expect([await invoke('count'), await invoke('count')]).toEqual([1, 2]);
});

test('calls at the same time run in environments of their own', async () => {
  const processes = await Promise.all([invoke('wait', 200), invoke('wait', 200), invoke('wait', 200)]);

  expect(new Set(processes).size).toBe(3);
});

test('a function sees its own variables, those of Lambda, UTC, and nothing of this process', async () => {
  process.env.SECRET_OF_THE_HOST = 'hidden';

  const seen = (await invoke('environment')) as Record<string, never>;

  expect(seen.env).toMatchObject({
    OWN: 'environment',
    SHARED: 'yes',
    AWS_LAMBDA_FUNCTION_NAME: 'environment',
    AWS_REGION: 'us-west-2',
    LAMBDA_TASK_ROOT: folder,
  });
  expect(seen.env).not.toHaveProperty('SECRET_OF_THE_HOST');
  expect(seen).toMatchObject({ hour: 0, context: { functionName: 'environment', memoryLimitInMB: '256' } });
  expect(seen.left).toBeGreaterThan(25_000);
});

test('an error ends the task under its name, with message and trace as its cause', async () => {
  const { error, cause } = await failureOf(invoke('fail'));

  expect(error).toBe('StationNotFound');
  expect(JSON.parse(cause)).toEqual({
    errorType: 'StationNotFound',
    errorMessage: 'no such station',
    trace: expect.arrayContaining([expect.stringContaining('fail.cjs')]),
  });
});

test.each([
  ['failWithText', 'string', 'text'],
  ['broken', 'Runtime.ImportModuleError', "Cannot find module 'nowhere'"],
  ['exit', 'Runtime.ExitError', 'exit status 3'],
  ['hang', 'Sandbox.Timedout', 'Task timed out after 0.30 seconds'],
  ['spin', 'Sandbox.Timedout', 'Task timed out after 0.30 seconds'],
  ['large', 'Function.ResponseSizeTooLarge', 'Found: 7340034'],
  ['unknown', 'Lambda.ResourceNotFoundException', 'Function not found'],
])('%s fails with %s', async (name, expectedError, expectedCause) => {
  const { error, cause } = await failureOf(invoke(name));

  expect(error).toBe(expectedError);
  expect(cause).toContain(expectedCause);
});

test('an event larger than Lambda takes is refused', async () => {
  const { error } = await failureOf(invoke('echo', 'x'.repeat(7 * 2 ** 20)));

  expect(error).toBe('Lambda.RequestTooLargeException');
});

test('a function works again after a call that ended its environment', async () => {
  await failureOf(invoke('exit'));

  expect(await failureOf(invoke('exit'))).toMatchObject({ error: 'Runtime.ExitError' });
});

test('a stopped execution no longer waits for its call', async () => {
  const stopped = new AbortController();
  const call = invoke('wait', 30_000, stopped.signal);

  stopped.abort(new Error('the execution was stopped'));

  await expect(call).rejects.toThrow('the execution was stopped');
});

test('the log holds when each call began and ended, and why it failed', async () => {
  await failureOf(invoke('fail'));

  const log = readFileSync(join(folder, 'logs', 'fail.log'), 'utf8');

  expect(log).toMatch(/START RequestId: .*\n.*StationNotFound.*\nREPORT RequestId: .*Duration: \d+ ms/);
});
