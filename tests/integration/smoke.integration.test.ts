import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SMOKE_STEPS, type SmokePlace, type SmokeStep } from '../../cli/smoke/steps.ts';
import { smokeTable, trySteps } from '../../cli/smoke.ts';
import { describeExecution, newestExecutions } from '../../shared/aws/executions.ts';
import { insertStation } from '../fixtures/station.ts';
import {
  importGoldenStation,
  machineArnOf,
  STACK_TIMEOUT_MS,
  startTestStack,
  type TestStack,
} from './test-stack.ts';

/** The checks that are made of a stage in its first hour, on the local stack. */
const ROOT = join(import.meta.dirname, '../..');

let local: TestStack;
let stationId: number;
beforeAll(async () => {
  local = await startTestStack();
  stationId = await importGoldenStation(local);
}, STACK_TIMEOUT_MS);
afterAll(() => local.stop());

const place = (change: Partial<SmokePlace> = {}): SmokePlace => ({
  stage: null,
  machines: {
    'train-station': machineArnOf(local.stack, 'train-station'),
    'score-station': machineArnOf(local.stack, 'score-station'),
    'refresh-stations': machineArnOf(local.stack, 'refresh-stations'),
  },
  modelBucket: local.stack.env.MODEL_BUCKET as string,
  stationId,
  firstRun: {
    n_epochs: 1,
    unfreeze_after: 1,
    input_size: 48,
    batch_size: 16,
    max_hour: 17,
    annotations_max_n: 120,
    pretrained: false,
  },
  epochsToStop: 12,
  codes: 'RANK-SMOKE-20260101-1200',
  scores: false,
  notificationsLog: join(local.stack.folder, 'logs', 'notifications.log'),
  intervalMs: 100,
  onState: () => undefined,
  ...change,
});
const stepsFrom = (first: string, last = first): SmokeStep[] => {
  const [from, to] = [first, last].map((name) => SMOKE_STEPS.findIndex((step) => step.name === name));
  return SMOKE_STEPS.slice(from, (to as number) + 1);
};
const silent = () => undefined;

test(
  'every check passes on a stack that works, nothing is published, and what the stack does not have is passed over and said',
  async () => {
    const before = await local.websiteData();

    const rows = await trySteps(SMOKE_STEPS, place(), silent);

    expect(rows.map(({ name, status }) => [name, status])).toEqual([
      ['wrong-input', 'passed'],
      ['failure-email', 'passed'],
      ['unknown-station', 'passed'],
      ['first-run', 'passed'],
      ['gpu', 'skipped'],
      ['stop-and-redrive', 'passed'],
      ['spot', 'skipped'],
      ['score-station', 'passed'],
      ['refresh', 'passed'],
    ]);
    const found = Object.fromEntries(rows.map(({ name, found }) => [name, found]));
    expect(found['wrong-input']).toMatch(/^InvalidInput: The input has 2 faults/);
    expect(found['failure-email']).toContain('notifications.log');
    expect(found['first-run']).toMatch(
      /^RANK-SMOKE-20260101-1200-CPU: \d+ pairs, \d+ photos scored, device /,
    );
    expect(found['stop-and-redrive']).toMatch(
      /^stopped during training, resumed after epoch [1-9]\d* of 12$/,
    );
    expect(found.refresh).toContain('1 station: ');
    expect(await local.websiteData()).toEqual(before);
  },
  STACK_TIMEOUT_MS,
);

describe('the first check that fails', () => {
  test(
    'is the last that is tried, says what it means, and names the rest as not tried',
    async () => {
      const bare = await insertStation(local.database);
      const said: string[] = [];

      const rows = await trySteps(
        stepsFrom('unknown-station', 'gpu'),
        place({ stationId: bare.id }),
        (line) => said.push(line),
      );

      expect(rows.map(({ name, status }) => [name, status])).toEqual([
        ['unknown-station', 'passed'],
        ['first-run', 'failed'],
      ]);
      expect(rows[1]?.found).toMatch(/^ExportStation failed with NoImages: /);
      expect(said.at(-1)).toContain('It means: The account is in order so far, and this station is not one');
      const table = smokeTable(rows);
      expect(table[0]).toMatch(/^STEP +RESULT +TOOK +FOUND$/);
      expect(table.slice(3).map((line) => line.split(/ {2,}/)[1])).toEqual(Array(5).fill('not tried'));
    },
    STACK_TIMEOUT_MS,
  );

  test(
    'is not waited for where the machine would try again for minutes; what ran is stopped',
    async () => {
      await local.database.query('ALTER TABLE stations RENAME TO stations_elsewhere');
      try {
        const [row] = await trySteps(stepsFrom('unknown-station'), place(), silent);

        expect(row).toMatchObject({ status: 'failed' });
        expect(row?.found).toMatch(/^PrepareRun failed with /);
      } finally {
        await local.database.query('ALTER TABLE stations_elsewhere RENAME TO stations');
      }
      const [newest] = await newestExecutions(machineArnOf(local.stack, 'train-station'), 1);
      expect((await describeExecution(newest?.executionArn as string)).status).not.toBe('RUNNING');
    },
    STACK_TIMEOUT_MS,
  );

  test('is a machine that takes a wrong input', async () => {
    const [row] = await trySteps(
      stepsFrom('score-station'),
      place({ machines: { ...place().machines, 'score-station': place().machines['refresh-stations'] } }),
      silent,
    );

    expect(row).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('failed with InvalidInput'),
    });
  });
});

test(
  'the command goes on from a step, shows a table and ends with 0',
  async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['cli/fpe.ts', 'smoke', '--folder', local.stack.folder, '--from', 'score-station'],
      { cwd: ROOT },
    );

    expect(stdout).toMatch(/▸ score-station: the machine that scores new photos/);
    expect(stdout).toMatch(/^score-station +passed +\S+ +NoModel, as expected/m);
    expect(stdout).toMatch(/^refresh +passed /m);
    expect(stdout).toContain('Everything that was tested works.');
  },
  STACK_TIMEOUT_MS,
);

test(
  'with --score the published model of the station scores what is new',
  async () => {
    const published = await local.run({
      ...place().firstRun,
      station_id: stationId,
      model_code: 'RANK-SEEN',
    });
    expect(published.status).toBe('SUCCEEDED');

    const [row] = await trySteps(stepsFrom('score-station'), place({ scores: true }), silent);

    expect(row).toMatchObject({ status: 'passed', found: '0 new photos scored with RANK-SEEN' });
  },
  STACK_TIMEOUT_MS,
);
