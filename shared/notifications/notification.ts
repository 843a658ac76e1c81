import { legibleText } from '../formats/legible-text.ts';
import { shorten } from '../formats/shortened-text.ts';

/** What people get by e-mail, as SNS takes it. */
export type Notification = { subject: string; message: string };

/** SNS takes subjects of fewer than 100 characters, and 256 KiB of a message in UTF-8 (SNS API, Publish). */
const MAX_SUBJECT_CHARACTERS = 99;
const MAX_MESSAGE_CHARACTERS = 60_000;
const NOTHING_TO_SAY = 'FPE';

/** Letters that Unicode does not take apart, and the signs that our texts use. */
const ASCII: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  Æ: 'AE',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
  '–': '-',
  '—': '-',
  '“': '"',
  '”': '"',
  '‘': "'",
  '’': "'",
};

/** What a Python object without a text of its own is called by: another address in every process. */
const MEMORY_ADDRESS = / at 0x[0-9a-f]{6,}\b/gi;

/** The one way to a notification, from any texts: SNS would refuse others, and nobody would hear of it. */
export const notificationOf = (subject: string, message: string): Notification => ({
  subject: subjectOf(subject),
  message: shorten(legibleText(message), MAX_MESSAGE_CHARACTERS) || NOTHING_TO_SAY,
});

/**
 * Subject of a message through SNS, from any text: ASCII without control characters, begun by a letter, a digit or a
 * punctuation mark, of fewer than 100 characters. Publish fails for others, and with it the state.
 */
export function subjectOf(text: string): string {
  const ascii = legibleText(text)
    .replaceAll(/[^\p{ASCII}]/gu, (character) => ASCII[character] ?? character)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\p{ASCII}]+/gu, '?')
    .replaceAll(/\s+/g, ' ')
    .replace(/^[ $+<=>^`|~]+/, '')
    .trimEnd();
  return ascii.length <= MAX_SUBJECT_CHARACTERS
    ? ascii || NOTHING_TO_SAY
    : `${ascii.slice(0, MAX_SUBJECT_CHARACTERS - 3).trimEnd()}...`;
}

/**
 * Any text as a part of one line, so that what a station is called, or a job says, cannot pass for another line.
 *
 * @param maxCharacters above which its end is left out
 */
export const lineOf = (text: string, maxCharacters: number): string =>
  // Again, as what isolates a name may have been cut off.
  legibleText(shorten(legibleText(text).replaceAll(/\s+/g, ' ').trim(), maxCharacters));

/** A fault's text without what differs each time, so that the same fault reads the same. */
export const withoutAddresses = (text: string): string => text.replaceAll(MEMORY_ADDRESS, '');
