import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { executionHistory } from '../../shared/aws/executions.ts';
import { searchBytes, searchFolder } from '../secrets/search.ts';
import {
  importGoldenStation,
  isCredentialFile,
  STACK_TIMEOUT_MS,
  startTestStack,
  type TestStack,
  until,
} from './test-stack.ts';

/** One run to its end and two that fail, with planted secrets; then all that they left is searched for these. */
jest.setTimeout(STACK_TIMEOUT_MS);
let local: TestStack;
const written: string[] = [];
const histories: unknown[] = [];
const logOf = (name: string) =>
  readFileSync(join(local.stack.folder, 'logs', 'functions', `fpe-local-${name}.log`), 'utf8');
const notifications = () => readFileSync(join(local.stack.folder, 'logs', 'notifications.log'), 'utf8');

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  local = await startTestStack();
  const station_id = await importGoldenStation(local);
  const input = {
    station_id,
    max_hour: 17,
    n_epochs: 1,
    unfreeze_after: 1,
    input_size: 40,
    batch_size: 32,
    pretrained: false,
  };
  const run = async (given: object) => {
    const execution = await local.run(given);
    histories.push(execution, await executionHistory(execution.executionArn as string));
    return execution;
  };
  expect(await run(input)).toMatchObject({ status: 'SUCCEEDED' });
  // A gage that USGS does not know: the key is read and sent, then the state fails.
  await local.database.query("UPDATE stations SET nwis_id = '99' WHERE id = $1", [station_id]);
  expect(await run({ ...input, model_code: 'RANK-FLOW-20260402' })).toMatchObject({ status: 'FAILED' });
  expect(await run({ ...input, station_id: 4711 })).toMatchObject({ status: 'FAILED' });
  // They are sent beside each other, in whatever order.
  await until(async () => ['ObservationsRefused', '4711'].every((text) => notifications().includes(text)));
}, STACK_TIMEOUT_MS);
afterAll(async () => {
  jest.restoreAllMocks();
  await local.stop();
});

test('the functions had the secrets in their hands', () => {
  expect(Object.keys(local.secrets)).toContain('USGS_API_KEY');
  expect(logOf('fetch-observations')).toContain('"SecretId":"fpe-local-usgs-key"');
  expect(logOf('fetch-observations')).toContain('"name":"ObservationsRefused"');
  expect(logOf('export-station')).toContain('"SecretId":"fpe-local-db-secret"');
});

test('no state, history, log, object, report, archive or e-mail has a secret', () => {
  expect(notifications()).toContain('ObservationsRefused');
  expect(searchFolder(local.stack.folder, local.secrets, isCredentialFile)).toEqual([]);
});

test('no answer of Step Functions has a secret, nor what the stack itself prints', () => {
  const said = JSON.stringify(histories) + written.join('');

  expect(said).toContain('ObservationsRefused');
  expect(searchBytes(Buffer.from(said), local.secrets)).toEqual([]);
});

test('a secret that is written down is found', () => {
  const file = join(local.stack.folder, 'logs', 'planted.log');
  writeFileSync(file, encodeURIComponent(local.secrets.USGS_API_KEY as string));

  const found = searchFolder(join(local.stack.folder, 'logs'), local.secrets);
  rmSync(file);

  expect(found).toContainEqual(expect.stringMatching(/^USGS_API_KEY \(.*\) in planted\.log$/));
});
