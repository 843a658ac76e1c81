import { percentileRanks } from './ranks.ts';

/**
 * Spearman's rho of two paired samples: Pearson's correlation of their ranks, where ties have the average of theirs
 * (Spearman 1904, doi:10.2307/1412159).
 *
 * @param x, y same length; a row with NaN in either is left out
 * @returns −1 … 1, or null when not computable: fewer than two rows, or all of them tied in x or in y
 */
export function spearmanRho(x: Float64Array, y: Float64Array): number | null {
  const whereBoth = (numbers: Float64Array, other: Float64Array) =>
    numbers.filter((number, row) => !Number.isNaN(number) && !Number.isNaN(other[row] as number));
  const [ranksX, ranksY] = [percentileRanks(whereBoth(x, y)), percentileRanks(whereBoth(y, x))];
  let [squaresX, squaresY, products] = [0, 0, 0];
  // Percentile ranks are ranks on another scale, whose mean is ½ whatever the ties.
  for (let row = 0; row < ranksX.length; row++) {
    const [fromX, fromY] = [(ranksX[row] as number) - 0.5, (ranksY[row] as number) - 0.5];
    squaresX += fromX * fromX;
    squaresY += fromY * fromY;
    products += fromX * fromY;
  }
  if (!(squaresX > 0 && squaresY > 0)) return null;
  return Math.max(-1, Math.min(1, products / Math.sqrt(squaresX * squaresY)));
}
