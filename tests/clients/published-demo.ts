import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readExecutionInput } from '../../cli/execution-input.ts';
import { generateDemoStation } from '../../demo-station/generate.ts';
import { type Postgres, startPostgres } from '../../local/postgres.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { startExecution } from '../../shared/aws/executions.ts';
import { listObjects, readBytes } from '../../shared/aws/object-store.ts';
import { importExport } from '../../shared/fpe-database/import/import-stations.ts';
import { ended, machineArnOf } from '../integration/test-stack.ts';
import { queryDatabase } from '../services/database-client.ts';

const EVENTS = join(import.meta.dirname, '..', '..', 'events');
/** How good the model is does not matter here. */
const FEW_EPOCHS = 2;
export const MODEL_CODE = 'RANK-FLOW-CLIENTS';

/** The demo station, published by the local stack into a database that is FPE's own. */
export type PublishedDemo = {
  stationId: number;
  stack: Stack;
  /** Trains once more, under another code, and publishes as the input says. */
  train(input: object): Promise<void>;
  /** Copies what lies below a prefix of the model bucket into a folder. */
  download(prefix: string, folder: string): Promise<void>;
  stop(): Promise<void>;
};

/** A database without tables, which no migration has seen. */
async function emptyDatabase({ env }: Postgres): Promise<Record<string, string>> {
  await queryDatabase({ ...env, DB_NAME: 'postgres' }, 'CREATE DATABASE website');
  return { ...env, DB_NAME: 'website' };
}

/** @param migrate makes the tables in the database that these settings lead to */
export async function publishDemo(
  migrate: (database: Record<string, string>) => Promise<unknown>,
): Promise<PublishedDemo> {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-clients-'));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const service of started.splice(0).reverse()) await service.stop();
    rmSync(folder, { recursive: true });
  };
  try {
    const postgres = await startPostgres(join(folder, 'postgres'));
    started.push(postgres);
    const database = await emptyDatabase(postgres);
    await migrate(database);
    const { DB_USER, DB_PASSWORD, DB_HOST, DB_PORT, DB_NAME } = database;
    const address = `postgresql://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:${DB_PORT}/${DB_NAME}`;
    const stack = await startStack({ folder: join(folder, 'stack'), anyPorts: true, database: address });
    started.push(stack);
    Object.assign(process.env, stack.env);
    const modelBucket = stack.env.MODEL_BUCKET as string;
    const demo = join(folder, 'demo-station');
    await generateDemoStation(demo);
    const { stations } = await importExport(demo, {
      storageBucket: stack.env.STORAGE_BUCKET as string,
      modelBucket,
    });
    const stationId = stations[0]?.id as number;
    const train = async (input: object) => {
      const given = {
        ...readExecutionInput(join(EVENTS, 'demo.json')),
        station_id: stationId,
        n_epochs: FEW_EPOCHS,
      };
      const arn = await startExecution(machineArnOf(stack, 'train-station'), { ...given, ...input }, null);
      const { status, error, cause } = await ended(arn);
      if (status !== 'SUCCEEDED') throw new Error(`The execution ended as ${status}: ${error}: ${cause}`);
    };
    await train({ model_code: MODEL_CODE });
    return {
      stationId,
      stack,
      train,
      async download(prefix, target) {
        for await (const { key } of listObjects(modelBucket, prefix)) {
          const file = join(target, key.slice(prefix.length));
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, await readBytes({ bucket: modelBucket, key }));
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
