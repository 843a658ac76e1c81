import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as z from 'zod';
import { pythonCommand } from '../../local/python.ts';
import { startExecution } from '../../shared/aws/executions.ts';
import { findSize, listObjects, readBytes, readText, s3 } from '../../shared/aws/object-store.ts';
import { numberCell, optionalNumberCell, parseCsv, textCell } from '../../shared/formats/csv.ts';
import {
  BROKEN_IMAGE,
  ended,
  importGoldenStation,
  STACK_TIMEOUT_MS,
  startTestStack,
  type TestStack,
  until,
} from './test-stack.ts';

/**
 * The conformance checklist of FPE's interoperability contract, line by line, on the files and rows of one execution on
 * the local stack: a station of 56 drawn photos, a real training of two epochs, a real transform job.
 */
const CODE = 'RANK-FLOW-20260401';
const run = promisify(execFile);

let local: TestStack;
let stationId: number;
let output: Record<string, never> & { model_uuid: string; model_id: number };
let refusedWhileRunning: string | undefined;
let folder: string;
// PyTorch alone takes seconds to load on a busy computer.
jest.setTimeout(STACK_TIMEOUT_MS);

beforeAll(async () => {
  local = await startTestStack();
  stationId = await importGoldenStation(local);
  const input = {
    station_id: stationId,
    model_code: CODE,
    max_hour: 17,
    n_epochs: 2,
    unfreeze_after: 1,
    input_size: 40,
    batch_size: 32,
    pretrained: false,
    merge_batch_size: 10,
  };
  const machineArn = local.stack.machines[0]?.arn as string;
  const first = await startExecution(machineArn, input, 'first');
  await until(async () => (await findSize(ofModel('claim.json'))) !== null);
  refusedWhileRunning = (await local.run(input)).error;
  const execution = await ended(first);
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
  output = JSON.parse(execution.output as string);
  folder = mkdtempSync(join(tmpdir(), 'fpe-conformance-'));
}, STACK_TIMEOUT_MS);
afterAll(async () => {
  await local.stop();
  if (folder) rmSync(folder, { recursive: true });
});
async function filesBelow(bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of listObjects(bucket, prefix)) keys.push(key);
  return keys;
}
const ofModel = (name: string) => ({
  bucket: local.stack.env.MODEL_BUCKET as string,
  key: `rank/${stationId}/models/${CODE}/${name}`,
});
const ofWebsite = (name: string) => ({
  bucket: local.stack.env.STORAGE_BUCKET as string,
  key: `models/${output.model_uuid}/${name}`,
});
const linesOf = (text: string) => text.trimEnd().split('\n');

describe('the conformance checklist', () => {
  test('1: only rows that are allowed are read, and hours are those of the station', async () => {
    const images = linesOf(await readText(ofModel('input/images.csv'))).slice(1);

    // 5017 shows a person, 5023 failed; photos k = 0 are taken at 6:40 in New York.
    const ids = images.map((line) => Number(line.split(',')[1]));
    expect(ids).not.toContain(5017);
    expect(ids).not.toContain(5023);
    expect(ids.every((id) => (id - 5000) % 5 !== 0)).toBe(true);
    expect(ids).toHaveLength(42);
  });

  test('2: the key of a photo is full_s3.Key, with spaces and parentheses as they are', async () => {
    const { rows } = await local.database.query("SELECT full_s3->>'Key' AS key FROM images WHERE id = 5001");

    const line = linesOf(await readText(ofModel('input/images.csv'))).find((text) => text.includes(',5001,'));
    expect(line).toContain(`,${rows[0].key},`);
    expect(rows[0].key).toMatch(/Mill Brook__.*\(1\)\.JPG$/);
  });

  test('3: pairs.csv has eleven columns, mirrored pairs and whole labels; the manifest names the storage bucket', async () => {
    const [header, ...lines] = linesOf(await readText(ofModel('input/pairs.csv')));
    const [manifest] = JSON.parse(await readText(ofModel('input/manifest.json')));

    expect(header?.split(',')).toHaveLength(11);
    const cells = lines.map((line) => line.split(','));
    expect(cells.every(([split]) => split === 'train' || split === 'val')).toBe(true);
    for (let index = 0; index < cells.length; index += 2) {
      const [one, mirrored] = [cells[index] as string[], cells[index + 1] as string[]];
      expect(mirrored.slice(1, 10)).toEqual([one[1], ...one.slice(6, 10), ...one.slice(2, 6)]);
      expect(Number(mirrored[10]) + Number(one[10])).toBe(0);
      expect(one[10]).toMatch(/^(1|-1|0)$/);
    }
    expect(manifest).toEqual({ prefix: `s3://${local.stack.env.STORAGE_BUCKET}/` });
  });

  test('4: rank-input.json and station.json lie in the model bucket with what scoring of imagesets reads', async () => {
    const input = JSON.parse(await readText(ofModel('input/rank-input.json')));
    const station = JSON.parse(await readText(ofModel('input/station.json')));

    expect(input.args.options).toMatchObject({ min_hour: 7, max_hour: 17, min_month: 1, max_month: 12 });
    expect(input.pairs).toMatchObject({
      splits: { train: expect.any(Number), val: expect.any(Number) },
      start: expect.stringMatching(/^2026-02-01T\d\d:\d\d:\d\d-0500$/),
      end: expect.any(String),
      source: 'human',
    });
    expect(station.timezone).toBe('America/New_York');
  });

  test('5: model.tar.gz has model.pth at its root, which loads without a line of our code', async () => {
    const names = await unpackModel();
    const { stdout } = await run(pythonCommand(), ['-c', LOAD_LIKE_UPSTREAM, folder], { cwd: folder });

    expect(names).toContain('model.pth');
    expect(JSON.parse(stdout)).toEqual({
      keys: ['epoch', 'model_state_dict', 'optimizer_state_dict', 'params', 'training_loss', 'transforms'],
      tensors: 126,
      prefixed: true,
      transforms: ['eval', 'train'],
      params: { aspect: 'float', img_sample_mean: 3, img_sample_std: 3, input_shape: 2 },
    });
  });

  test('6: scores are those of the reference path within 1e-5, for photos of each kind', async () => {
    await unpackModel();
    const rows = predictionsOf(await readText(ofModel('transform/predictions.csv')));
    const readable = rows.filter(({ score }) => score !== null);
    mkdirSync(join(folder, 'photos'), { recursive: true });
    for (const { image_id, filename } of readable)
      writeFileSync(
        join(folder, 'photos', String(image_id)),
        await readBytes({ bucket: local.stack.env.STORAGE_BUCKET as string, key: filename }),
      );

    const source = join(import.meta.dirname, '..', '..', 'model');
    const { stdout } = await run(pythonCommand(), ['-c', SCORE_ONE_BY_ONE, folder, source]);

    const reference = JSON.parse(stdout) as Record<string, number>;
    expect(readable.length).toBeGreaterThan(30);
    for (const { image_id, score } of readable)
      expect(Math.abs((score as number) - (reference[image_id] as number))).toBeLessThanOrEqual(1e-5);
  });

  test('7: predictions of all photos lie at transform/predictions.csv, a photo that cannot be read without score', async () => {
    const rows = predictionsOf(await readText(ofModel('transform/predictions.csv')));

    expect(rows).toHaveLength(42);
    expect(rows.filter(({ score }) => score === null).map(({ image_id }) => image_id)).toEqual([
      BROKEN_IMAGE,
    ]);
    expect(output).toMatchObject({
      images: { found: 56, in_run: 42, scored: 41, unreadable: 1, missing: 0, published: 41 },
    });
  });

  test('8: published predictions have no empty score, ascend and show local dates; the report is one HTML file', async () => {
    const rows = predictionsOf(await readText(ofWebsite('predictions.csv')));
    const report = ofWebsite(`${CODE}.html`);
    const head = await s3().send(new HeadObjectCommand({ Bucket: report.bucket, Key: report.key }));
    const html = await readText(report);

    const instants = rows.map(({ timestamp }) => new Date(timestamp).getTime());
    expect(rows).toHaveLength(41);
    expect(rows.every(({ score }) => score !== null)).toBe(true);
    expect(instants).toEqual(instants.toSorted((a, b) => a - b));
    expect(rows[0]?.timestamp).toBe('2026-02-01T07:40:13-05:00');
    expect(head.ContentType).toMatch(/^text\/html/);
    expect(html).toContain(CODE);
    // A link is followed by a reader alone.
    expect(html.replaceAll(/<a href="[^"]*"/g, '')).not.toMatch(/(src|href)="(?!data:)/);
  });

  test('9: one row for the code, after its files, with regional URLs; the code is refused while it is worked on', async () => {
    const { rows } = await local.database.query('SELECT * FROM models WHERE station_id = $1', [stationId]);
    const files = await filesBelow(local.stack.env.STORAGE_BUCKET as string, `models/${output.model_uuid}/`);

    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      id: output.model_id,
      code: CODE,
      uuid: output.model_uuid,
      status: 'DONE',
      default: true,
      model_type_id: 'RANK',
      variable_id: 'FLOW_CFS',
    });
    for (const url of [rows[0].diagnostics_url, rows[0].predictions_url]) {
      const [, bucket, key] = /^https:\/\/([^.]+)\.s3\.us-west-2\.amazonaws\.com\/(.+)$/.exec(url) ?? [];
      expect(bucket).toBe(local.stack.env.STORAGE_BUCKET);
      expect(files).toContain(key);
    }
    expect(files).toHaveLength(5);
    expect(refusedWhileRunning).toBe('ModelCodeInUse');
  });

  test('10: every quirk that is corrected is listed with its id, and has a test that names it', async () => {
    const root = join(import.meta.dirname, '..', '..');
    const listed = readFileSync(join(root, 'docs', 'differences-from-upstream.md'), 'utf8');
    // As Q-T3, or q_t3 in the name of a Python function.
    const ids = ['-rhoiE', 'q[-_][a-z][0-9]+', 'tests', 'model/tests'];
    const { stdout } = await run('grep', ids, { cwd: root });

    const tested = new Set(stdout.split('\n').map((id) => id.replace('_', '-').toUpperCase()));
    const missing = [...new Set(listed.match(/Q-[A-Z]\d+/g))].filter((id) => !tested.has(id));
    expect(missing).toEqual([]);
  });
});

const predictionRow = z.object({
  image_id: numberCell,
  timestamp: textCell,
  filename: textCell,
  score: optionalNumberCell,
});
const predictionsOf = (text: string) => parseCsv(text, predictionRow, 'predictions.csv');

/** Unpacks the published archive into the folder of this test. */
async function unpackModel(): Promise<string[]> {
  const archive = join(folder, 'model.tar.gz');
  writeFileSync(archive, await readBytes(ofWebsite('model.tar.gz')));
  const { stdout } = await run('tar', ['-xzvf', archive, '-C', folder]);
  return stdout.split('\n').map((name) => name.replace(/^\.\//, ''));
}

const LOAD_LIKE_UPSTREAM = `
import json, sys, torch
checkpoint = torch.load(sys.argv[1] + '/model.pth', map_location='cpu', weights_only=False)
state, params = checkpoint['model_state_dict'], checkpoint['params']
print(json.dumps({
    'keys': sorted(set(checkpoint) & {'epoch', 'model_state_dict', 'optimizer_state_dict', 'training_loss', 'transforms', 'params'}),
    'tensors': len(state),
    'prefixed': all(name.startswith('module.') for name in state),
    'transforms': sorted(checkpoint['transforms']),
    'params': {name: type(value).__name__ if isinstance(value, float) else len(value) for name, value in sorted(params.items())},
}))
`;

/** Contract 7.4: Pillow, float tensor, the pickled transform, one photo at a time. */
const SCORE_ONE_BY_ONE = `
import json, os, sys, torch
from PIL import Image
from torchvision.transforms.functional import to_tensor
sys.path.insert(0, sys.argv[2])
from network import RankNet
checkpoint = torch.load(sys.argv[1] + '/model.pth', map_location='cpu', weights_only=False)
network = RankNet().eval()
network.load_state_dict({name[len('module.'):]: tensor for name, tensor in checkpoint['model_state_dict'].items()})
transform = checkpoint['transforms']['eval']
scores = {}
with torch.no_grad():
    for name in os.listdir(sys.argv[1] + '/photos'):
        image = to_tensor(Image.open(sys.argv[1] + '/photos/' + name).convert('RGB'))
        scores[name] = float(network(transform(image).unsqueeze(0)))
print(json.dumps(scores))
`;
