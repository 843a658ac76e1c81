import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Lambda, startLambda } from '../../local/lambda.ts';
import { compileTemplate, type LocalFunction } from '../../local/template.ts';
import { executionHistory } from '../../shared/aws/executions.ts';
import { writeObject } from '../../shared/aws/object-store.ts';
import { insertImageset } from '../fixtures/station.ts';
import { productSources } from '../support/product-sources.ts';
import {
  drawPhoto,
  importGoldenStation,
  STACK_TIMEOUT_MS,
  startTestStack,
  type TestStack,
} from './test-stack.ts';

/**
 * Each archive as Lambda loads it: unpacked, its handler found in it, in a process of its own with the environment of the
 * template. It is called with the event that an execution called it with, so every function runs for the second time.
 */
const ROOT = join(import.meta.dirname, '..', '..');
const FUNCTIONS = 25;

let local: TestStack;
let lambda: Lambda;
let functions: LocalFunction[];
let stationId: number;
/** ARN → events and answers of an execution. */
const calls = new Map<string, { event: unknown; answer: unknown }[]>();
beforeAll(async () => {
  local = await startTestStack();
  stationId = await importGoldenStation(local);
  const input = {
    station_id: stationId,
    max_hour: 17,
    n_epochs: 1,
    unfreeze_after: 1,
    input_size: 40,
    batch_size: 32,
    pretrained: false,
  };
  await readCalls('train-station', input);
  functions = (await compileTemplate(ROOT)).functions;
  lambda = startLambda({
    functions,
    env: awsOf(local.stack.env),
    folder: join(local.stack.folder, 'logs', 'second'),
  });
}, STACK_TIMEOUT_MS);
afterAll(async () => {
  await lambda?.stop();
  await local.stop();
});

/** Runs an input to its end, and keeps what each function was called with and answered. */
async function readCalls(machine: string, input: object): Promise<void> {
  const execution = await local.run(input, machine);
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
  const events = await executionHistory(execution.executionArn as string);
  for (const { previousEventId, lambdaFunctionSucceededEventDetails: succeeded } of events) {
    if (!succeeded) continue;
    const started = events.find(({ id }) => id === previousEventId);
    const scheduled = started?.lambdaFunctionScheduledEventDetails
      ? started
      : events.find(({ id }) => id === started?.previousEventId);
    const { resource, input: event } = scheduled?.lambdaFunctionScheduledEventDetails ?? {};
    const known = calls.get(resource as string) ?? [];
    calls.set(resource as string, [
      ...known,
      { event: JSON.parse(event as string), answer: JSON.parse(succeeded.output as string) },
    ]);
  }
}

/** What stands for AWS itself; everything else a function has from the template. */
const awsOf = (env: Record<string, string>) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => /^(AWS|USGS)_/.test(name)));

const functionOf = (name: string) =>
  functions.find((each) => each.name === `fpe-local-${name}`) as LocalFunction;
const invoke = (name: string, event: unknown) =>
  lambda.invoke(functionOf(name).arn, event, new AbortController().signal);

async function answersTheSame(name: string): Promise<void> {
  const [call] = calls.get(functionOf(name).arn) ?? [];

  const answer = await invoke(name, call?.event);

  expect(withoutTimes(answer)).toEqual(withoutTimes(call?.answer));
}

/** An instant of the snapshot, and the version of a file that was published since, are other ones by now. */
function withoutTimes(answer: unknown): unknown {
  if (answer === null || typeof answer !== 'object') return answer;
  const { snapshot_at: _, published_etag: __, ...rest } = answer as Record<string, unknown>;
  return rest;
}

describe('called a second time with the same event,', () => {
  test.each([
    'export-station',
    'build-dataset',
    'split-pairs',
    'write-manifests',
    'plan-merge',
    'merge-predictions',
    'combine-predictions',
    'decide-promotion',
    'build-report',
    'publish-model',
  ])('%s answers the same', answersTheSame);

  test('prepare-run says that the model is published by now', async () => {
    const [call] = calls.get(functionOf('prepare-run').arn) ?? [];

    await expect(invoke('prepare-run', call?.event)).rejects.toMatchObject({ error: 'ModelCodeExists' });
  });

  test('fetch-observations asks USGS, which knows no such gage', async () => {
    const [call] = calls.get(functionOf('build-dataset').arn) ?? [];
    const event = structuredClone(call?.event) as { run: { station: { nwis_id: string } } };
    event.run.station.nwis_id = '99';

    await expect(invoke('fetch-observations', event)).rejects.toMatchObject({ error: 'ObservationsRefused' });
  });
});

describe('once photos are new, called a second time with the same event,', () => {
  beforeAll(async () => {
    const bucket = local.stack.env.STORAGE_BUCKET as string;
    process.env.STORAGE_BUCKET = bucket;
    const { keys } = await insertImageset(local.database, stationId, [
      { timestamp: '2026-04-02T15:00:00Z', filename: 'new (1).JPG' },
    ]);
    await writeObject({ bucket, key: keys[0] as string }, drawPhoto(9000, 20), 'image/jpeg');
    await local.database.query('UPDATE images SET pii_on = true WHERE id = 5002');
    await readCalls('score-station', { station_id: stationId });
    await readCalls('refresh-stations', { dry_run: true });
  }, STACK_TIMEOUT_MS);

  test.each([
    'supply-code',
    'extend-predictions',
    'publish-predictions',
    'record-predictions',
    'plan-refresh',
    'summarize-refresh',
  ])('%s answers the same', answersTheSame);

  test('prepare-scoring finds the same model, under another name of the run', async () => {
    const [call] = calls.get(functionOf('prepare-scoring').arn) ?? [];

    const answer = (await invoke('prepare-scoring', call?.event)) as { model_uuid: string; id: string };

    const first = call?.answer as typeof answer;
    expect(answer.model_uuid).toBe(first.model_uuid);
    expect(answer.id).not.toBe(first.id);
  });

  test('withdraw-photos finds nothing left to withdraw', async () => {
    const [call] = calls.get(functionOf('withdraw-photos').arn) ?? [];

    const answer = await invoke('withdraw-photos', call?.event);

    expect(call?.answer).toMatchObject({ photos: 1, files: expect.any(Number) });
    expect(answer).toMatchObject({ photos: 0, files: 0 });
  });

  test('select-photos finds that nothing is new by now', async () => {
    const [call] = calls.get(functionOf('select-photos').arn) ?? [];

    const answer = await invoke('select-photos', call?.event);

    expect(call?.answer).toMatchObject({ work: 'score', transform_photos: 1 });
    expect(answer).toMatchObject({ work: 'nothing', transform_photos: 0, removed: 0 });
  });

  test('executions without USGS and without a job that was stopped call every function of a state but two', () => {
    expect(functions).toHaveLength(FUNCTIONS);
    expect(functions.filter(({ arn }) => !calls.has(arn)).map(({ name }) => name)).toEqual([
      'fpe-local-fetch-observations',
      'fpe-local-resume-job',
      'fpe-local-notify-failure',
      'fpe-local-watch-executions',
    ]);
  });
});

test('an event that is no state is refused by every function in the same way', async () => {
  for (const { arn } of functions)
    await expect(lambda.invoke(arn, { sample: true }, new AbortController().signal)).rejects.toMatchObject({
      error: 'InvalidState',
    });
});

describe('settings', () => {
  /** Read where there is no template: on a person's computer, for a database outside RDS, for stand-ins of AWS. */
  const NOT_OF_THE_TEMPLATE = [
    'DB_NAME',
    'DB_USER',
    'DB_PASSWORD',
    'DB_CA_FILE',
    'USGS_API_URL',
    'AWS_ENDPOINT_URL',
    'AWS_ENDPOINT_URL_S3',
  ];
  /** Set by Lambda in every function (Lambda guide, “Defined runtime environment variables”). */
  const SET_BY_LAMBDA = ['AWS_REGION', 'AWS_LAMBDA_FUNCTION_NAME', 'LAMBDA_TASK_ROOT'];

  test('that the functions read are all set by the template, and none is set that nothing reads', () => {
    const sources = productSources('functions', 'shared').map((file) =>
      readFileSync(join(ROOT, file), 'utf8'),
    );
    const read = new Set(
      sources.flatMap((text) =>
        Array.from(text.matchAll(/[sS]etting\('([A-Z0-9_]+)'\)/g), ([, name]) => name as string),
      ),
    );
    const set = new Set(functions.flatMap(({ environment }) => Object.keys(environment)));
    // For the libraries and for Node.js itself.
    const ours = [...set].filter((name) => !/^POWERTOOLS_|^NODE_OPTIONS$/.test(name));

    expect(read.size).toBeGreaterThan(8);
    expect(
      [...read].filter(
        (name) => !set.has(name) && ![...NOT_OF_THE_TEMPLATE, ...SET_BY_LAMBDA].includes(name),
      ),
    ).toEqual([]);
    expect(ours.filter((name) => !read.has(name))).toEqual([]);
  });
});
