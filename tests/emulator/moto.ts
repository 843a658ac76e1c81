import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../local/postgres.ts';

/** Programs of the venv that `npm run test:emulator` makes. */
export const EMULATOR_BIN = join(import.meta.dirname, '../../.local/emulator/bin');
/** What moto could not do stands here. */
const LOG = join(EMULATOR_BIN, '..', 'moto.log');
const START_TIMEOUT_MS = 60_000;

export type Moto = { endpoint: string; stop(): Promise<void> };

/** Starts moto, an AWS API emulator that others wrote, on the loopback address; this process's SDK clients then use it. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort(0);
  const log = openSync(LOG, 'w');
  const server: ChildProcess = spawn(
    join(EMULATOR_BIN, 'moto_server'),
    ['-H', '127.0.0.1', '-p', String(port)],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const failed = once(server, 'error').then(([error]) => {
    throw new Error(`moto_server cannot be started: ${error.message}. Run: npm run test:emulator`);
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await Promise.race([failed, answers(endpoint)]);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-west-2',
    AWS_DEFAULT_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  return {
    endpoint,
    async stop() {
      server.kill();
      await once(server, 'exit');
    },
  };
}

async function answers(endpoint: string): Promise<void> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; ) {
    try {
      await fetch(`${endpoint}/moto-api/data.json`);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
