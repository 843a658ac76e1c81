import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { UsageError } from '../../cli/usage-error.ts';
import { weightsCommand } from '../../cli/weights.ts';
import { IMAGENET_WEIGHTS, weightsFault } from '../../shared/model-bucket/imagenet-weights.ts';

const folder = mkdtempSync(join(tmpdir(), 'fpe-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));
const wrong = join(folder, 'weights.pth');
writeFileSync(wrong, 'no weights');

/** Runs the command where nothing, or something, lies in the bucket. @returns what it did and printed, and why it failed */
async function run(
  args: string[],
  { state = 'missing' as 'missing' | 'sound', answer = new Response('', { status: 503 }) } = {},
) {
  const did: unknown[][] = [];
  const command = weightsCommand({
    connect: async (stage) => void did.push(['connect', stage]),
    modelBucket: () => 'models',
    findWeights: async (location) => {
      did.push(['find', location]);
      return { state };
    },
    writeObject: async (to) => void did.push(['write', to]),
    fetch: async (address) => {
      did.push(['fetch', address]);
      return answer;
    },
    print: (text) => did.push(['print', text]),
  });
  const failure = await command.parseAsync(args, { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { did, failure };
}

const LOCATION = { bucket: 'models', key: 'weights/resnet18-imagenet.pth' };

test('sound weights are left as they are', async () => {
  const { did } = await run([], { state: 'sound' });

  expect(did).toEqual([
    ['connect', undefined],
    ['find', LOCATION],
    ['print', 'The ImageNet weights are already there: s3://models/weights/resnet18-imagenet.pth'],
  ]);
});

test('a file that is not the weights is refused by its size, and nothing is uploaded', async () => {
  const { did, failure } = await run([wrong]);

  expect(failure).toBeInstanceOf(UsageError);
  expect(failure.message).toContain('has 10 bytes, and should have 46,830,571');
  expect(did).toEqual([]);
});

test.each([
  ['a file that is not there', [join(folder, 'none.pth')], 'There is no file'],
  ['standard input', ['-'], 'Standard input (-) is not read here. Give resnet18'],
  ['a folder', [folder], 'This is a folder, not a file:'],
  ['a download that is refused', [], 'status 503. Download them where there is a way to the internet'],
])('%s is told with what to do', async (_, args, expected) => {
  const { did, failure } = await run(args);

  expect(failure).toBeInstanceOf(UsageError);
  expect(failure.message).toContain(expected);
  expect(failure.message).toContain(IMAGENET_WEIGHTS.url.split('/').at(-1));
  expect(did.some(([what]) => what === 'write')).toBe(false);
});

test('what a download brings is checked as a file is', async () => {
  const { failure } = await run([], { answer: new Response('<html>') });

  expect(failure.message).toMatch(/^These are not the ImageNet weights: https:.* has 6 bytes/);
});

test('weights are told by size and checksum', () => {
  const { bytes, sha256 } = IMAGENET_WEIGHTS;

  expect(sha256).toMatch(new RegExp(`^${/-([0-9a-f]{8})\.pth$/.exec(IMAGENET_WEIGHTS.file)?.[1]}`));
  expect(weightsFault({ bytes, sha256 })).toBeNull();
  expect(weightsFault({ bytes, sha256: '00' })).toContain('has the sha256 00');
  expect(weightsFault({ bytes: bytes - 1, sha256 })).toContain('a part of it');
});
