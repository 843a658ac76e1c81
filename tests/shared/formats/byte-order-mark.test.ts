import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { readExecutionInput } from '../../../cli/execution-input.ts';
import { parseStationIds } from '../../../cli/stations-file.ts';
import { parseAnnotationFile } from '../../../shared/dataset/annotation-sessions.ts';
import { numberCell, parseCsv, readCsv } from '../../../shared/formats/csv.ts';
import { parseJson, parseJsonAs } from '../../../shared/formats/json.ts';
import { readRecord, readRecords } from '../../../shared/fpe-database/import/export-records.ts';

/** What Windows' editors, Excel and PowerShell begin a text with. */
const MARK = '\uFEFF';
const row = z.object({ a: numberCell });

function inFile<Result>(text: string, read: (file: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-mark-'));
  try {
    const file = join(folder, 'given');
    writeFileSync(file, text);
    return read(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function streamed(text: string) {
  async function* chunks() {
    for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
  }
  return (await Array.fromAsync(readCsv(chunks(), row, 'here'))).flat();
}

test.each<[string, string, (text: string) => unknown]>([
  ['JSON', '{"a": 1}', parseJson],
  ['JSON of a schema', '{"a": 1}', (text) => parseJsonAs(text, z.object({ a: z.number() }))],
  ['a CSV file', 'a\n1\n', (text) => parseCsv(text, row, 'here')],
  ['a CSV file that arrives byte by byte', 'a\n1\n', streamed],
  ['an annotation file', '[]', (text) => parseAnnotationFile(text, 'here')],
  ['a list of stations', '29\r\n41\r\n', (text) => parseStationIds(text, 'here')],
  ['an input', '{"station_id": 29}', (text) => inFile(text, (file) => readExecutionInput(file))],
  ['a row of an export', '{"uuid": "a"}', (text) => inFile(text, (file) => readRecord(file, 'bucket'))],
  ['rows of an export', '[{"id": 1}]', (text) => inFile(text, (file) => readRecords(file, 'bucket'))],
])('%s reads the same with a byte order mark before it', async (_, text, read) => {
  expect(await read(MARK + text)).toEqual(await read(text));
});
