import { parseJson } from '../../formats/json.ts';

/**
 * Columns of numbers and texts with a JSON head, as one block of bytes: what a page carries and reads back in the browser.
 *
 * Layout: length of the head (32 bits), head (JSON), then each column at a multiple of eight bytes, all little-endian.
 */
export type NumberColumn =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Uint16Array
  | Int8Array
  | Uint8Array;
export type Column = NumberColumn | readonly string[];
export type Columns = Record<string, Column>;

const TYPES = {
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
} as const;
type TypeName = keyof typeof TYPES;
type Entry = { name: string; type: TypeName | 'texts'; length: number; start: number; bytes: number };
/** Cannot be part of an S3 key that a browser could ask for. */
const SEPARATOR = '\0';

/** @param head anything that JSON can hold */
export function packColumns(head: unknown, columns: Columns): Uint8Array<ArrayBuffer> {
  const entries: Entry[] = [];
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const [name, column] of Object.entries(columns)) {
    const part = Array.isArray(column)
      ? new TextEncoder().encode(column.join(SEPARATOR))
      : bytesOf(column as NumberColumn);
    const type = Array.isArray(column) ? 'texts' : typeOf(column as NumberColumn);
    entries.push({ name, type, length: column.length, start, bytes: part.length });
    parts.push(part);
    start += aligned(part.length);
  }
  const text = new TextEncoder().encode(JSON.stringify({ head, entries }));
  const origin = aligned(4 + text.length);
  const block = new Uint8Array(origin + start);
  new DataView(block.buffer).setUint32(0, text.length, true);
  block.set(text, 4);
  for (const [index, part] of parts.entries()) block.set(part, origin + (entries[index] as Entry).start);
  return block;
}

/** The other way round from `packColumns`. */
export function unpackColumns(block: Uint8Array<ArrayBuffer>): { head: unknown; columns: Columns } {
  const length = new DataView(block.buffer, block.byteOffset).getUint32(0, true);
  const { head, entries } = parseJson(new TextDecoder().decode(block.subarray(4, 4 + length))) as {
    head: unknown;
    entries: Entry[];
  };
  const origin = aligned(4 + length);
  const columns = entries.map(({ name, type, length, start, bytes }): [string, Column] => {
    const part = block.slice(origin + start, origin + start + bytes);
    if (type !== 'texts') return [name, new TYPES[type](part.buffer)];
    return [name, length === 0 ? [] : new TextDecoder().decode(part).split(SEPARATOR)];
  });
  return { head, columns: Object.fromEntries(columns) };
}

/** The same numbers in half the bytes where that loses nothing, as with scores, which PyTorch computes in 32 bits. */
export function narrowed(numbers: Float64Array): Float64Array | Float32Array {
  return numbers.every((number) => Object.is(Math.fround(number), number))
    ? Float32Array.from(numbers)
    : numbers;
}

/**
 * Differences of instants in whole seconds: regular steps, which compress to next to nothing. A clock that is wrong by more than
 * the 68 years of 32 bits makes them wider.
 */
export function secondSteps(instants: Float64Array): Int32Array | Float64Array {
  let before = 0;
  const steps = Float64Array.from(instants, (instant) => {
    const seconds = Math.round(instant / 1000);
    const step = seconds - before;
    before = seconds;
    return step;
  });
  const narrow = Int32Array.from(steps);
  return steps.every((step, index) => narrow[index] === step) ? narrow : steps;
}

/** The other way round from `secondSteps`, milliseconds. */
export function sumSeconds(steps: Int32Array | Float64Array): Float64Array {
  let seconds = 0;
  return Float64Array.from(steps, (step) => {
    seconds += step;
    return seconds * 1000;
  });
}

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

const bytesOf = (column: NumberColumn): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

const typeOf = (column: NumberColumn): TypeName =>
  (Object.keys(TYPES) as TypeName[]).find((name) => column instanceof TYPES[name]) as TypeName;
