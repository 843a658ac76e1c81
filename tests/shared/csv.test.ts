import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import {
  formatCsv,
  numberCell,
  optionalNumberCell,
  optionalTextCell,
  parseCsv,
  readCsv,
  textCell,
} from '../../shared/csv.ts';
import { FileInvalid } from '../../shared/errors.ts';

const row = z.object({ name: textCell, value: optionalNumberCell });

describe('reading', () => {
  test('takes empty cells and NA for missing (Q-I11)', () => {
    const rows = parseCsv('name,value\na,1.5\nb,\nc,NA\n', row, 'test');

    expect(rows).toEqual([
      { name: 'a', value: 1.5 },
      { name: 'b', value: null },
      { name: 'c', value: null },
    ]);
  });

  test.each([
    ['a cell too many', 'name,value\na,1\nb,2,3\n', 'data row 2). Found: 3 cells under 2 columns'],
    ['a word for a number', 'name,value\na,much\n', 'data row 1). Found: value: "much" is not a number'],
    ['no name', 'name,value\n,1\n', 'data row 1). Found: name'],
  ])('names the row with %s', (_, text, found) => {
    const read = () => parseCsv(text, row, 's3://bucket/file.csv');

    expect(read).toThrow(FileInvalid);
    expect(read).toThrow(found);
    expect(read).toThrow('s3://bucket/file.csv');
  });
});

test('what is written is read again, as a whole or piece by piece, with NA or nothing for missing', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r', ' ', '|') });
  const cells = fc.record({
    text: fc.option(text.filter((value) => value !== '' && value !== 'NA')),
    number: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    id: fc.integer(),
  });
  const schema = z.object({ text: optionalTextCell, number: optionalNumberCell, id: numberCell });
  async function* pieces(bytes: Uint8Array, size: number) {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(cells, { minLength: 1 }),
      fc.constantFrom('' as const, 'NA' as const),
      fc.integer({ min: 1, max: 50 }),
      async (rows, missing, size) => {
        const file = formatCsv(['text', 'number', 'id'], rows, missing);

        const whole = parseCsv(file, schema, 'test');
        const parts = (
          await Array.fromAsync(readCsv(pieces(Buffer.from(file), size), schema, 'test'))
        ).flat();

        // −0 is written as 0.
        expect(whole).toEqual(
          rows.map((cell) => ({ ...cell, number: cell.number === null ? null : cell.number + 0 })),
        );
        expect(parts).toEqual(whole);
      },
    ),
  );
});
