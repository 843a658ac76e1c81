import type { Imprint } from './imprint.ts';

/** What a point says of itself: terms and texts. */
export type Facts = [term: string, text: string][];

/** A point of a figure as a row of its data: where it is drawn, in the units of the axes, and what it says of itself. */
export type FigureRow = {
  panel: string;
  series: string;
  x: string | number;
  y: string | number | null;
  facts: Facts;
};

/**
 * The data of a figure as CSV (RFC 4180), with a column for each fact that any of its points tells. Nothing in it was written by
 * a user, so nothing in it can be a formula.
 *
 * @param same columns with the same value in each row, before all others
 */
export function figureCsv(rows: readonly FigureRow[], same: Imprint['columns']): string {
  const terms = [...new Set(rows.flatMap(({ facts }) => facts.map(([term]) => term)))];
  const lines = [
    [...same.map(([name]) => name), 'panel', 'series', 'x', 'y', ...terms],
    ...rows.map(({ panel, series, x, y, facts }) => {
      const texts = new Map(facts);
      const values = same.map(([, value]) => value);
      return [...values, panel, series, x, y ?? '', ...terms.map((term) => texts.get(term) ?? '')];
    }),
  ];
  return lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

const cell = (value: string | number): string =>
  /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
