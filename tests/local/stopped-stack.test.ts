import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ObjectFiles } from '../../local/object-files.ts';
import { Executions } from '../../local/step-functions/executions.ts';
import { keptExecutions, keptObject } from '../../local/stopped-stack.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-stopped-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the executions of every machine are found where the stack keeps them', async () => {
  for (const name of ['one', 'other']) {
    const executions = new Executions(join(folder, 'executions'), {
      name,
      arn: `arn:aws:states:us-west-2:000000000000:stateMachine:${name}`,
      roleArn: 'arn:aws:iam::000000000000:role/machine',
      definition: JSON.stringify({ StartAt: 'Pass', States: { Pass: { Type: 'Pass', End: true } } }),
      runTask: async () => null,
      waitFactor: 1,
    });
    await executions.start(`of ${name}`, '{"station_id": 29}').whenEnded;
  }

  expect(keptExecutions(folder)).toEqual([
    expect.objectContaining({ name: 'of one', status: 'SUCCEEDED', input: '{"station_id": 29}' }),
    expect.objectContaining({ name: 'of other', executionArn: expect.stringMatching(/:other:of other$/) }),
  ]);
});

test('an object is read as the stack wrote it, and null where there is none', () => {
  const files = new ObjectFiles(join(folder, 's3', 'objects'), () => undefined);
  const described = { contentType: 'text/html', etag: '"0"', lastModified: new Date(0), metadata: {} };
  files.insertBucket('models', new Date(0));
  files.upsertObject('models', {
    key: 'rank/29/a b.html',
    body: Buffer.from('<html>'),
    ...described,
  } as never);

  const read = (bucket: string, key: string) => keptObject(folder, { bucket, key });

  expect(Buffer.from(read('models', 'rank/29/a b.html') as Uint8Array).toString()).toBe('<html>');
  expect(read('models', 'rank/29/b.html')).toBeNull();
  expect(read('photos', 'rank/29/a b.html')).toBeNull();
});

test('of a folder without a stack nothing is read, and nothing is made there', () => {
  expect(keptExecutions(folder)).toEqual([]);
  expect(keptObject(folder, { bucket: 'models', key: 'a' })).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
});
