import { legibleInTerminal } from '../shared/formats/legible-text.ts';

type TableOptions = {
  /** Before each line. */
  indent?: string;
  /** Minimum widths of the columns, for lines that are printed one by one and for tables that must look alike. */
  widths?: readonly number[];
};

/** A line for each row, whatever line breaks and control characters its cells have: columns as wide as their longest cell, two spaces apart, and nothing after the last cell. */
export function tableLines(
  given: readonly (readonly string[])[],
  { indent = '', widths = [] }: TableOptions = {},
): string[] {
  const rows = given.map((row) => row.map((cell) => legibleInTerminal(cell).replaceAll(/\s*\n\s*/g, ' ')));
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const wide = Array.from({ length: columns }, (_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), widths[column] ?? 0),
  );
  return rows.map((row) =>
    `${indent}${row.map((cell, column) => cell.padEnd(wide[column] as number)).join('  ')}`.trimEnd(),
  );
}
