import stringWidth from 'string-width';
import { legibleInTerminal } from '../shared/formats/legible-text.ts';

type TableOptions = {
  /** Before each line. */
  indent?: string;
  /** Minimum widths of the columns, for lines that are printed one by one and for tables that must look alike. */
  widths?: readonly number[];
  /** Of the terminal: columns that do not fit go on below, set in. Undefined where there is none, so that programs find a row in a line. */
  columns?: number | undefined;
};

const GAP = '  ';

/**
 * The rows, whatever line breaks and control characters their cells have: columns as wide as their longest cell is on a terminal,
 * and nothing after the last cell.
 */
export function tableLines(
  given: readonly (readonly string[])[],
  { indent = '', widths = [], columns = Number.POSITIVE_INFINITY }: TableOptions = {},
): string[] {
  const rows = given.map((row) => row.map(inOneLine));
  const most = rows.reduce((count, row) => Math.max(count, row.length), 0);
  const wide = Array.from({ length: most }, (_, column) =>
    rows.reduce((width, row) => Math.max(width, stringWidth(row[column] ?? '')), widths[column] ?? 0),
  );
  const lines = fold(wide, columns - indent.length);
  return rows.flatMap((row) =>
    lines
      .map((folded, line) => {
        const cells = folded.map((column) => padded(row[column] ?? '', wide[column] as number));
        return `${indent}${line === 0 ? '' : GAP}${cells.join(GAP)}`.trimEnd();
      })
      .filter((text, line) => line === 0 || text !== ''),
  );
}

/** Which columns stand in which line, as many in each as fit. */
function fold(widths: readonly number[], columns: number): number[][] {
  const lines: number[][] = [[]];
  let used = 0;
  for (const [column, width] of widths.entries()) {
    const line = lines.at(-1) as number[];
    if (line.length > 0 && used + GAP.length + width > columns) {
      lines.push([column]);
      used = GAP.length + width;
      continue;
    }
    used += (line.length > 0 ? GAP.length : 0) + width;
    line.push(column);
  }
  return lines;
}

const inOneLine = (cell: string): string => legibleInTerminal(cell).replaceAll(/\s*[\n\t]\s*/g, ' ');

const padded = (cell: string, width: number): string =>
  cell + ' '.repeat(Math.max(0, width - stringWidth(cell)));
