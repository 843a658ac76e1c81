const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Of a text whose end is left out, so much is looked at beyond: a character of many code units, such as a family or a flag, is shorter. */
const LONGEST_CHARACTER = 64;

/**
 * A text without its end, which an ellipsis replaces, where it is too long. What people see as one character stays whole or goes: an
 * emoji of several, a letter with its accents, a flag.
 *
 * @param most code units of the result, as `length` counts them
 */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const found = CHARACTERS.segment(text.slice(0, end + LONGEST_CHARACTER)).containing(end);
  // A heap of accents on one letter has no other end.
  const whole = found && found.index > 0 ? found.index : end;
  return `${text.slice(0, whole).toWellFormed()}…`;
}
