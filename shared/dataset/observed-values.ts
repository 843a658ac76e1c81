/**
 * Numbers that loggers and their software write where they have no value: Campbell Scientific (-6999, -7999, 6999, 7999, -99999),
 * HOBO (-888.88), In-Situ, YSI and many data bases (-9999, -99999), USGS (-999999), 16-bit registers (-32768), and the same without
 * a sign. Each could be a measurement, so that its series decides (`fillValues`).
 */
export const FILL_VALUES = [
  -999, -9999, -99_999, -999_999, -9_999_999, -999.9, -9999.9, -999.99, -9999.99, -888.88, -6999, -7999,
  -32_768, 999, 9999, 99_999, 999_999, 9_999_999, 6999, 7999, 32_767,
];

/** Of one series: how often it has each number that may be a fill value, and the largest magnitude of its others. */
export type FillCandidates = { series_id: number; counts: Record<string, number>; most: number };

/** A measurement is near others; a fill value is chosen to be far from all. */
const FARTHER_THAN_OTHERS = 2;
/** Above 0 a flood may come near such a number once or twice. */
const REPEATS_ABOVE_ZERO = 3;

/**
 * Which of the candidates are fill values of their series: those at least twice as far from 0 as any other number in it; those
 * above 0 also only if they stand there three times or more.
 *
 * @returns by series
 */
export const fillValues = (series: readonly FillCandidates[]): Map<number, Set<number>> =>
  new Map(
    series.map(({ series_id, counts, most }) => [
      series_id,
      new Set(
        Object.entries(counts)
          .map(([value, count]) => ({ value: Number(value), count }))
          .filter(
            ({ value, count }) =>
              Math.abs(value) >= FARTHER_THAN_OTHERS * most && (value < 0 || count >= REPEATS_ABOVE_ZERO),
          )
          .map(({ value }) => value),
      ),
    ]),
  );
