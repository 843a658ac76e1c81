import type { AnnotationRow } from './columns.ts';

/**
 * Annotation pairs for everyone to read: user ids become annotator-1, annotator-2, … in the order of the file; comments,
 * and the files that hold them, are left out (Q-P8).
 */
export function withoutPeople(rows: readonly AnnotationRow[]): AnnotationRow[] {
  const pseudonyms = new Map<string, string>();
  const pseudonymOf = (userId: string) => {
    const known = pseudonyms.get(userId) ?? `annotator-${pseudonyms.size + 1}`;
    pseudonyms.set(userId, known);
    return known;
  };
  return rows.map((row) => ({
    ...row,
    user_id: row.user_id === null ? null : pseudonymOf(row.user_id),
    comment: null,
    url: null,
  }));
}
