import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  describeExecution,
  redriveExecution,
  startExecution,
  stopExecution,
} from '../../shared/aws/executions.ts';
import { listObjects } from '../../shared/aws/object-store.ts';
import { passingPrefix } from '../../shared/execution/keys.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import {
  ended,
  importGoldenStation,
  isRunning,
  STACK_TIMEOUT_MS,
  startTestStack,
  type TestStack,
  until,
} from './test-stack.ts';

/** An execution is started, watched and stopped with the commands of the README, then redriven. */
const ROOT = join(import.meta.dirname, '..', '..');

let local: TestStack;
beforeAll(async () => {
  local = await startTestStack();
  // The demo's input asks for station 1, the first of an empty database.
  expect(await importGoldenStation(local)).toBe(1);
}, STACK_TIMEOUT_MS);
afterAll(() => local.stop());

/** Few epochs: the training is held while the slow AWS CLI starts. */
const N_EPOCHS = 4;
const INPUT = {
  station_id: 1,
  n_epochs: N_EPOCHS,
  unfreeze_after: 0,
  input_size: 48,
  batch_size: 16,
  pretrained: false,
};

/** The README's lines that point the AWS CLI at the local stack and use it, for this stack and this input. */
function commandsOfReadme(input: string): [setting: string[], start: string, describe: string, stop: string] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const lines = Array.from(
    readme.matchAll(/^ {4}((?:eval|machine=|aws stepfunctions .* --e).*)$/gm),
    ([, line]) =>
      (line as string)
        .replace(
          './fpe local env',
          `"${process.execPath}" cli/fpe.ts local env --folder ${local.stack.folder}`,
        )
        .replace('events/demo.json', input),
  );
  expect(lines).toHaveLength(5);
  return [lines.slice(0, 2), ...(lines.slice(2) as [string, string, string])];
}

/** In a shell that nobody has pointed at a stack yet. */
async function runInShell(commands: readonly string[]): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  const { stdout } = await promisify(execFile)('bash', ['-ec', commands.join('\n')], { cwd: ROOT, env });
  return stdout;
}

async function hasCheckpoint(): Promise<boolean> {
  for await (const { key } of listObjects(process.env.MODEL_BUCKET as string, passingPrefix(RANK)))
    if (key.endsWith('.pth')) return true;
  return false;
}

/** Logs of the training jobs in the order of their names, which is that of the redrives. */
function trainingLogs(): string[] {
  const folder = join(local.stack.folder, 'logs', 'jobs');
  const names = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.includes('-train-'));
  return names.sort().map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** Holds the training's process where it is, or lets it go on. */
function signalTraining(signal: 'STOP' | 'CONT'): void {
  spawnSync('pkill', [`-${signal}`, '-f', `train\\.py .*${local.stack.folder}`]);
}

type Handled = { executionArn: string; described: unknown; stop(): Promise<unknown> };

async function startWithReadme(): Promise<Handled> {
  const file = join(local.stack.folder, 'input.json');
  writeFileSync(file, JSON.stringify(INPUT));
  const [setting, start, describe, stop] = commandsOfReadme(file);
  const { executionArn } = JSON.parse(await runInShell([...setting, start]));
  const described = JSON.parse(await runInShell([...setting, describe]));
  return { executionArn, described, stop: () => runInShell([...setting, stop]) };
}

/** Where the AWS CLI, which is no part of the set-up, is not installed. */
async function startWithSdk(): Promise<Handled> {
  const executionArn = await startExecution(local.stack.machines[0]?.arn as string, INPUT, 'try-1');
  const described = await describeExecution(executionArn);
  return { executionArn, described, stop: () => stopExecution(executionArn, 'enough') };
}

const hasAwsCli = spawnSync('aws', ['--version']).status === 0;

test(
  `${hasAwsCli ? 'the commands of the README' : 'the SDK'} can start, show and stop an execution, and a redrive resumes its training`,
  async () => {
    const { executionArn, described, stop } = await (hasAwsCli ? startWithReadme() : startWithSdk());
    await until(
      async () => trainingLogs()[0]?.includes('epoch=1/') === true || !(await isRunning(executionArn)),
    );
    signalTraining('STOP');
    await until(async () => (await hasCheckpoint()) || !(await isRunning(executionArn)));
    await stop();
    signalTraining('CONT');
    const stopped = await ended(executionArn);
    await redriveExecution(executionArn);
    const redriven = await ended(executionArn);

    expect(described).toMatchObject({ executionArn, name: 'try-1', status: 'RUNNING' });
    expect(stopped.status).toBe('ABORTED');
    const { status, error, cause, redriveCount } = redriven;
    expect({ status, error, cause, redriveCount }).toEqual({ status: 'SUCCEEDED', redriveCount: 1 });
    const [first, second] = trainingLogs();
    expect(first).toContain(`epoch=1/${N_EPOCHS}`);
    expect(first).not.toContain(`epoch=${N_EPOCHS}/${N_EPOCHS}`);
    expect(second).not.toContain(`epoch=1/${N_EPOCHS}`);
    expect(second).toContain(`epoch=${N_EPOCHS}/${N_EPOCHS}`);
    expect(JSON.parse(redriven.output as string)).toMatchObject({ model_id: 1, images: { published: 41 } });
  },
  STACK_TIMEOUT_MS,
);
