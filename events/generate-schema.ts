/** Writes events/input.schema.json from the zod schema of the input: `npm run schema`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { runInput } from '../shared/run-input.ts';

export const SCHEMA_FILE = join(import.meta.dirname, 'input.schema.json');

/** JSON Schema (draft 2020-12) of what a user may write: defaults are optional, unknown names are refused. */
export function inputSchema(): string {
  const schema = z.toJSONSchema(runInput, { io: 'input', target: 'draft-2020-12' });
  const { $schema, ...rest } = schema;
  return `${JSON.stringify({ $schema, title: 'Input of train-station', ...rest }, null, 2)}\n`;
}

if (import.meta.main) {
  const text = inputSchema();
  const isFresh = readFileSync(SCHEMA_FILE, { encoding: 'utf8', flag: 'a+' }) === text;
  if (!isFresh) writeFileSync(SCHEMA_FILE, text);
  console.log(`events/input.schema.json ${isFresh ? 'was up to date' : 'is written'}`);
}
