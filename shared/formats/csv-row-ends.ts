const QUOTE = 0x22;
const LINE_FEED = 0x0a;

/**
 * Finds where the rows of a CSV end while its bytes pass by, without making text of them: a line feed within quotes does
 * not end a row (Q-I13). UTF-8 never has these two bytes within a character.
 */
export class CsvRowEnds {
  #isQuoted = false;
  #before = 0;

  /** Calls `onEnd` with the offset in the file just after each row that ends in this chunk. */
  read(chunk: Uint8Array, onEnd: (offset: number) => void): void {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === QUOTE) this.#isQuoted = !this.#isQuoted;
      else if (byte === LINE_FEED && !this.#isQuoted) onEnd(this.#before + at + 1);
    }
    this.#before += chunk.length;
  }
}
