import Papa from 'papaparse';
import * as z from 'zod';
import { FileInvalid } from '../errors.ts';

/**
 * CSV as the pipeline's files use it: UTF-8, comma, LF, header, quotes only when needed, missing is empty; readers take
 * `NA` for missing as well (contract section 5, Q-I11). People open these files in spreadsheets, so a text that would run
 * there as a formula gets an apostrophe before it, which our readers take off again.
 */
export type Cell = string | number | bigint | boolean | null | undefined;

/** One header line, with its line feed. */
export const csvHeader = (columns: readonly string[]): string =>
  `${Papa.unparse([columns as string[]], { newline: '\n' })}\n`;

/** How a missing cell is written: `NA` in the files of the input step, empty everywhere else. */
export type Missing = '' | 'NA';

/** Rows as text without a header, each ended by a line feed; cells in the order of `columns`. */
export function csvRows<Row extends Record<string, Cell>>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
  missing: Missing = '',
): string {
  return rows
    .map((row) => `${columns.map((column) => formatCell(row[column]) || missing).join(',')}\n`)
    .join('');
}

/** Rows formatted at a time by `csvPieces`. */
const ROWS_PER_PIECE = 10_000;

/**
 * A whole file piece by piece, so that its text is never there at once.
 *
 * @param lineOf makes the line of a row, when its turn comes
 */
export function* csvPieces<Row, Line extends Record<string, Cell>>(
  columns: readonly (keyof Line & string)[],
  rows: Iterable<Row>,
  lineOf: (row: Row) => Line,
  missing: Missing = '',
): Generator<string> {
  yield csvHeader(columns);
  let lines: Line[] = [];
  for (const row of rows) {
    lines.push(lineOf(row));
    if (lines.length < ROWS_PER_PIECE) continue;
    yield csvRows(columns, lines, missing);
    lines = [];
  }
  if (lines.length > 0) yield csvRows(columns, lines, missing);
}

/** A whole file. */
export const formatCsv = <Row extends Record<string, Cell>>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
  missing: Missing = '',
): string => csvHeader(columns) + csvRows(columns, rows, missing);

/** Hardly any cell needs quotes, and it would take seconds to have Papa Parse check each of ten million cells. */
const MAY_NEED_QUOTES = /[",\r\n]|^[\s\ufeff]|\s$/;

/** Booleans are written as by R; null, NaN and infinite numbers are written as missing. */
function formatCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number' && !Number.isFinite(cell)) return '';
  if (typeof cell === 'boolean') return cell ? 'TRUE' : 'FALSE';
  if (typeof cell !== 'string') return String(cell);
  const text = isFormula(cell) ? `'${cell}` : cell;
  return MAY_NEED_QUOTES.test(text) ? Papa.unparse([[text]]) : text;
}

/** Full-width, small, superscript and subscript forms that NFKC, as a spreadsheet may apply it, turns into = + - or @. */
const LIKE_AN_OPERATOR =
  '\\uff1d\\ufe66\\u207c\\u208c\\u2a75\\u2a76\\uff0b\\ufe62\\u207a\\u208a\\ufb29\\uff0d\\ufe63\\uff20\\ufe6b';
/**
 * A spreadsheet runs a text that begins with = + - @, also behind a tab or a line break; some pass over spaces, quotes and
 * whatever shows as nothing before it: controls, formats, joiners (OWASP, "CSV Injection").
 */
const FORMULA = new RegExp(
  `^[\\p{C}\\p{Z}\\p{Default_Ignorable_Code_Point}'"]*[=+\\-@${LIKE_AN_OPERATOR}\\t\\r\\n]`,
  'u',
);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const LETTER_OR_DIGIT = /^[0-9A-Za-z]/;

/** Whether a spreadsheet could take a text, but not a number, for a formula. Such a text is written with an apostrophe before it. */
export const isFormula = (text: string): boolean =>
  !LETTER_OR_DIGIT.test(text) && FORMULA.test(text) && !NUMBER.test(text);

/** The text as it was before it was written. */
const withoutApostrophe = (cell: string): string =>
  cell.startsWith("'") && isFormula(cell.slice(1)) ? cell.slice(1) : cell;

/** Schema of a row: of its cells, by column. A column that a file may lack is optional. */
export type RowSchema<Row> = z.ZodType<Row, Record<string, string | null | undefined>>;

/**
 * Parses a file with a header into rows checked by `row`; all cells reach the schema as text, missing ones as null.
 *
 * @param where names the file in errors, e.g. its S3 URI
 * @throws FileInvalid with the line and the first fault
 */
export function parseCsv<Row>(text: string, row: RowSchema<Row>, where: string): Row[] {
  const lines = parseLines(text, where, 0);
  const columns = lines.shift() ?? [];
  return parseRows(lines, columns, row, where, 0);
}

/**
 * Parses a file as it arrives, in batches of rows: memory does not grow with the file. Otherwise as `parseCsv`.
 *
 * @param chunks of UTF-8, cut anywhere
 * @throws FileInvalid with the line and the first fault
 */
export async function* readCsv<Row>(
  chunks: AsyncIterable<Uint8Array>,
  row: RowSchema<Row>,
  where: string,
): AsyncGenerator<Row[]> {
  let columns: string[] | undefined;
  let rowsBefore = 0;
  for await (const text of completeLines(chunks)) {
    const lines = parseLines(text, where, rowsBefore);
    columns ??= lines.shift() ?? [];
    yield parseRows(lines, columns, row, where, rowsBefore);
    rowsBefore += lines.length;
  }
}

function parseLines(text: string, where: string, rowsBefore: number): string[][] {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter: ',', skipEmptyLines: true });
  const [fault] = errors;
  if (fault) throw invalid(where, rowsBefore + (fault.row ?? 0), fault.message);
  return data;
}

function parseRows<Row>(
  lines: string[][],
  columns: string[],
  row: RowSchema<Row>,
  where: string,
  rowsBefore: number,
): Row[] {
  return lines.map((line, index) => {
    if (line.length !== columns.length)
      throw invalid(where, rowsBefore + index, `${line.length} cells under ${columns.length} columns`);
    const cells: Record<string, string | null> = {};
    for (let column = 0; column < line.length; column++)
      cells[columns[column] as string] = cellText(line[column] as string);
    const parsed = row.safeParse(cells);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw invalid(where, rowsBefore + index, `${issue?.path.join('.')}: ${issue?.message}`);
  });
}

/** Characters that are parsed at a time. */
const BATCH_CHARACTERS = 2 ** 20;

/** The same text in pieces that each end with a line. */
async function* completeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length < BATCH_CHARACTERS) continue;
    const length = completeLength(text);
    if (length > 0) yield text.slice(0, length);
    text = text.slice(length);
  }
  text += decoder.decode();
  if (text !== '') yield text;
}

/** The text up to its last line feed outside quotes: one with an even number of quotes before it, as quotes within are doubled. */
function completeLength(text: string): number {
  if (!text.includes('"')) return text.lastIndexOf('\n') + 1;
  let length = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 34) isQuoted = !isQuoted;
    else if (character === 10 && !isQuoted) length = at + 1;
  }
  return length;
}

const cellText = (cell: string): string | null =>
  cell === '' || cell === 'NA' ? null : withoutApostrophe(cell);

const invalid = (where: string, row: number, found: string): FileInvalid =>
  new FileInvalid({
    what: 'A CSV file cannot be read',
    where: `${where}, data row ${row + 1}`,
    found,
    expected: 'the columns and types that the step before writes',
    fix: 'have the file rewritten: by a new execution if it belongs to this pipeline, otherwise by whatever wrote it',
  });

function number(text: string, context: z.RefinementCtx): number {
  const value = Number(text);
  // Number() would read white space as 0.
  if (!Number.isFinite(value) || (value === 0 && text.trim() === '')) fault(context, 'not a number');
  return value;
}

const BEGINS_WITH_YEAR = /^\d{4}-/;
/** Which Date.parse passes over. */
const MICROSECONDS = /\.\d{3}(\d{3})/;

function instant(text: string, context: z.RefinementCtx): number {
  // Date.parse takes even `Mill Brook 5` for a date.
  const epochMs = BEGINS_WITH_YEAR.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(epochMs)) fault(context, 'not an instant');
  return epochMs + Number(MICROSECONDS.exec(text)?.[1] ?? 0) / 1000;
}

const fault = (context: z.RefinementCtx, message: string) => context.addIssue({ code: 'custom', message });

/** Ids of the database are int4. */
export const MAX_ID = 2 ** 31 - 1;

// Schemas of cells; every cell reaches them as text or null.
export const textCell = z.string();
export const optionalTextCell = z.string().nullable();
export const numberCell = z.string().transform(number);
export const optionalNumberCell = z
  .string()
  .nullable()
  .transform((text, context) => (text === null ? null : number(text, context)));
/** Id of a photo, null where the file has none. */
export const optionalIdCell = optionalNumberCell.refine(
  (id) => id === null || (Number.isInteger(id) && id >= 0 && id <= MAX_ID),
  'not an id',
);
/** An ISO 8601 instant as milliseconds since 1970, to the microsecond. */
export const instantCell = z.string().transform(instant);
export const optionalInstantCell = z
  .string()
  .nullable()
  .transform((text, context) => (text === null ? null : instant(text, context)));
