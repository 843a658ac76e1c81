import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { newCredentials } from '../../local/door.ts';
import { askJsonApi } from '../../local/json-api.ts';
import { createDatabase } from '../../local/postgres.ts';
import { type Container, startContainer } from '../../local/sagemaker/container.ts';
import { JobFailure } from '../../local/sagemaker/job-data.ts';
import { ModelServer } from '../../local/sagemaker/model-server.ts';
import { DatabaseUnavailable, ServiceUnreachable } from '../../shared/errors.ts';
import { connectionOf } from '../services/database-client.ts';
import { SILENCES, type Silence, type SilentPeer, startSilentPeer } from '../services/silent-peer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-children-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a container', () => {
  test('ends with its first process, though another one holds its output open', async () => {
    const script = `
      const other = require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { detached: true, stdio: 'inherit' });
      console.log('other ' + other.pid);
      process.exit(3);`;
    const lines: string[] = [];
    const container: Container = startContainer({
      command: [process.execPath, '-e', script],
      cwd: folder,
      env: {},
      log: join(folder, 'log'),
      onLine: (line) => lines.push(line),
    });

    const { exitCode } = await container.exited;

    expect(exitCode).toBe(3);
    const pid = Number(/^other (\d+)$/.exec(lines[0] ?? '')?.[1]);
    process.kill(pid, 'SIGKILL');
  }, 30_000);
});

describe('the server of a model', () => {
  /** Node.js in the place of Python: says nothing, half an answer, or nothing once it is asked for a score. */
  const serverThat = (silence: Silence | 'when asked for a score') => `
    const server = require('net').createServer((socket) => {
      socket.on('error', () => undefined).on('data', (data) => {
        if (${JSON.stringify(silence)} === 'in the middle of the answer')
          socket.write('HTTP/1.1 200 OK\\r\\ncontent-length: 10\\r\\n\\r\\nhalf');
        if (${JSON.stringify(silence)} === 'when asked for a score' && String(data).startsWith('GET /ping'))
          socket.write('HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n');
        if (String(data).includes('end now')) process.exit(1);
      });
      if (${JSON.stringify(silence)} === 'after accepting the connection') socket.pause();
    });
    server.listen(Number(process.env.SAGEMAKER_BIND_TO_PORT), '127.0.0.1');`;

  function start(silence: Parameters<typeof serverThat>[0], startTimeoutMs: number): Promise<ModelServer> {
    mkdirSync(join(folder, 'model', 'code'), { recursive: true });
    writeFileSync(join(folder, 'model', 'code', 'serve'), serverThat(silence));
    return ModelServer.start({
      python: process.execPath,
      folder,
      env: {},
      log: join(folder, 'log'),
      stopGraceMs: 1_000,
      connections: 1,
      signal: new AbortController().signal,
      startTimeoutMs,
    });
  }

  test.each(SILENCES)(
    'that is silent %s fails the job',
    async (silence) => {
      const starting = start(silence, 1_000);

      await expect(starting).rejects.toThrow(JobFailure);
      await expect(starting).rejects.toThrow('did not answer /ping within 1 s');
    },
    30_000,
  );

  test('that is silent when asked for a score is not waited for, and fails the job when it ends', async () => {
    const server = await start('when asked for a score', 30_000);
    const signal = new AbortController().signal;

    const silent = server.invoke(Buffer.from('photo'), {}, 300, signal);
    await expect(silent).rejects.toThrow(/timeout|aborted/);
    const dead = server.invoke(Buffer.from('end now'), {}, 20_000, signal);
    await expect(dead).rejects.toThrow(JobFailure);
    await expect(dead).rejects.toThrow('The model server ended (exit code 1');
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('');
    await server.stop();
  }, 60_000);
});

describe('a database that is being made', () => {
  test.each(SILENCES)('on a server that is silent %s is given up', async (silence) => {
    const peer = await startSilentPeer({ port: Number(process.env.DB_PORT) }, silence);
    const limits = { connectMs: 500, lockMs: 500, statementMs: 500, answerMs: 1_000 };

    const made = createDatabase({ ...connectionOf(process.env), port: peer.port }, 'never', limits);

    await expect(made).rejects.toThrow(DatabaseUnavailable);
    await expect(made).rejects.toThrow('no answer within 0.5 s');
    await peer.stop();
  });
});

describe('a part of the stack that is asked over HTTP', () => {
  const HALF =
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"name": "nightly"';
  let peer: SilentPeer;
  afterEach(() => peer.stop());

  test.each(SILENCES)('and is silent %s is given up by name', async (silence) => {
    peer = await startSilentPeer({ answer: HALF }, silence);
    const endpoint = `http://127.0.0.1:${peer.port}`;
    const operation = { service: 'scheduler', target: 'LocalScheduler.FireSchedule', body: {} };

    const asked = askJsonApi(endpoint, operation, newCredentials(), 300);

    await expect(asked).rejects.toThrow(ServiceUnreachable);
    await expect(asked).rejects.toThrow('no answer within 0.3 s');
  });
});
