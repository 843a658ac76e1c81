import { quoted } from './quoted.ts';

/** A command up to the next one in its line; those that name a folder already are left as they are. */
const COMMAND = /\.\/fpe (?!(?:(?!\.\/fpe )[^\n])*--folder)/g;
/** What programs read is left alone. */
const JSON_TEXT = /^\s*[[{]/;

/** The text with commands that find the local stack of another folder. */
export const withFolder = (text: string, folder: string): string =>
  JSON_TEXT.test(text) ? text : text.replaceAll(COMMAND, `./fpe --folder ${quoted(folder)} `);

/** From now on, commands that this process prints find the local stack of this folder: a hint that does not is worth nothing. */
export function nameFolder(folder: string): void {
  for (const name of ['log', 'error'] as const) {
    const print = console[name].bind(console);
    console[name] = (first: unknown, ...others: unknown[]) =>
      print(typeof first === 'string' ? withFolder(first, folder) : first, ...others);
  }
}
