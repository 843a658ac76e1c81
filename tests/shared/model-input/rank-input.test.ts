import { describe, expect, test } from '@jest/globals';
import { noneOf } from '../../../shared/dataset/reasons.ts';
import type { Split } from '../../../shared/execution/train-station-state.ts';
import { IMAGE_FILTERS } from '../../../shared/filters/image-filters.ts';
import { PAIR_FILTERS } from '../../../shared/filters/pair-filters.ts';
import { stationClock } from '../../../shared/formats/local-time.ts';
import { rankInput } from '../../../shared/model-input/rank-input.ts';
import { testRun } from '../../fixtures/run.ts';

const split: Split = {
  images: 7,
  image_splits: { train: 3, val: 1, 'test-in': 2, 'test-out': 1 },
  images_filtered: noneOf(IMAGE_FILTERS),
  pairs: 5,
  pair_splits: { train: 4, val: 1 },
  pairs_filtered: noneOf(PAIR_FILTERS),
  leaked_images: 0,
  method: 'graph',
};
const winter = Date.parse('2026-02-01T12:00:00Z');
const summer = Date.parse('2026-07-01T12:00:00Z');
const written = (parameters: Record<string, unknown> = {}) =>
  rankInput(
    testRun({ id: 29, name: 'Mill Brook' }, { storage: 'photos', model: 'models' }, parameters),
    split,
    stationClock('America/New_York'),
    { images: [winter, summer], pairs: [winter, winter] },
  );

describe('rank-input.json', () => {
  test('names model, dataset, station and variable', () => {
    expect(written({ model_code: 'RANK-A', dataset_code: 'DATA-A' })).toMatchObject({
      model_code: 'RANK-A',
      dataset_code: 'DATA-A',
      variable_id: 'FLOW_CFS',
      annotation_variable: 'FLOW',
      station: { id: 29, name: 'Mill Brook' },
    });
  });

  test('counts photos and pairs as the split did', () => {
    const { images, pairs } = written();

    expect(images).toMatchObject({ n: 7, splits: split.image_splits, filtered: split.images_filtered });
    expect(pairs).toMatchObject({
      ...{ source: 'human', n: 5, method: 'graph' },
      ...{ splits: split.pair_splits, leaked_images: 0, filtered: split.pairs_filtered },
    });
  });

  test('writes instants by the station’s clock, with an offset without colon, as of their season', () => {
    const { images, pairs, created_at } = written();

    expect([images.start, images.end]).toEqual(['2026-02-01T07:00:00-0500', '2026-07-01T08:00:00-0400']);
    expect([pairs.start, pairs.end]).toEqual(['2026-02-01T07:00:00-0500', '2026-02-01T07:00:00-0500']);
    expect(created_at).toBe('2026-04-01T08:00:00-0400');
  });

  test('gives what the execution was started with under upstream’s names, in upstream’s order', () => {
    const { args } = written({
      model_code: 'RANK-A',
      train_frac: 0.7,
      seed: 5,
      min_hour: 8,
      overwrite: true,
    });

    expect(args.args).toBe('RANK-A');
    expect(args.options).toMatchObject({
      ...{
        help: false,
        directory: '.',
        station_id: 29,
        variable_id: 'FLOW_CFS',
        annotation_variable: 'FLOW',
      },
      ...{ dataset_code: 'RANK-A', train_frac: 0.7, seed: 5, min_hour: 8, overwrite: true },
    });
    const names = Object.keys(args.options);
    expect(names.indexOf('min_hour')).toBeLessThan(names.indexOf('min_month'));
    expect(names.indexOf('min_month')).toBeLessThan(names.indexOf('images_start'));
    expect(names.indexOf('images_start')).toBeLessThan(names.indexOf('annotations_start'));
    expect(names.at(-1)).toBe('overwrite');
  });

  test.each([
    ['says', { min_hour: 22, max_hour: 4 }, /\bhour/],
    ['has nothing to say of', {}, null],
  ])('%s what other tools misread of windows', (_, parameters, notes) => {
    const { notes: found } = written(parameters) as { notes?: string };

    if (notes === null) expect(found).toBeUndefined();
    else expect(found).toMatch(notes);
  });
});
