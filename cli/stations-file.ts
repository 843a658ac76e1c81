import { shorten } from '../shared/formats/shortened-text.ts';
import { enumerate } from '../shared/fpe-database/import/enumerate.ts';
import { UsageError } from './usage-error.ts';

const [SHOWN_LINES, SHOWN_CHARACTERS] = [5, 40];

/**
 * Reads station ids in the format of upstream's scripts: one per line (contract 6.7). Blank lines and text after a # are ignored;
 * a station that is named twice counts once.
 *
 * @param where names the file in messages
 * @throws UsageError naming every line without a valid id
 */
export function parseStationIds(text: string, where: string): number[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const found = lines.map((line, index) => ({ line: index + 1, text: line.replace(/#.*/, '').trim() }));
  const wrong = found.filter(({ text }) => text !== '' && !/^[1-9]\d{0,9}$/.test(text));
  if (wrong.length > 0)
    throw new UsageError(
      `${where} has lines that are not station ids: ${enumerate(
        wrong.map(({ line, text }) => `line ${line} (${shorten(text, SHOWN_CHARACTERS)})`),
        SHOWN_LINES,
      )}. Expected: one number (stations.id) per line; # starts a comment.`,
    );
  const ids = found.filter(({ text }) => text !== '').map(({ text }) => Number(text));
  if (ids.length === 0) throw new UsageError(`${where} names no station. Expected: one id per line.`);
  return [...new Set(ids)];
}
