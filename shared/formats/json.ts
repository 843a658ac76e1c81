import type * as z from 'zod';

/**
 * Text that is not JSON, or JSON that is not what is expected. The message is a phrase that says what is wrong and where,
 * and quotes nothing: errors go into logs, histories and e-mails, and the text may be a secret. There is no `cause` for the
 * same reason: V8's own error quotes the text (`Unexpected token 'h', "hunter2" is not valid JSON`).
 */
export class MalformedJson extends Error {
  override readonly name = 'MalformedJson';
}

const BYTE_ORDER_MARK = '\uFEFF';

/**
 * The one way to parse JSON that was not written by the same process (a test finds others). Windows' editors begin a file with
 * a byte order mark, which is no part of its JSON.
 *
 * @throws MalformedJson
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch (error) {
    throw new MalformedJson(describeFault(text, (error as Error).message));
  }
}

/** @throws MalformedJson also for JSON that does not fit the schema */
export function parseJsonAs<Value>(text: string, schema: z.ZodType<Value>): Value {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new MalformedJson(describeMismatch(parsed.error));
}

/**
 * What does not fit a schema: members by their path, what the schema expects of them, and of names that it does not know
 * only how many there are. (Keys of records are data and would be in a path: schemas of secrets have no records.)
 */
export function describeMismatch({ issues }: z.ZodError): string {
  return issues
    .map((issue) => {
      const message =
        issue.code === 'unrecognized_keys' ? `${issue.keys.length} unknown names` : issue.message;
      return [issue.path.join('.'), message].filter(Boolean).join(': ');
    })
    .join('; ');
}

/** Some messages of V8 end with the position in the text; only that number is used. */
const PLACE = /at position (\d+) \(line (\d+) column (\d+)\)$/;

function describeFault(text: string, message: string): string {
  if (text.trim() === '') return 'no text';
  const what = `text that is not JSON (${text.length} characters):`;
  const [, position, line, column] = PLACE.exec(message) ?? [];
  const known = encodingFault(text) ?? trailingComma(text);
  if (known !== null) return `${what} ${known}`;
  if (message === 'Unexpected end of JSON input' || Number(position) >= text.length)
    return `${what} it ends too early`;
  if (!BEGINNING.test(text)) return `${what} it does not begin with { or [`;
  return line ? `${what} see line ${line}, column ${column}` : `${what} it has a word that is no value`;
}

/** Of an object or a list. */
const BEGINNING = /^\uFEFF?\s*[[{]/;

/** What was read as UTF-8 and is none. */
function encodingFault(text: string): string | null {
  if (/^\uFFFD{2}.?\0|^.?\0.\0/su.test(text)) return 'it is in UTF-16; save it as UTF-8';
  return /[\0\uFFFD]/.test(text) ? 'it has bytes that are no text in UTF-8' : null;
}

function trailingComma(text: string): string | null {
  if (!BEGINNING.test(text)) return null;
  const withoutStrings = text.replaceAll(/"(?:[^"\\]|\\.)*"/gs, (string) => string.replaceAll(/[^\n]/g, '.'));
  const at = withoutStrings.search(/,\s*[\]}]/);
  if (at < 0) return null;
  const lines = text.slice(0, at).split('\n');
  return `nothing follows the comma in line ${lines.length}, column ${(lines.at(-1) as string).length + 1}`;
}
