/**
 * Photos per second of the served model against upstream's way, one photo after the other through the plain network, at 480
 * pixels, with the same number of cores; and whether both give the same scores.
 *
 *     node_modules/.bin/node benchmarks/scoring.ts
 *
 * Exit code 1 unless the served model is at least MIN_RATIO times as fast for photos of each size, with the same scores.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pMap from 'p-map';
import { pythonCommand } from '../local/python.ts';

const ROOT = join(import.meta.dirname, '..');
const REFERENCE = join(ROOT, 'benchmarks/reference/scoring.py');
/** Width, height, photos, and how many times as fast the served model must be. */
const SIZES = [
  { width: 640, height: 480, photos: 64, minRatio: 2.2 },
  { width: 2592, height: 1944, photos: 32, minRatio: 2.5 },
];
/** Each is measured in turn with the other, so that both meet the same noise. */
const ROUNDS = 3;
const CORES = availableParallelism();
/** Of the spread of the scores (model/inference.py). */
const TOLERANCE = 1e-5;
const PORT = 18_080;
const START_MS = 60_000;
const MEBIBYTE_KB = 1024;

type Scored = { scores: number[]; seconds: number; megabytes: number };

const folder = await mkdtemp(join(tmpdir(), 'fpe-scoring-'));
try {
  for (const size of SIZES) await compare(size);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare({ width, height, photos, minRatio }: (typeof SIZES)[number]): Promise<void> {
  const place = join(folder, `${width}x${height}`);
  python([REFERENCE, 'photos', place, String(width), String(height), String(photos)]);
  const reference: Scored[] = [];
  const served: Scored[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    reference.push(JSON.parse(python([REFERENCE, 'score', place, join(place, 'model/model.pth')])) as Scored);
    served.push(await serve(place));
  }
  const [slow, fast] = [reference, served].map(
    (rounds) => (photos * ROUNDS) / rounds.reduce((sum, { seconds }) => sum + seconds, 0),
  ) as [number, number];
  const ratio = fast / slow;
  const [expected, found] = [reference, served].map(([first]) => (first as Scored).scores) as [
    number[],
    number[],
  ];
  const spread = Math.max(...expected) - Math.min(...expected);
  const off = Math.max(...expected.map((score, at) => Math.abs(score - (found[at] as number)))) / spread;
  const memory = (rounds: Scored[]) => Math.max(...rounds.map(({ megabytes }) => megabytes)).toFixed(0);
  console.log(
    `${width}×${height}: upstream’s way ${slow.toFixed(1)} photos/s, ${memory(reference)} MB; served ${fast.toFixed(1)} photos/s, ${memory(served)} MB; ${ratio.toFixed(2)} times as fast (at least ${minRatio}); scores differ by ${off.toExponential(1)} of their spread (at most ${TOLERANCE}); ${CORES} cores`,
  );
  if (ratio < minRatio || off > TOLERANCE) process.exitCode = 1;
}

/** Standard output of the program. @throws Error with what it said */
function python(command: string[]): string {
  const { status, stdout, stderr } = spawnSync(pythonCommand(), command, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...process.env, OMP_NUM_THREADS: String(CORES), OPENBLAS_NUM_THREADS: '1' },
  });
  if (status !== 0) throw new Error(`${command.join(' ')} ended with exit code ${status}:\n${stderr}`);
  return stdout;
}

/** Starts the server with a process for each core, and sends as many photos at once as a batch transform does. */
async function serve(place: string): Promise<Scored> {
  const server = spawn(pythonCommand(), [join(ROOT, 'model/serve')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      SM_MODEL_DIR: join(place, 'model'),
      SERVE_HOST: '127.0.0.1',
      SAGEMAKER_BIND_TO_PORT: String(PORT),
    },
  });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  try {
    await ready();
    const photos = readdirSync(place)
      .filter((name) => name.endsWith('.jpg'))
      .sort()
      .map((name) => readFileSync(join(place, name)));
    await pMap(photos.slice(0, 2 * CORES), score, { concurrency: 2 * CORES });
    const started = performance.now();
    const scores = await pMap(photos, score, { concurrency: 2 * CORES });
    return {
      scores,
      seconds: (performance.now() - started) / 1000,
      megabytes: memoryOf(server.pid as number),
    };
  } finally {
    server.kill();
    await ended;
  }
}

async function ready(): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const answer = await fetch(`http://127.0.0.1:${PORT}/ping`).catch(() => null);
    if (answer?.ok) return;
    await wait(100);
  }
  throw new Error(`The server has not answered on port ${PORT} within ${START_MS / 1000} s`);
}

async function score(photo: Uint8Array): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${PORT}/invocations`, { method: 'POST', body: photo });
  return ((await answer.json()) as { score: number }).score;
}

/** Memory of the server and its processes, what they share counted once (proc(5), Pss). */
function memoryOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  const kilobytes = [pid, ...children].map((each) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))?.[1]),
  );
  return kilobytes.reduce((sum, each) => sum + each, 0) / MEBIBYTE_KB;
}
