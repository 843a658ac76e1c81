import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  DiskFailed,
  readJsonFile,
  removeUnfinished,
  setAside,
  writeDurably,
} from '../../host/durable-file.ts';
import { makeFolder } from '../../host/folder.ts';

/** Records of one kind, each a JSON file named after it. */
export class Records<Entry extends object> {
  readonly #folder: string;
  readonly #say: (line: string) => void;

  constructor(folder: string, say: (line: string) => void) {
    this.#folder = folder;
    this.#say = say;
    makeFolder(folder);
    removeUnfinished(folder);
  }

  /** Moves incomplete records aside. */
  all(): [string, Entry][] {
    const files = readdirSync(this.#folder).filter((file) => file.endsWith('.json'));
    return files.flatMap((file) => {
      const name = file.slice(0, -'.json'.length);
      const record = this.find(name);
      if (record) return [[name, record] as [string, Entry]];
      const damaged = join(this.#folder, '..', 'damaged', basename(this.#folder), file);
      setAside(join(this.#folder, file), damaged);
      this.#say(`SageMaker: ${join(this.#folder, file)} is not whole; moved to ${damaged}`);
      return [];
    });
  }

  find(name: string): Entry | null {
    const record = readJsonFile<Entry>(this.#file(name));
    return typeof record === 'object' && !Array.isArray(record) ? record : null;
  }

  /** @throws DiskFailed; then the record is unchanged */
  write(name: string, record: Entry): void {
    writeDurably(this.#file(name), JSON.stringify(record));
  }

  /** Like `write`, for a job that continues even if the disk refuses it; its next change is written completely. */
  keep(name: string, record: Entry): void {
    try {
      this.write(name, record);
    } catch (error) {
      if (!(error instanceof DiskFailed)) throw error;
      this.#say(`SageMaker: ${error.message}`);
    }
  }

  remove(name: string): void {
    rmSync(this.#file(name));
  }

  /** Names come from outside; those with other characters do not exist. */
  #file(name: string): string {
    return join(this.#folder, `${name.replaceAll(/[^a-zA-Z0-9-]/g, '_')}.json`);
  }
}
