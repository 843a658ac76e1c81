import { type FileHandle, open, stat } from 'node:fs/promises';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 64 * 1024;

/** Each call gives the lines that have been written since the last one. */
export type NewLines = (isLast: boolean) => AsyncGenerator<string>;

/**
 * Follows a log file that others write, and that is perhaps not there yet. A line that is not ended waits for its end, so that a
 * writer may pause anywhere, also within a character; the last call gives it as it is. After a file that has been moved away comes
 * what was written to it until then, and one that was emptied is read from its beginning.
 */
export function followFile(file: string): NewLines {
  let handle: FileHandle | null = null;
  let position = 0;
  let rest = Buffer.alloc(0);
  const close = async () => {
    await handle?.close();
    [handle, position] = [null, 0];
  };
  async function* takeLines(from: FileHandle) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await from.read(chunk, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      rest = bytes.subarray(end);
      if (end > 0) yield* linesOf(bytes.subarray(0, end - 1));
    }
  }
  function* takeRest() {
    if (rest.length > 0) yield* linesOf(rest);
    rest = Buffer.alloc(0);
  }
  return async function* (isLast) {
    if (handle !== null && (await handle.stat()).size < position) {
      yield* takeRest();
      position = 0;
    }
    if (handle !== null) yield* takeLines(handle);
    if (handle === null || !(await isSame(handle, file))) {
      const next = await openIfThere(file);
      if (next !== null) {
        yield* takeRest();
        await close();
        handle = next;
        yield* takeLines(next);
      }
    }
    if (!isLast) return;
    yield* takeRest();
    await close();
  };
}

/** A program may go back to the beginning of its line, to write it again. */
const linesOf = (bytes: Buffer): string[] =>
  bytes
    .toString('utf8')
    .split('\n')
    .flatMap((line) => line.replace(/\r+$/, '').split(/\r+/));

async function isSame(handle: FileHandle, file: string): Promise<boolean> {
  const [own, now] = await Promise.all([handle.stat(), stat(file).catch(ifMissing)]);
  return now !== null && own.ino === now.ino && own.dev === now.dev;
}

const openIfThere = (file: string): Promise<FileHandle | null> => open(file, 'r').catch(ifMissing);

function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
