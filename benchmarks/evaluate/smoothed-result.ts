import { smoothedScores } from '../../shared/predictions/smoothed-scores.ts';
import type { CellResult } from './run-cells.ts';
import type { JudgedStation } from './station-folder.ts';

/** The scores of a training smoothed, as the product publishes them, under a name of their own. */
export function smoothedResult(
  result: CellResult,
  stations: ReadonlyMap<string, JudgedStation>,
  hours: number,
): CellResult {
  const { photos } = stations.get(result.cell.station) as JudgedStation;
  const rows = photos.map(({ timestamp }, index) => ({ timestamp, score: result.scores[index] ?? null }));
  const smoothed = smoothedScores(rows, hours);
  return {
    ...result,
    cell: { ...result.cell, recipe: `${result.cell.recipe}, smoothed ${hours} h` },
    scores: rows.map(({ score }, index) => (score === null ? null : (smoothed[index] as number))),
  };
}
