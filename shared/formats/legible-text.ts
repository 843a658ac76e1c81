/**
 * Texts that people read, with names in them that others wrote: of stations, imagesets, files, annotators' notes. A name must change nothing
 * but its own letters, whether the text is shown as HTML, drawn, printed or sent: one control character can reverse the rest of a line, hide
 * it, or move the cursor of a terminal, and so can a Hebrew or Arabic name with the digits and brackets behind it.
 */

/** ESC [ … m and its like, which a terminal obeys. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what it is for
const TERMINAL_SEQUENCE = /\u001b\[[0-?]*[ -/]*[@-~]/g;
/** Those among them that we print: colors, bold, dim, italic and underlined, and their ends, one at a time as `styleText` writes them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what it is for
const STYLE = /(\u001b\[(?:[1-4]|2[2-4]|3[0-79]|9[0-7])m)/;
/** Control characters but tab and line feed, and those that only direct what stands beside them. */
const CONTROL = /[[\p{Cc}\p{Bidi_Control}]--[\t\n]]/gv;
const LINE_BREAK = /\r\n?|[\u0085\u2028\u2029]/g;

/** Letters that are written from right to left (ranges of Unicode's DerivedBidiClass.txt). */
const RIGHT_TO_LEFT =
  '\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefe\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}';
/** From the first to the last of such letters with their marks and joiners, and what stands between but letters of other scripts and line feeds. */
const RUN = new RegExp(
  `[${RIGHT_TO_LEFT}](?:[^\\p{L}\\n]*[${RIGHT_TO_LEFT}])*[\\p{M}\\u200c\\u200d\\ufe0f]*`,
  'gu',
);
/** FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (Unicode Standard Annex 9). */
const [ISOLATE, END] = ['\u2068', '\u2069'];

/** Any text, well formed, without controls but tabs and line feeds; what is written from right to left turns nothing around it. */
export const legibleText = (text: string): string =>
  withoutControls(text).replaceAll(RUN, `${ISOLATE}$&${END}`);

const withoutControls = (text: string): string =>
  text.toWellFormed().replaceAll(LINE_BREAK, '\n').replaceAll(TERMINAL_SEQUENCE, '').replaceAll(CONTROL, '');

/** The same for a terminal, which keeps colors. Nothing is isolated: a command or path has to be what was typed when it is copied. */
export const legibleInTerminal = (text: string): string =>
  text
    .split(STYLE)
    .map((part, place) => (place % 2 === 0 ? withoutControls(part) : part))
    .join('');
