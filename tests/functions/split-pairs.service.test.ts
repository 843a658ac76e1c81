import { beforeAll, describe, expect, test } from '@jest/globals';
import { handler as splitPairs } from '../../functions/split-pairs.ts';
import { findSize, listObjects, readText } from '../../shared/aws/object-store.ts';
import { noneOf } from '../../shared/dataset/reasons.ts';
import { NotEnoughPairs } from '../../shared/errors.ts';
import { modelKeys } from '../../shared/execution/keys.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import { IMAGE_FILTERS } from '../../shared/filters/image-filters.ts';
import { PAIR_FILTERS } from '../../shared/filters/pair-filters.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { type DatasetPair, hourlyPhotos, separatePairs, writeTestDataset } from '../fixtures/dataset.ts';
import { call, testRun } from '../fixtures/run.ts';
import { createTestBuckets } from '../fixtures/station.ts';

let buckets: { storage: string; model: string };
let stationId = 0;
beforeAll(async () => {
  buckets = await createTestBuckets();
});

async function prepare(
  pairs: DatasetPair[],
  {
    parameters = {},
    photos = 400,
    name = 'Mill Brook',
  }: { parameters?: Record<string, unknown>; photos?: number; name?: string } = {},
): Promise<Run> {
  stationId += 1;
  const run = testRun({ id: stationId, name }, buckets, parameters);
  await writeTestDataset(run, hourlyPhotos(photos), pairs);
  return run;
}

const read = (run: Run, key: string) => readText({ bucket: run.buckets.model, key });
const linesOf = async (run: Run, key: string) => (await read(run, key)).trimEnd().split('\n');

describe('SplitPairs', () => {
  test('writes the model’s input and counts what it keeps and leaves out', async () => {
    const pairs = [...separatePairs(180), { left: 399, right: 400, rank: 'UNKNOWN' }];
    const run = await prepare(pairs, { parameters: { max_hour: 17 } });

    const split = await call(splitPairs, { run });

    expect(split).toEqual({
      images: 367,
      images_filtered: { ...noneOf(IMAGE_FILTERS), outside_hours: 33 },
      image_splits: { train: 240, val: 60, 'test-in': 30, 'test-out': 37 },
      pairs: 150,
      pairs_filtered: { ...noneOf(PAIR_FILTERS), not_ranked: 1, photo_filtered: 30 },
      pair_splits: { train: 120, val: 30 },
      method: 'graph',
      leaked_images: 0,
    });
  });

  test.each(['NA', '', ' ', '=1+1', 'Ä"\n,'])('takes a station that is called %j', async (name) => {
    const run = await prepare(separatePairs(150), { name });

    expect(await call(splitPairs, { run })).toMatchObject({ images: 400, pairs: 150 });
  });

  test('writes pairs.csv as the training reads it: eleven columns, mirrored, whole labels, NA for missing', async () => {
    const run = await prepare([...separatePairs(150), { left: 301, right: 302, rank: 'SAME' }]);

    await call(splitPairs, { run });

    const [header, ...lines] = await linesOf(run, run.keys.input.pairs);
    expect(header).toBe(
      'split,pair,image_id_1,timestamp_1,filename_1,value_1,image_id_2,timestamp_2,filename_2,value_2,label',
    );
    expect(lines).toHaveLength(302);
    const name = (n: number) => `imagesets/6f2c/images/Mill Brook (${n}).JPG`;
    expect(lines.slice(8, 10)).toEqual([
      expect.stringMatching(/^(train|val),5,10,2026-01-05T21:00:00Z,.*,NA,9,2026-01-05T20:00:00Z,.*,8.5,1$/),
      expect.stringContaining(
        `,5,9,2026-01-05T20:00:00Z,${name(9)},8.5,10,2026-01-05T21:00:00Z,${name(10)},NA,-1`,
      ),
    ]);
    expect(new Set(lines.map((line) => line.split(',').at(-1)))).toEqual(new Set(['1', '-1', '0']));
  });

  test('writes rank-input.json where the scoring of imagesets looks for its limits, and one page instead of plots (Q-T14)', async () => {
    const run = await prepare(separatePairs(150), { parameters: { min_hour: 6, max_month: 11, seed: 5 } });

    await call(splitPairs, { run });

    const summary = JSON.parse(await read(run, run.keys.input.summary));
    const written: string[] = [];
    for await (const { key } of listObjects(run.buckets.model, run.keys.input.prefix))
      written.push(key.split('/').at(-1) as string);
    expect(written).toEqual([
      'annotations.csv',
      'images.csv',
      'input.html',
      'pairs.csv',
      'rank-input.json',
      'station.json',
    ]);
    expect(modelKeys(RANK, run.station.id, run.model_code).input.summary).toBe(
      `rank/${run.station.id}/models/${run.model_code}/input/rank-input.json`,
    );
    expect(summary.args.options).toMatchObject({
      min_hour: 6,
      max_hour: 18,
      min_month: 1,
      max_month: 11,
      annotation_variable: 'FLOW',
      seed: 5,
    });
    expect(summary.args.options).not.toHaveProperty('annotations_max_n');
    expect(summary).toMatchObject({
      station: { id: run.station.id, name: 'Mill Brook' },
      images: { n: 400, start: '2026-01-05T07:00:00-0500' },
      pairs: { source: 'human', n: 150, method: 'graph', splits: { train: 120, val: 30 }, leaked_images: 0 },
      created_at: '2026-04-01T08:00:00-0400',
    });
    expect(summary).not.toHaveProperty('notes');
    expect(JSON.parse(await read(run, run.keys.input.station))).toMatchObject({
      timezone: 'America/New_York',
    });
  });

  test('notes in rank-input.json that FPE’s container takes windows that wrap for none', async () => {
    const run = await prepare(separatePairs(150), { parameters: { min_month: 12, max_month: 11 } });

    await call(splitPairs, { run });

    const { args, notes } = JSON.parse(await read(run, run.keys.input.summary));
    expect(args.options).toMatchObject({ min_month: 12, max_month: 11 });
    expect(notes).toContain('this model is for months 12 to 11');
  });

  test('writes the same bytes for the same data and input, and others for another seed (Q-I1)', async () => {
    const pairs = separatePairs(150);
    const bytesOf = async (seed: number) => {
      const run = await prepare(pairs, { parameters: { seed, annotations_max_n: 140 } });
      await call(splitPairs, { run });
      return read(run, run.keys.input.pairs);
    };

    const [one, same, other] = [await bytesOf(1), await bytesOf(1), await bytesOf(2)];

    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  test('keeps a comment with a line feed as one row (Q-I13)', async () => {
    const pairs = separatePairs(150).map((pair) => ({ ...pair, comment: 'more,\n"more"' }));
    const run = await prepare(pairs);

    const split = await call(splitPairs, { run });

    expect(split.pairs).toBe(150);
    expect(await read(run, run.keys.input.annotations)).toContain('"more,\n""more"""');
  });

  test('refuses too few pairs before it touches the input of an earlier run (Q-I12)', async () => {
    const run = await prepare(separatePairs(150, 'UNKNOWN'));

    const attempt = call(splitPairs, { run });

    await expect(attempt).rejects.toThrow(NotEnoughPairs);
    await expect(attempt).rejects.toThrow('0 of 150 pairs, removed: not_ranked 150');
    expect(await findSize({ bucket: run.buckets.model, key: run.keys.input.pairs })).toBe(null);
  });
});
