/** Writes the JSON Schema of each machine's input from its zod schema: `npm run schema`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { MACHINE_INPUTS, type MachineKind } from '../shared/inputs/machines.ts';

export const schemaFile = (kind: MachineKind): string => join(import.meta.dirname, `${kind}.schema.json`);

/** JSON Schema (draft 2020-12) of what users may write: parameters with defaults are optional, and unknown names are refused. */
export function inputSchema(kind: MachineKind): string {
  const schema = z.toJSONSchema(MACHINE_INPUTS[kind].schema, { io: 'input', target: 'draft-2020-12' });
  const { $schema, properties, ...rest } = schema;
  // Which schema an editor checks a file with, the file says itself.
  const named = {
    $schema: { type: 'string', description: 'address of this schema, for editors' },
    ...properties,
  };
  return `${JSON.stringify({ $schema, title: `Input of ${kind}`, ...rest, properties: named }, null, 2)}\n`;
}

if (import.meta.main)
  for (const kind of Object.keys(MACHINE_INPUTS) as MachineKind[]) {
    const text = inputSchema(kind);
    const file = schemaFile(kind);
    const isFresh = readFileSync(file, { encoding: 'utf8', flag: 'a+' }) === text;
    if (!isFresh) writeFileSync(file, text);
    console.log(`events/${basename(file)} ${isFresh ? 'was up to date' : 'is written'}`);
  }
