import { distance } from 'fastest-levenshtein';

/**
 * What to ask about a name that nobody knows: “, did you mean n_epochs?”; empty if no name is like it.
 *
 * Alike are names with a few letters typed wrongly, or else those that share its words.
 */
export function suggestion(unknown: string, names: readonly string[]): string {
  const alike = nearest(unknown, names) ?? sharingWords(unknown, names);
  return alike.length === 0 ? '' : `, did you mean ${alike.join(' or ')}?`;
}

/** Null if it takes more than a quarter of the letters to get there. */
function nearest(unknown: string, names: readonly string[]): string[] | null {
  const far = (name: string) => distance(unknown.toLowerCase(), name.toLowerCase());
  const [closest] = [...names].sort((one, other) => far(one) - far(other));
  if (closest === undefined || far(closest) > Math.max(1, unknown.length / 4)) return null;
  return [closest];
}

function sharingWords(unknown: string, names: readonly string[]): string[] {
  const wordsOf = (name: string) => name.toLowerCase().split('_');
  const words = wordsOf(unknown);
  return names.filter((name) => {
    const others = wordsOf(name);
    return words.every((word) => others.includes(word)) || others.every((word) => words.includes(word));
  });
}
