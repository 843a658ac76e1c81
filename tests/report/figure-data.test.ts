import { expect, test } from '@jest/globals';
import Papa from 'papaparse';
import { figureCsv } from '../../browser/figure-data.ts';

test('The data of a figure have a column for each fact that any of its points tells', () => {
  const csv = figureCsv([
    { panel: 'By hour', series: 'tau', x: '7:00', y: 0.5, facts: [['n', '1,234']] },
    { panel: 'a "b"', series: 'Fit', x: 1.5, y: null, facts: [] },
    { panel: '', series: 'Train', x: 2, y: -1, facts: [['Photos of', 'Jan\nFeb']] },
  ]);

  expect(Papa.parse(csv, { skipEmptyLines: true }).data).toEqual([
    ['panel', 'series', 'x', 'y', 'n', 'Photos of'],
    ['By hour', 'tau', '7:00', '0.5', '1,234', ''],
    ['a "b"', 'Fit', '1.5', '', '', ''],
    ['', 'Train', '2', '-1', '', 'Jan\nFeb'],
  ]);
});
