const NAMES_SHOWN = 5;

/** The first of many names; terminal control characters are shown as their codes. */
export function enumerate(names: readonly string[], shown = NAMES_SHOWN): string {
  const first = names.slice(0, shown).map(printable).join(', ');
  return names.length <= shown ? first : `${first} and ${names.length - shown} more`;
}

const printable = (name: string): string =>
  name.replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
