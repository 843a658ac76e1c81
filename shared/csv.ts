import Papa from 'papaparse';
import { z } from 'zod';
import { FileInvalid } from './errors.ts';

/**
 * CSV as the pipeline's files use it: UTF-8, comma, LF, header, quotes only when needed, missing is empty; readers take
 * `NA` for missing as well (contract section 5, Q-I11).
 */
export type Cell = string | number | bigint | boolean | null | undefined;

/** One header line, with its line feed. */
export const csvHeader = (columns: readonly string[]): string =>
  `${Papa.unparse([columns as string[]], { newline: '\n' })}\n`;

/** Rows as text without a header, each ended by a line feed; cells in the order of `columns`. */
export function csvRows<Row extends Record<string, Cell>>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => columns.map((column) => formatCell(row[column])));
  return `${Papa.unparse(cells, { newline: '\n' })}\n`;
}

/** A whole file. */
export const formatCsv = <Row extends Record<string, Cell>>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string => csvHeader(columns) + csvRows(columns, rows);

/** Booleans as R writes them; NaN and null are missing. */
function formatCell(cell: Cell): string {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return '';
  if (typeof cell === 'boolean') return cell ? 'TRUE' : 'FALSE';
  return String(cell);
}

/**
 * Parses a file with a header into rows checked by `row`; all cells reach the schema as text, missing ones as null.
 *
 * @param where names the file in errors, e.g. its S3 URI
 * @throws FileInvalid with the line and the first fault
 */
export function parseCsv<Row>(
  text: string,
  row: z.ZodType<Row, Record<string, string | null>>,
  where: string,
): Row[] {
  const { data, errors } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true });
  const fault = errors.find((error) => error.code !== 'UndetectableDelimiter');
  if (fault) throw invalid(where, fault.row ?? 0, fault.message);
  return data.map((cells, index) => {
    const parsed = row.safeParse(
      Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, missingAsNull(cell)])),
    );
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw invalid(where, index, `${issue?.path.join('.')}: ${issue?.message}`);
  });
}

const missingAsNull = (cell: string): string | null => (cell === '' || cell === 'NA' ? null : cell);

const invalid = (where: string, row: number, found: string): FileInvalid =>
  new FileInvalid({
    what: 'A CSV file cannot be read',
    where: `${where}, data row ${row + 1}`,
    found,
    expected: 'the columns and types that the step before writes',
    fix: 'redrive the execution, or start a new one, so that the file is written again',
  });

/** Schemas of cells; every cell reaches them as text or null. */
const number = (text: string, context: z.RefinementCtx): number => {
  const value = Number(text);
  if (Number.isNaN(value))
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not a number` });
  return value;
};
export const textCell = z.string();
export const optionalTextCell = z.string().nullable();
export const numberCell = z.string().transform(number);
export const optionalNumberCell = z
  .string()
  .nullable()
  .transform((text, context) => (text === null ? null : number(text, context)));
/** An ISO 8601 instant as milliseconds since 1970. */
export const instantCell = z.string().transform((text, context) => {
  const epochMs = Date.parse(text);
  if (Number.isNaN(epochMs))
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not an instant` });
  return epochMs;
});
export const optionalInstantCell = z
  .string()
  .nullable()
  .transform((text) => (text === null ? null : Date.parse(text)));
