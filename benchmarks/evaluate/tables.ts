import { formatCsv } from '../../shared/formats/csv.ts';
import type { Cell } from './cells.ts';
import {
  type Difference,
  type Estimate,
  estimate,
  hasInterval,
  isBetter,
  pairedDifference,
  type Reading,
} from './comparison.ts';
import { type CellMeasures, cellMeasures, type OrderMeasures } from './measures.ts';
import type { CellResult } from './run-cells.ts';
import type { JudgedStation } from './station-folder.ts';

export type Figure = { estimate: Estimate; difference: Difference | null };
/** A recipe, trained with some number of pairs, against the reference recipe with as many, unless the reference has its own. */
export type ComparisonRow = {
  recipe: string;
  pairs: number;
  /** Mean duration of a training with its scoring. */
  seconds: number;
  /** By name of the figure, in the order of the table; the estimates are of the trainings that have it. */
  figures: Map<string, Figure>;
  isBetter: boolean;
};
export type Comparison = { reference: string; figures: string[]; rows: ComparisonRow[] };

const MEASURES: Record<Exclude<keyof OrderMeasures, 'n'>, string> = {
  tauTrue: 'tau',
  tauObserved: 'tau observed',
  rho: 'rho',
  precisionHigh: 'precision high',
  precisionLow: 'precision low',
  coverage: 'coverage',
};
const WITHIN = 'tau within';
const AFTER = 'tau after';

/** All figures of a training by name. Periods have all measures, seasons and lights tau alone. */
function figuresOf({ groups, pairAccuracy }: CellMeasures): Map<string, number> {
  const named: [string, number | null][] = Object.entries(groups).flatMap(([group, measures]) =>
    Object.entries(MEASURES)
      .filter(([key]) => !group.includes(' ') || key === 'tauTrue')
      .map(([key, words]): [string, number | null] => [
        `${words} ${group}`,
        measures[key as keyof OrderMeasures],
      ]),
  );
  const all = [...named, ['pair accuracy', pairAccuracy] as const];
  return new Map(all.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])));
}

/** @param referencePairs of the reference that all are compared with; else it is that of as many pairs */
export function comparisonOf(
  results: readonly CellResult[],
  stations: ReadonlyMap<string, JudgedStation>,
  reference: string,
  referencePairs?: number,
): Comparison {
  const trainedAt = ({ station, seed }: Cell) => `${station} ${seed}`;
  const alongside = Map.groupBy(
    results.map(({ cell }) => cell),
    trainedAt,
  );
  const cells = results.map((result) => ({
    ...result,
    figures: figuresOf(
      cellMeasures(
        stations.get(result.cell.station) as JudgedStation,
        result.cell,
        result.scores,
        alongside.get(trainedAt(result.cell)),
      ),
    ),
  }));
  const figures = [...new Set(cells.flatMap((cell) => [...cell.figures.keys()]))].toSorted(byPlace);
  const readings = (recipe: string, pairs: number, figure: string): Reading[] =>
    cells.flatMap(({ cell, figures: of }) =>
      cell.recipe === recipe && cell.pairs === pairs && of.has(figure)
        ? [{ station: cell.station, seed: cell.seed, value: of.get(figure) as number }]
        : [],
    );
  const kinds = new Map(cells.map(({ cell }) => [`${cell.recipe} ${cell.pairs}`, cell]));
  const rows = [...kinds.values()].map(({ recipe, pairs }): ComparisonRow => {
    const own = new Map<string, Figure>();
    for (const figure of figures) {
      const values = readings(recipe, pairs, figure);
      const difference =
        recipe === reference
          ? null
          : pairedDifference(values, readings(reference, referencePairs ?? pairs, figure));
      const all = estimate(values);
      if (all) own.set(figure, { estimate: all, difference });
    }
    const times = cells.filter(({ cell }) => cell.recipe === recipe && cell.pairs === pairs);
    return {
      recipe,
      pairs,
      seconds: times.reduce((sum, { seconds }) => sum + seconds, 0) / times.length,
      figures: own,
      isBetter: isBetter(own.get(WITHIN)?.difference ?? null, own.get(AFTER)?.difference ?? null),
    };
  });
  return { reference, figures, rows };
}

/** What is asked first stands first: tau within and after, then the other measures of periods, then seasons and lights. */
const byPlace = (one: string, other: string): number => place(one) - place(other) || one.localeCompare(other);
const place = (figure: string): number => {
  const first = [WITHIN, AFTER].indexOf(figure);
  return first >= 0 ? first : / (season|light) /.test(figure) ? 4 : 3;
};

export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;

/** `+0.021 (+0.004 to +0.035)`; of a few pairs of trainings there is no interval. */
export function differenceText(difference: Difference | null | undefined): string {
  if (!difference) return '–';
  const { mean, low, high } = difference;
  return hasInterval(difference) ? `${signed(mean)} (${signed(low)} to ${signed(high)})` : signed(mean);
}

/** One line for each recipe: tau within and after, and the differences that decide. */
export function markdownTable({ reference, rows }: Comparison): string {
  const other = [
    ...['tau observed after', 'rho after', 'precision high after', 'precision low after', 'pair accuracy'],
    ...['tau season winter', 'tau light low', 'coverage within', 'coverage after'],
  ];
  const header = [
    ...['recipe', 'pairs', 'trainings', WITHIN, AFTER],
    ...[`within, against ${reference}`, `after, against ${reference}`, 'worst station after'],
    ...[...other, 'seconds', 'better'],
  ];
  const lines = rows.map(({ recipe, pairs, seconds, figures, isBetter: better }) => {
    const of = (name: string) => figures.get(name)?.estimate.mean.toFixed(3) ?? '–';
    const [within, after] = [figures.get(WITHIN), figures.get(AFTER)];
    const worst = after?.difference?.worst;
    return [
      ...[recipe, String(pairs), String(within?.estimate.n ?? 0), of(WITHIN), of(AFTER)],
      ...[differenceText(within?.difference), differenceText(after?.difference)],
      worst ? `${signed(worst.mean)} ${worst.station}` : '–',
      ...[...other.map(of), seconds.toFixed(0), better ? 'yes' : ''],
    ];
  });
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const bound = (estimate: Estimate | null, which: 'low' | 'high'): number | null =>
  estimate && hasInterval(estimate) ? estimate[which] : null;

/** Every figure of every recipe, one in a line. */
export function csvTable({ rows }: Comparison): string {
  const columns = [
    ...(['recipe', 'pairs', 'figure', 'trainings', 'mean', 'low', 'high', 'difference'] as const),
    ...(['difference_low', 'difference_high', 'worst_station', 'worst_difference'] as const),
  ];
  return formatCsv(
    columns,
    rows.flatMap(({ recipe, pairs, figures }) =>
      [...figures].map(([figure, { estimate: all, difference }]) => ({
        ...{ recipe, pairs, figure, trainings: all.n, mean: all.mean },
        ...{ low: bound(all, 'low'), high: bound(all, 'high') },
        difference: difference?.mean ?? null,
        difference_low: bound(difference, 'low'),
        difference_high: bound(difference, 'high'),
        worst_station: difference?.worst.station ?? null,
        worst_difference: difference?.worst.mean ?? null,
      })),
    ),
  );
}
