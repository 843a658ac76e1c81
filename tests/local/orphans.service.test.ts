import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { identify, isSameProcess, type ProcessIdentity } from '../../host/process.ts';
import { removePostgres } from '../../local/postgres.ts';
import { endLeftOvers } from '../../local/sagemaker/container.ts';
import { startSageMaker } from '../../local/sagemaker/server.ts';
import { until } from '../integration/test-stack.ts';

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-orphans-'));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
});
afterEach(() => {
  endLeftOvers(join(folder, 'jobs', 'running'));
  removePostgres(join(folder, 'postgres'));
  rmSync(folder, { recursive: true });
});

/** A process with PostgreSQL, a container and its worker, and who they are. */
async function startParent(): Promise<{ parent: ChildProcess; children: ProcessIdentity[] }> {
  const parent = spawn(process.execPath, [join(import.meta.dirname, 'orphans.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  const children = String(line)
    .split(' ')
    .map((pid) => identify(Number(pid)) as ProcessIdentity);
  return { parent, children };
}

async function kill(process: ChildProcess): Promise<void> {
  const ended = once(process, 'exit');
  process.kill('SIGKILL');
  await ended;
}

/** The watchdog that a process has started. */
function watchdogOf({ pid }: ChildProcess): number {
  const found = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name) || !existsSync(`/proc/${name}/cmdline`)) return false;
    const parent = readFileSync(`/proc/${name}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[1];
    return Number(parent) === pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('watchdog.ts');
  });
  return Number(found);
}

test('PostgreSQL, a container and its workers end when the process that started them is killed', async () => {
  const { parent, children } = await startParent();
  const before = children.map(isSameProcess);

  await kill(parent);

  await until(async () => !children.some(isSameProcess));
  expect(before).toEqual([true, true, true]);
  expect(existsSync(join(folder, 'postgres', 'data', 'postmaster.pid'))).toBe(false);
});

test('all of them end when the process ends by itself', async () => {
  const { parent, children } = await startParent();

  parent.kill('SIGTERM');

  await until(async () => !children.some(isSameProcess));
  expect(children).toHaveLength(3);
});

if (existsSync('/proc'))
  test('where the watchdog was killed first, the next start ends what is left, and nobody else', async () => {
    const { parent, children } = await startParent();
    const [, ...container] = children;
    process.kill(watchdogOf(parent), 'SIGKILL');
    await kill(parent);
    // A person's shell that stands in the folder of the job, and names it.
    const running = join(folder, 'jobs', 'running');
    const bystander = spawn('sh', ['-c', 'sleep 1000 # $0', running], {
      cwd: join(running, 'Training', 'job', 'code'),
      stdio: 'ignore',
      detached: true,
    });
    const before = container.map(isSameProcess);

    const notices: string[] = [];
    const s3 = new S3Client({ region: 'us-west-2' });
    const sageMaker = await startSageMaker({ folder, s3, onNotice: (line) => notices.push(line) });
    await sageMaker.stop();

    await until(async () => !container.some(isSameProcess));
    expect(before).toEqual([true, true]);
    expect(notices).toEqual(['SageMaker: ended 2 processes that an earlier stack left running']);
    expect({ exitCode: bystander.exitCode, signal: bystander.signalCode }).toEqual({
      exitCode: null,
      signal: null,
    });
    process.kill(-(bystander.pid as number), 'SIGKILL');
    process.kill((children[0] as ProcessIdentity).pid, 'SIGQUIT');
    await until(async () => !isSameProcess(children[0] as ProcessIdentity));
  });

test('a process is not taken for one that has its id at another time', async () => {
  const self = identify(process.pid) as ProcessIdentity;
  const ended = spawn('sleep', ['1000']);
  const former = identify(ended.pid as number) as ProcessIdentity;
  await kill(ended);

  expect(isSameProcess(self)).toBe(true);
  expect(isSameProcess({ ...self, startedAt: 'earlier' })).toBe(false);
  expect(isSameProcess(former)).toBe(false);
  expect(identify(ended.pid as number)).toBeNull();
});
