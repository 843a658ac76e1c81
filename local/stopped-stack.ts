/** What a stack that has ended left in its folder, read without starting or changing anything. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonFile } from '../host/durable-file.ts';
import type { ObjectLocation } from '../shared/formats/object-location.ts';
import { ObjectFiles } from './object-files.ts';
import type { ExecutionRecord } from './step-functions/executions.ts';

/** Whether no stack has made a database for the folder yet. */
export const isNewFolder = (folder: string): boolean =>
  !['postgres', 'database.json'].some((name) => existsSync(join(folder, name)));

/** Executions of all machines, in no order. */
export function keptExecutions(folder: string): ExecutionRecord[] {
  const machines = foldersIn(join(folder, 'executions'));
  return machines.flatMap(foldersIn).flatMap((each) => {
    const record = readJsonFile<ExecutionRecord>(join(each, 'execution.json'));
    return record?.executionArn ? [record] : [];
  });
}

/** Null if the stack left no such object. */
export function keptObject(folder: string, { bucket, key }: ObjectLocation): Uint8Array | null {
  const objects = join(folder, 's3', 'objects');
  if (!existsSync(join(objects, 'buckets', bucket))) return null;
  try {
    return new ObjectFiles(objects, () => undefined).readBody(bucket, key);
  } catch {
    return null;
  }
}

const foldersIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(folder, name))
    : [];
