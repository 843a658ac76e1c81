import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type S3, startS3 } from '../local/s3.ts';

/** What a step took: the most memory its process had resident, and the size of what the function returned as JSON. */
export type StepResult = { seconds: number; megabytes: number; stateBytes: number };
export type RunStep<Step extends string> = (name: Step, size: number) => Promise<StepResult>;
/** What a benchmark does, each step in a process of its own, as in Lambda. */
export type Steps<Step extends string> = {
  /** The benchmark's file, started again for each step. */
  file: string;
  buckets: Record<string, string>;
  /** What Node.js may use for objects; buffers come on top. */
  heapMb: number;
  work: Record<Step, (size: number) => Promise<unknown>>;
  main: (runStep: RunStep<Step>) => Promise<void>;
};

/** Plays the part that this process was started for: the benchmark itself, its local S3, or one step. */
export async function runSteps<Step extends string>(steps: Steps<Step>): Promise<void> {
  const [, , name, argument] = process.argv;
  if (name === 's3') await serve(argument as string, steps.buckets);
  else if (name) await measure(steps.work[name as Step], Number(argument));
  else await conduct(steps);
}

async function conduct<Step extends string>({ file, heapMb, main }: Steps<Step>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-benchmark-'));
  const s3 = fork(file, ['s3', folder], { execArgv: ['--max-old-space-size=8000'] });
  const [served] = await once(s3, 'message');
  try {
    await main((name, size) => runStep(file, heapMb, [name, String(size)], served));
  } finally {
    s3.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Served = Pick<S3, 'endpoint' | 'credentials'>;

async function runStep(
  file: string,
  heapMb: number,
  argv: string[],
  { endpoint, credentials }: Served,
): Promise<StepResult> {
  const child = fork(file, argv, {
    execArgv: [`--max-old-space-size=${heapMb}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  });
  const answered = once(child, 'message').then(([result]) => result as StepResult);
  const ended = once(child, 'exit').then(([code]) => code as number);
  const result = await Promise.race([answered, ended]);
  if (typeof result === 'object') return result;
  throw new Error(`${argv[0]} ended with exit code ${result} and no result`);
}

async function serve(folder: string, buckets: Record<string, string>): Promise<void> {
  const { endpoint, credentials } = await startS3(folder, { buckets: Object.values(buckets) });
  process.send?.({ endpoint, credentials } satisfies Served);
}

async function measure(work: (size: number) => Promise<unknown>, size: number): Promise<void> {
  const startedAtMs = performance.now();
  const state = await work(size);
  process.send?.({
    seconds: (performance.now() - startedAtMs) / 1000,
    megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    stateBytes: JSON.stringify(state ?? null).length,
  } satisfies StepResult);
  process.disconnect();
}
