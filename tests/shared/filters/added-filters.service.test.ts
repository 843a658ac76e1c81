import { beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { reason } from '../../../shared/dataset/reasons.ts';
import { IMAGE_FILTERS } from '../../../shared/filters/image-filters.ts';
import { PAIR_FILTERS } from '../../../shared/filters/pair-filters.ts';
import { hourlyPhotos, separatePairs, writeTestDataset } from '../../fixtures/dataset.ts';
import { createTestBuckets } from '../../fixtures/station.ts';

/** One entry in each list: all that a new filter takes. */
Object.assign(IMAGE_FILTERS, {
  low_water: {
    ...reason('Low water', 'at low water', 'photos of the dataset with a value below min_value'),
    parameters: { min_value: z.number().default(0).describe('least observed value of a photo') },
    keeps: ({ min_value }: { min_value: number }, _: unknown, { value }: { value: number | null }) =>
      value === null || value >= min_value,
  },
});
Object.assign(PAIR_FILTERS, {
  hasty: {
    ...reason('Hasty', 'judged in haste', 'pairs of the dataset that were judged faster than min_seconds'),
    parameters: { min_seconds: z.number().optional(), max_seconds: z.number().optional() },
    absent: ['min_seconds'],
    faultOf: ({ min_seconds = 0, max_seconds = 1e9 }: { min_seconds?: number; max_seconds?: number }) =>
      min_seconds > max_seconds ? { name: 'max_seconds', message: 'it is below min_seconds' } : null,
    keep: (pairs: { n: number }[], { min_seconds = 0 }: { min_seconds?: number }) =>
      pairs.filter((_, index) => index >= min_seconds),
  },
});

describe('a filter that is added to its list', () => {
  let product: Awaited<ReturnType<typeof load>>;
  beforeAll(async () => {
    product = await load();
  });

  /** What reads the lists when it is loaded, after the two were added. */
  const load = async () => ({
    ...(await import('../../../shared/inputs/train-station.ts')),
    ...(await import('../../../shared/execution/train-station-state.ts')),
    ...(await import('../../../functions/split-pairs.ts')),
    ...(await import('../../../shared/aws/object-store.ts')),
    ...(await import('../../../shared/report/metrics/file.ts')),
    ...(await import('../../../cli/progress/execution-summary.ts')),
    ...(await import('../../fixtures/run.ts')),
    ...(await import('../../fixtures/report.ts')),
  });

  test('is part of the input, with its default and its checks', () => {
    expect(product.parseRunInput({ station_id: 1 })).toMatchObject({ min_value: 0 });
    expect(() => product.parseRunInput({ station_id: 1, min_value: 'low' })).toThrow('min_value');
    expect(() => product.parseRunInput({ station_id: 1, min_seconds: 9, max_seconds: 8 })).toThrow(
      'it is below min_seconds',
    );
  });

  test('leaves out and counts, and rank-input.json names its parameters', async () => {
    const buckets = await createTestBuckets();
    const run = product.testRun({ id: 1 }, buckets, {
      min_value: 20,
      min_seconds: 7,
      max_hour: 23,
      min_hour: 0,
    });
    await writeTestDataset(run, hourlyPhotos(400), separatePairs(170));

    const split = await product.call(product.handler, { run });

    const { low_water, outside_hours } = split.images_filtered as Record<string, number>;
    expect(low_water).toBeGreaterThan(0);
    expect(outside_hours).toBe(0);
    expect(split.images).toBe(400 - (low_water as number));
    expect(split.pairs_filtered).toMatchObject({ hasty: 7 });
    const summary = JSON.parse(
      await product.readText({ bucket: buckets.model, key: run.keys.input.summary }),
    );
    expect(summary.args.options).toMatchObject({ min_value: 20, min_seconds: 7, max_seconds: null });
    expect(summary.images.filtered).toEqual(split.images_filtered);
    expect(product.split.parse(JSON.parse(JSON.stringify(split)))).toEqual(split);
  });

  test('is 0 in the state of an execution that began without it', () => {
    const { split } = product.testReportState({ storage: 's', model: 'm' });

    expect(product.split.parse(split).images_filtered).toMatchObject({ low_water: 0 });
  });

  test('has its line in metrics.json and in what the command line shows', () => {
    const state = product.testReportState({ storage: 's', model: 'm' });
    Object.assign(state.split.images_filtered, { low_water: 11 });
    Object.assign(state.split.pairs_filtered, { hasty: 7 });
    const report = product.testReport([{ at: '2026-03-01T12:00:00Z', value: 1, score: 1 }], { state });

    expect(product.photoCounts(report)).toContainEqual(
      expect.objectContaining({ label: 'Low water', value: 11, kind: 'left-out' }),
    );
    expect(product.pairCounts(report)).toContainEqual(
      expect.objectContaining({ label: 'Hasty', value: 7, kind: 'left-out' }),
    );
    const { images_filtered, pairs_filtered } = state.split;
    const lines = product.resultLines({
      images: { found: 20, scored: 9, filtered: images_filtered, excluded: {}, faults: {} },
      pairs: { found: 20, train: 9, val: 4, filtered: pairs_filtered, excluded: {}, learnt: null },
      warnings: [],
      kendall_tau: { train: 1, val: 1, 'test-in': 1, 'test-out': 1, 'test-all': 1, overall: 1 },
    } as never);
    expect(lines).toContain('          11 at low water');
    expect(lines).toContain('          7 judged in haste');
  });
});
