import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { legibleInTerminal } from '../shared/formats/legible-text.ts';
import { withOpenAddresses } from '../shared/formats/open-addresses.ts';

/** Prints a text for people, with lines that fit the terminal. */
export const printText = (text: string): void => console.log(fitLines(text, process.stdout.columns));

/** The same on standard error, for what is not the command's result. */
export const printRemark = (text: string): void => console.error(fitLines(text, process.stderr.columns));

/** Prints facts for programs, whole, whatever the terminal; addresses lead where the objects are. */
export const printJson = (facts: unknown): void =>
  console.log(withOpenAddresses(JSON.stringify(facts, null, 2), process.env.AWS_ENDPOINT_URL_S3));

/** Of the terminal that shows what is printed; undefined where there is none, or one that is too narrow for anything. */
export const terminalColumns = (): number | undefined =>
  process.stdout.columns >= MIN_COLUMNS ? process.stdout.columns : undefined;

/** A label and what follows it, such as “Photos    878 scored”: what is continued below it is set in as far. */
const LABEL = /^\s*\S+(?: \S+)* {2,}(?=\S)/;
const MIN_COLUMNS = 20;
/** A command with its arguments is one word: what is broken into two lines cannot be copied. */
const WORD =
  /( *)(\.\/fpe [a-z]+(?: (?:report|input|dataset|predictions|table|env|status|stop)\b)?(?: --[a-z-]+(?: (?!-)[^ ]+)?| [^ ]*[\d_/{'"A-Z-][^ ]*)*[^ ]*|[^ ]+)/g;

/**
 * Breaks lines that are too long, only at spaces: a word that is longer than the terminal is wide, such as an address or a command,
 * stays whole. Names in it turn, hide and color nothing else.
 *
 * @param columns of the terminal; undefined where there is none
 */
export const fitLines = (text: string, columns: number | undefined): string =>
  columns === undefined || columns < MIN_COLUMNS
    ? legibleInTerminal(text)
    : legibleInTerminal(text)
        .split('\n')
        .map((line) => fitLine(line, columns))
        .join('\n');

/** The same of a help text: paragraphs are written with lines of their own, which a narrower terminal joins before it breaks them. */
export const fitHelp = (text: string, columns: number | undefined): string =>
  columns === undefined
    ? text
    : fitLines(
        text.replaceAll(/^\S.*(?:\n\S.*)+$/gm, (paragraph) =>
          paragraph.split('\n').some((line) => stringWidth(line) > columns)
            ? paragraph.replaceAll('\n', ' ')
            : paragraph,
        ),
        columns,
      );

function fitLine(line: string, columns: number): string {
  if (stringWidth(line) <= columns) return line;
  const indent = ' '.repeat(indentOf(line, columns));
  const lines: string[] = [];
  let current = '';
  for (const [, spaces = '', word = ''] of line.matchAll(WORD)) {
    const isFirst = current.trim() === '';
    if (isFirst || stringWidth(current + spaces + word) <= columns) current += spaces + word;
    else {
      lines.push(current);
      current = indent + word;
    }
  }
  return [...lines, current].join('\n');
}

function indentOf(line: string, columns: number): number {
  const plain = stripVTControlCharacters(line);
  const label = stringWidth(LABEL.exec(plain)?.[0] ?? '');
  const own = /^ */.exec(plain)?.[0].length ?? 0;
  return label > 0 && label <= columns / 2 ? label : Math.min(own + 2, columns / 2);
}
