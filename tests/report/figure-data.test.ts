import { expect, test } from '@jest/globals';
import Papa from 'papaparse';
import { figureCsv } from '../../browser/figure-data.ts';

test('The data of a figure have the same columns in each row, and one for each fact that any of its points tells', () => {
  const csv = figureCsv(
    [
      { panel: 'By hour', series: 'tau', x: '7:00', y: 0.5, facts: [['n', '1,234']] },
      { panel: 'a "b"', series: 'Fit', x: 1.5, y: null, facts: [] },
      { panel: '', series: 'Train', x: 2, y: -1, facts: [['Photos of', 'Jan\nFeb']] },
    ],
    [
      ['station_id', 29],
      ['selection', 'splits Train, Val'],
    ],
  );

  expect(Papa.parse(csv, { skipEmptyLines: true }).data).toEqual([
    ['station_id', 'selection', 'panel', 'series', 'x', 'y', 'n', 'Photos of'],
    ['29', 'splits Train, Val', 'By hour', 'tau', '7:00', '0.5', '1,234', ''],
    ['29', 'splits Train, Val', 'a "b"', 'Fit', '1.5', '', '', ''],
    ['29', 'splits Train, Val', '', 'Train', '2', '-1', '', 'Jan\nFeb'],
  ]);
});
