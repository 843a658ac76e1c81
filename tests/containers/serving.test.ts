import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ASSUMED } from '../../shared/cost/assumptions.ts';
import { modelRequest } from '../../shared/execution/sagemaker-requests.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import {
  CONTAINER_MS,
  type Container,
  makeContainer,
  PYTHON,
  removeContainer,
  requireContainers,
  runInContainer,
} from './container.ts';
import { drawPhoto, layOutTraining } from './station.ts';

type Answer = { file: string; status: number; text: string; logged: number };
type Session = { healthy: boolean; answers: Answer[]; running: boolean };

const { Environment } = modelRequest('an image', RANK);
const MAX_REQUEST_BYTES = Number(Environment.TS_MAX_REQUEST_SIZE);
const HEALTHY_SECONDS = 240;
const photos: Record<string, Uint8Array> = {
  'low.jpg': drawPhoto(0.2),
  'high.jpg': drawPhoto(0.8),
  'low-again.jpg': drawPhoto(0.2),
  'broken.jpg': drawPhoto(0.5).subarray(0, 300),
  'empty.jpg': new Uint8Array(),
  'text.jpg': Buffer.from('not a photo'),
  'too-large.jpg': new Uint8Array(MAX_REQUEST_BYTES + 1),
  'high-again.jpg': drawPhoto(0.8),
};

/** Enough for what the server logs of itself, twice a minute, to count for little. */
const MANY = 40;

let trained: Container;
beforeAll(requireContainers);
beforeAll(async () => {
  trained = makeContainer();
  await layOutTraining(trained.ml);
  const { exitCode, stderr } = await runInContainer(trained, ['train'], {
    SAGEMAKER_TRAINING_MODULE: 'sagemaker_pytorch_container.training:main',
    AWS_REGION: 'us-west-2',
    OMP_NUM_THREADS: '1',
  });
  if (exitCode !== 0) throw new Error(stderr);
}, CONTAINER_MS);
afterAll(() => removeContainer(trained));

/** @param seconds how long a container that does not become healthy is waited for */
async function serve(
  files: readonly string[],
  { change, seconds }: { change?: (model: string) => void; seconds: number },
): Promise<Session> {
  const container = makeContainer();
  try {
    const model = join(container.ml, 'model');
    cpSync(join(trained.ml, 'model'), model, { recursive: true });
    change?.(model);
    mkdirSync(join(container.folder, 'work', 'photos'));
    for (const name of files)
      writeFileSync(join(container.folder, 'work', 'photos', name), photos[name] as Uint8Array);
    const here = import.meta.dirname;
    const command = [join(here, 'serve-and-invoke.sh'), PYTHON, join(here, 'invoke.py'), String(seconds)];
    const { stdout } = await runInContainer(
      container,
      [...command, ...files.map((name) => `photos/${name}`)],
      {
        ...Environment,
        AWS_REGION: 'us-west-2',
        SAGEMAKER_REGION: 'us-west-2',
      },
    );
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const log = () => readFileSync(join(container.folder, 'work', 'server.log'), 'utf8').slice(-3000);
    if (lines.length !== files.length + 2) throw new Error(`${stdout}\n${log()}`);
    return { healthy: lines[0].healthy, answers: lines.slice(1, -1), running: lines.at(-1).running };
  } finally {
    removeContainer(container);
  }
}

describe('in AWS’s serving container, without a network', () => {
  let answers: Map<string, Answer>;
  let many: Answer[];
  beforeAll(async () => {
    const files = [...Object.keys(photos), ...Array.from({ length: MANY }, () => 'low.jpg')];
    const session = await serve(files, { seconds: HEALTHY_SECONDS });
    many = session.answers.slice(-MANY);
    expect(session).toMatchObject({ healthy: true, running: true });
    answers = new Map(session.answers.map((answer) => [answer.file.replace('photos/', ''), answer]));
  }, CONTAINER_MS);

  test('photos get scores, the same photo the same one', () => {
    const scores = ['low.jpg', 'high.jpg', 'low-again.jpg', 'high-again.jpg'].map((name) => {
      const { status, text } = answers.get(name) as Answer;
      expect([name, status]).toEqual([name, 200]);
      return JSON.parse(text).score;
    });

    expect(scores).toEqual([expect.any(Number), expect.any(Number), scores[0], scores[1]]);
    expect(scores[1]).not.toBe(scores[0]);
  });

  test.each(['broken.jpg', 'empty.jpg', 'text.jpg'])(
    '%s is answered without a score, and says why',
    (name) => {
      const { status, text } = answers.get(name) as Answer;

      expect([name, status]).toEqual([name, 200]);
      expect(JSON.parse(text)).toMatchObject({ score: null, error: expect.stringMatching(/\w/) });
    },
  );

  test('what it logs of a photo is what the costs assume', () => {
    const [first, last] = [many[0], many.at(-1)] as [Answer, Answer];
    const bytes = (last.logged - first.logged) / (MANY - 1);

    expect(bytes).toBeLessThan(1.2 * ASSUMED.logBytesPerPhoto);
    expect(bytes).toBeGreaterThan(0.5 * ASSUMED.logBytesPerPhoto);
  });

  test('a photo above the limit is refused', () => {
    // It may hang up before it has read enough to answer 413; the next photo is answered all the same.
    expect([0, 413]).toContain(answers.get('too-large.jpg')?.status);
  });
});

test(
  'a model that does not load ends AWS’s serving container, so that the job fails at once instead of asking for days',
  async () => {
    const torn = (model: string) => writeFileSync(join(model, 'model.pth'), 'no model');

    const { answers, running } = await serve(['low.jpg'], { change: torn, seconds: 60 });

    expect(answers.map(({ status }) => status)).not.toContain(200);
    expect(running).toBe(false);
  },
  CONTAINER_MS,
);
