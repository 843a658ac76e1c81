import { describe, expect, test } from '@jest/globals';

import { imprintOf } from '../../browser/imprint.ts';
import { DAY_MS } from '../../shared/formats/durations.ts';
import type { ImageSplit } from '../../shared/model-input/image-split.ts';
import { REPORT_FIGURES } from '../../shared/report/page/figure.ts';
import { FIRST_DAY, PAGE, viewWith } from '../fixtures/page-view.ts';

const selected = {
  from: FIRST_DAY + DAY_MS,
  to: FIRST_DAY + 4 * DAY_MS,
  splits: new Set<ImageSplit>(['train', 'val']),
  strataSplit: 'val' as const,
};

describe('A saved figure', () => {
  test.each(Object.keys(REPORT_FIGURES))(
    'names station and model in its name, picture and data: %s',
    (id) => {
      const { fileName, source, columns } = imprintOf(viewWith(selected), id, 'Figure 1. Title');

      expect(fileName).toMatch(new RegExp(`^29_RANK-FLOW-20260401_${id}`));
      expect(source).toBe('West Brook (29) · model RANK-FLOW-20260401');
      expect(columns.slice(0, 3)).toEqual([
        ['station_id', 29],
        ['model_code', 'RANK-FLOW-20260401'],
        ['figure', id],
      ]);
    },
  );

  test.each([
    ['scatter-plots', '2026-03-02 to 2026-03-04; splits Train, Val'],
    ['calibration', '2026-03-02 to 2026-03-04'],
    [
      'tau-strata',
      '2026-03-02 to 2026-03-04; tau by season, annotation period, value, month and hour of Val',
    ],
    ['loss-function', ''],
    ['learning-curve', ''],
  ])('tells what it goes by of what is selected: %s', (id, words) => {
    const { selection, columns } = imprintOf(viewWith(selected), id, 'Figure 1. Title');

    expect(selection).toBe(words);
    expect(columns.at(-1)).toEqual(['selection', words || 'all']);
  });

  test('of the taus by season tells the photos that they are of, even where nobody chose them', () => {
    expect(imprintOf(viewWith(), 'tau-strata', '')).toMatchObject({
      fileName: '29_RANK-FLOW-20260401_tau-strata',
      selection: 'tau by season, annotation period, value, month and hour of Test (All)',
    });
    expect(imprintOf(viewWith(), 'scatter-plots', '').selection).toBe('');
  });

  test('of a synthetic station says so, wherever the picture goes', () => {
    const view = viewWith({}, { ...PAGE, station: { ...PAGE.station, synthetic: true } });

    expect(imprintOf(view, 'scatter-plots', '').source).toBe(
      'West Brook (29), synthetic station · model RANK-FLOW-20260401',
    );
  });

  test('of a dataset names the dataset', () => {
    const view = viewWith({}, { ...PAGE, kind: 'dataset', code: 'WINTER' });
    const { source, columns } = imprintOf(view, 'images-per-day', '');

    expect(source).toBe('West Brook (29) · dataset WINTER');
    expect(columns).toContainEqual(['dataset_code', 'WINTER']);
  });

  test('has no text of users in its data, which a spreadsheet might take for a formula', () => {
    const view = viewWith({}, { ...PAGE, station: { ...PAGE.station, name: '=HYPERLINK("http://x")' } });

    expect(JSON.stringify(imprintOf(view, 'scatter-plots', '').columns)).not.toContain('HYPERLINK');
  });
});
