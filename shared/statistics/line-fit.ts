/** y = intercept + slope · x */
export type Line = { intercept: number; slope: number };

/**
 * Least-squares line of y on x.
 *
 * @param x, y same length; a row with NaN in either is left out
 * @returns null with fewer than two different x
 */
export function fitLine(x: Float64Array, y: Float64Array): Line | null {
  let [n, meanX, meanY, squares, products] = [0, 0, 0, 0, 0];
  // Welford's updates: sums of squares of large flows would lose digits.
  for (let row = 0; row < x.length; row++) {
    const [xi, yi] = [x[row] as number, y[row] as number];
    if (Number.isNaN(xi + yi)) continue;
    n += 1;
    const stepX = xi - meanX;
    meanX += stepX / n;
    meanY += (yi - meanY) / n;
    squares += stepX * (xi - meanX);
    products += stepX * (yi - meanY);
  }
  if (squares === 0) return null;
  const slope = products / squares;
  return { slope, intercept: meanY - slope * meanX };
}
