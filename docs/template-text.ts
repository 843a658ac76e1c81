/** Stage whose template the pages are made of. */
export const EXAMPLE_STAGE = 'example';

/** Names of that stage as what they stand for in any. */
export const generic = (text: string): string =>
  text
    .replaceAll(`fpe-${EXAMPLE_STAGE}`, '{app}-{stage}')
    .replaceAll('usgs-chs-conte-prod-fpe-storage', '{storageBucket}')
    .replaceAll('usgs-chs-conte-prod-fpe-models', '{modelBucket}')
    .replaceAll('fpe-prod-db-secret', '{dbSecret}');

/** Rows as a table of Markdown. */
export function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
