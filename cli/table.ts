type TableOptions = {
  /** Before each line. */
  indent?: string;
  /** Minimum widths of the columns, for lines that are printed one by one and for tables that must look alike. */
  widths?: readonly number[];
};

/** A line for each row: columns as wide as their longest cell, two spaces apart, and nothing after the last cell. */
export function tableLines(
  rows: readonly (readonly string[])[],
  { indent = '', widths = [] }: TableOptions = {},
): string[] {
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const wide = Array.from({ length: columns }, (_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), widths[column] ?? 0),
  );
  return rows.map((row) =>
    `${indent}${row.map((cell, column) => cell.padEnd(wide[column] as number)).join('  ')}`.trimEnd(),
  );
}
