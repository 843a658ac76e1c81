/**
 * Unpacks what gzip packed (RFC 1952, RFC 1951), at once: the browser's own DecompressionStream answers later, when a page that
 * is printed as soon as it is loaded (`chromium --print-to-pdf`) is on paper already, without its charts.
 *
 * @param packed of one member without extra fields, as Node's zlib writes it
 * @throws RangeError when it is not, or is cut off
 */
export function gunzip(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  const [HEAD, TAIL] = [10, 8];
  if (packed.length < HEAD + TAIL || packed[0] !== 0x1f || packed[1] !== 0x8b || packed[3] !== 0)
    throw new RangeError('The data of the page are no plain gzip');
  const bytes = packed.length;
  const size = new DataView(packed.buffer, packed.byteOffset, bytes).getUint32(bytes - 4, true);
  const out = new Uint8Array(size);
  const bits = new Bits(packed, HEAD);
  let [at, isLast] = [0, false];
  while (!isLast) {
    isLast = bits.take(1) === 1;
    const kind = bits.take(2);
    if (kind === 0) at = copyStored(bits, out, at);
    else if (kind === 1) at = inflate(bits, FIXED_LITERALS, FIXED_DISTANCES, out, at);
    else at = inflate(bits, ...readCodes(bits), out, at);
  }
  if (at !== size) throw new RangeError(`The data of the page end after ${at} of ${size} bytes`);
  return out;
}

/** Bits of bytes, the lowest first. */
class Bits {
  readonly bytes: Uint8Array;
  at: number;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  take(count: number): number {
    while (this.#count < count) {
      if (this.at >= this.bytes.length) throw new RangeError('The data of the page are cut off');
      this.#held |= (this.bytes[this.at++] as number) << this.#count;
      this.#count += 8;
    }
    const taken = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#count -= count;
    return taken;
  }

  /** Leaves the rest of a byte. */
  align(): void {
    this.#held = 0;
    this.#count = 0;
  }
}

/** A Huffman code: how many symbols have each length, and the symbols in the order of their codes. */
type Code = { counts: Uint16Array; symbols: Uint16Array };

const LONGEST = 15;

function codeOf(lengths: readonly number[]): Code {
  const counts = new Uint16Array(LONGEST + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  const next = new Uint16Array(LONGEST + 2);
  for (let length = 1; length <= LONGEST; length++)
    next[length + 1] = (next[length] as number) + (counts[length] as number);
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    symbols[next[length] as number] = symbol;
    next[length] = (next[length] as number) + 1;
  }
  return { counts, symbols };
}

/** Codes of one length are numbers in a row, so a code is found by comparing it with the first one of each length. */
function decode(bits: Bits, { counts, symbols }: Code): number {
  let [code, first, index] = [0, 0, 0];
  for (let length = 1; length <= LONGEST; length++) {
    code |= bits.take(1);
    const count = counts[length] as number;
    if (code - first < count) return symbols[index + code - first] as number;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw new RangeError('The data of the page have a code that does not exist');
}

/** Lengths 3 … 258 and distances 1 … 32768 of repetitions: first of each symbol, and how many bits tell which of them. */
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BITS = Array.from({ length: 30 }, (_, symbol) => Math.max(0, (symbol >> 1) - 1));
const LENGTHS = [...firsts(LENGTH_BITS, 3).slice(0, -1), 258];
const DISTANCES = firsts(DISTANCE_BITS, 1);

function firsts(bits: readonly number[], from: number): number[] {
  let first = from;
  return bits.map((count) => {
    const here = first;
    first += 1 << count;
    return here;
  });
}

const FIXED_LITERALS = codeOf([
  ...Array<number>(144).fill(8),
  ...Array<number>(112).fill(9),
  ...Array<number>(24).fill(7),
  ...Array<number>(8).fill(8),
]);
const FIXED_DISTANCES = codeOf(Array<number>(30).fill(5));

const END = 256;

/** @returns where the next byte goes */
function inflate(bits: Bits, literals: Code, distances: Code, out: Uint8Array, start: number): number {
  let at = start;
  for (let symbol = decode(bits, literals); symbol !== END; symbol = decode(bits, literals)) {
    if (symbol < END) {
      out[at++] = symbol;
      continue;
    }
    const kind = symbol - END - 1;
    const length = (LENGTHS[kind] as number) + bits.take(LENGTH_BITS[kind] as number);
    const far = decode(bits, distances);
    const distance = (DISTANCES[far] as number) + bits.take(DISTANCE_BITS[far] as number);
    // Byte by byte, as a repetition may reach into itself.
    for (let end = at + length; at < end; at++) out[at] = out[at - distance] as number;
  }
  return at;
}

function copyStored(bits: Bits, out: Uint8Array, at: number): number {
  bits.align();
  const { bytes } = bits;
  const length = (bytes[bits.at] as number) | ((bytes[bits.at + 1] as number) << 8);
  const start = bits.at + 4;
  out.set(bytes.subarray(start, start + length), at);
  bits.at = start + length;
  return at + length;
}

/** In which order the lengths of the code of code lengths come. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function readCodes(bits: Bits): [literals: Code, distances: Code] {
  const [literals, distances, count] = [bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4];
  const ofLengths = Array<number>(ORDER.length).fill(0);
  for (const symbol of ORDER.slice(0, count)) ofLengths[symbol] = bits.take(3);
  const code = codeOf(ofLengths);
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = decode(bits, code);
    if (symbol < 16) lengths.push(symbol);
    else if (symbol === 16) repeat(lengths, lengths.at(-1) ?? 0, 3 + bits.take(2));
    else repeat(lengths, 0, symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7));
  }
  return [codeOf(lengths.slice(0, literals)), codeOf(lengths.slice(literals))];
}

function repeat(lengths: number[], length: number, times: number): void {
  for (let time = 0; time < times; time++) lengths.push(length);
}
