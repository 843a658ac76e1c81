import { expect, test } from '@jest/globals';
import type { CellResult } from '../../../benchmarks/evaluate/run-cells.ts';
import { smoothedResult } from '../../../benchmarks/evaluate/smoothed-result.ts';
import { comparisonOf } from '../../../benchmarks/evaluate/tables.ts';
import { judgedStation } from './judged-station.ts';

test('Smoothed scores are compared as a recipe of their own, and smooth away what changes from photo to photo', () => {
  const stations = new Map([['one', judgedStation('one')]]);
  const result: CellResult = {
    cell: { recipe: 'fpe', station: 'one', seed: 1, pairs: 20 },
    facts: null,
    seconds: 1,
    scores: Array.from({ length: 60 }, (_, index) => (index === 3 ? null : index + (index % 4 < 2 ? 9 : -9))),
    ...{ epochs: null, device: 'cpu', torch: '2' },
  };

  const smoothed = smoothedResult(result, stations, 4);
  const { rows } = comparisonOf([result, smoothed], stations, 'fpe');

  expect(smoothed.scores[3]).toBeNull();
  const [plain, smooth] = rows.map(({ figures }) => figures.get('tau after')?.estimate.mean as number);
  expect(rows.map(({ recipe }) => recipe)).toEqual(['fpe', 'fpe, smoothed 4 h']);
  expect(smooth).toBeGreaterThan((plain as number) + 0.1);
});
