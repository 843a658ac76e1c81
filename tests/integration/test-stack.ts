import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCanvas } from '@napi-rs/canvas';
import type pg from 'pg';
import { type Stack, startStack } from '../../local/stack.ts';
import {
  type DescribeExecutionOutput,
  describeExecution,
  startExecution,
} from '../../shared/aws/executions.ts';
import { listObjects, writeObject } from '../../shared/aws/object-store.ts';
import { importExport } from '../../shared/fpe-database/import/import-stations.ts';
import { searchFolder, secretsOf } from '../secrets/search.ts';
import { connectDatabase } from '../services/database-client.ts';

/** Starting the stack, with the packaging of the functions. */
export const STACK_TIMEOUT_MS = 600_000;
export const GOLDEN_EXPORT = join(import.meta.dirname, 'golden', 'export');
const POLL_MS = 50;
/** Files that tell clients of the stack how to sign. */
export const isCredentialFile = (path: string): boolean => /^(stack|credentials)\.json$/.test(path);

export type TestStack = {
  stack: Stack;
  /** What must not be found in anything that a run writes. */
  secrets: Record<string, string>;
  database: pg.Client;
  /** Runs an input to its end, on the machine whose name ends so. */
  run(input: unknown, machine?: string): Promise<DescribeExecutionOutput>;
  /** Everything that the website reads: rows of `models`, and files below models/. */
  websiteData(): Promise<unknown>;
  /** Also searches what the stack leaves for its secrets. @throws Error naming secret and file */
  stop(): Promise<void>;
};

/** The whole stack in a folder of its own, whose endpoints and settings this process then uses. */
export async function startTestStack(): Promise<TestStack> {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-integration-'));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  const usgsApiKey = randomBytes(20).toString('hex');
  const stack = await startStack({ folder, anyPorts: true, waitFactor: 0.01, usgsApiKey });
  const { env } = stack;
  const secrets = { USGS_API_KEY: usgsApiKey, ...secretsOf(env) };
  Object.assign(process.env, env);
  const database = await connectDatabase(env);
  return {
    stack,
    secrets,
    database,
    async run(input, machine = 'train-station') {
      return ended(await startExecution(machineArnOf(stack, machine), input, null));
    },
    async websiteData() {
      const { rows } = await database.query('SELECT * FROM models ORDER BY id');
      const files: unknown[] = [];
      for await (const file of listObjects(env.STORAGE_BUCKET as string, 'models/')) files.push(file);
      return { rows, files };
    },
    async stop() {
      await database.end();
      await stack.stop();
      // All that a run leaves is below the folder: states, history, logs, jobs, objects, and what people were told.
      const found = searchFolder(folder, secrets, isCredentialFile);
      rmSync(folder, { recursive: true });
      if (found.length > 0) throw new Error(`Secrets of the stack were written down:\n${found.join('\n')}`);
    },
  };
}

/** @param kind end of the machine's name */
export const machineArnOf = (stack: Stack, kind: string): string =>
  stack.machines.find(({ name }) => name.endsWith(`-${kind}`))?.arn as string;

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(POLL_MS);
}

export const isRunning = async (executionArn: string): Promise<boolean> =>
  (await describeExecution(executionArn)).status === 'RUNNING';

/** Waits for the end of an execution. */
export async function ended(executionArn: string): Promise<DescribeExecutionOutput> {
  await until(async () => !(await isRunning(executionArn)));
  return describeExecution(executionArn);
}

/**
 * Imports the golden station and draws its photos: water that rises with the flow. One photo is gray, one is no photo.
 *
 * @returns stations.id
 */
export async function importGoldenStation({ database, stack }: TestStack): Promise<number> {
  const storageBucket = stack.env.STORAGE_BUCKET as string;
  const { stations } = await importExport(GOLDEN_EXPORT, { storageBucket });
  const { rows } = await database.query<{ key: string; id: number; days: number }>(
    `SELECT full_s3->>'Key' AS key, id, extract(epoch FROM timestamp - '2026-02-01T11:40:00Z')::float8 / 86400 AS days
       FROM images ORDER BY id`,
  );
  for (const { key, id, days } of rows)
    await writeObject({ bucket: storageBucket, key }, drawPhoto(id, days), 'image/jpeg');
  return stations[0]?.id as number;
}

/** An image id of the golden station that no pair shows within the hours 7 to 17, so that it is scored only. */
export const BROKEN_IMAGE = 5051;
const GRAY_IMAGE = 5001;

/** @param days since the golden station's first photo */
export function drawPhoto(id: number, days: number): Uint8Array {
  if (id === BROKEN_IMAGE) return Buffer.from('not a photo');
  // The flow of the golden station (its values.csv), as a share of the picture's height.
  const level = (8 + 6 * Math.sin(days / 1.7) + 0.4 * days) / 22;
  const canvas = createCanvas(64, 48);
  const context = canvas.getContext('2d');
  context.fillStyle = id === GRAY_IMAGE ? '#888' : '#7a6';
  context.fillRect(0, 0, 64, 48);
  context.fillStyle = id === GRAY_IMAGE ? '#ccc' : '#46c';
  context.fillRect(0, 48 * (1 - level), 64, 48);
  return canvas.toBuffer('image/jpeg');
}
