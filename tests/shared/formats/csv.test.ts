import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import * as z from 'zod';
import { FileInvalid } from '../../../shared/errors.ts';
import {
  formatCsv,
  isFormula,
  numberCell,
  optionalNumberCell,
  optionalTextCell,
  parseCsv,
  readCsv,
  textCell,
} from '../../../shared/formats/csv.ts';
import { sourcesWith } from '../../support/product-sources.ts';

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
    ['a word for a number', 'name,value\na,much\n', 'data row 1). Found: value: not a number'],
    ['no name', 'name,value\n,1\n', 'data row 1). Found: name'],
  ])('names the row with %s', (_, text, found) => {
    const read = () => parseCsv(text, row, 's3://bucket/file.csv');

    expect(read).toThrow(FileInvalid);
    expect(read).toThrow(found);
    expect(read).toThrow('s3://bucket/file.csv');
  });
});

test('what is written is read again, as a whole or piece by piece, with NA or nothing for missing', async () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r', ' ', '|', "'", '=', '-', '＝', '1'),
  });
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

describe('a spreadsheet', () => {
  const written = (cell: string) =>
    formatCsv(['name'], [{ name: cell }])
      .split('\n')
      .slice(1)
      .join('\n')
      .trimEnd();

  test.each([
    ['=HYPERLINK("http://x.org")', `"'=HYPERLINK(""http://x.org"")"`],
    ['+1+1', "'+1+1"],
    ['-', "'-"],
    ['@SUM(A1)', "'@SUM(A1)"],
    [' =1+1', "' =1+1"],
    ["'=1+1", "''=1+1"],
    ['"=1+1', `"'""=1+1"`],
    ['\t=1+1', "'\t=1+1"],
    ['\tMill Brook', "'\tMill Brook"],
    ['＝1+1', "'＝1+1"],
    ['＠x', "'＠x"],
    ['\ufeff=1+1', "'\ufeff=1+1"],
    ['\u200b=1+1', "'\u200b=1+1"],
    ['\u00ad=1+1', "'\u00ad=1+1"],
    ['\u202e=1+1', "'\u202e=1+1"],
    ['\u0000=1+1', "'\u0000=1+1"],
    ['﹦1+1', "'﹦1+1"],
    ['﹢1+1', "'﹢1+1"],
  ])('is not given %j to run', (cell, expected) => {
    expect(written(cell)).toBe(expected);
  });

  test.each([
    '-1.5',
    '+3',
    '-.5e-7',
    'a-b=c',
    "'Mill Brook'",
    '"Mill" Brook',
    'Mühlbach',
    '1+1',
    'imagesets/a/images/=b.jpg',
  ])('gets %s as it is', (cell) => {
    expect(Papa.parse<string[]>(formatCsv(['name'], [{ name: cell }])).data[1]).toEqual([cell]);
  });

  test('finds an apostrophe before every formula, whatever shows as nothing before its sign and in whatever width that is', () => {
    const points = Array.from({ length: 0x110000 }, (_, point) => point).filter(
      (point) => point < 0xd800 || point > 0xdfff,
    );
    const characters = points.map((point) => String.fromCodePoint(point));
    const signs = characters.filter((character) => /^[=+\-@]/.test(character.normalize('NFKC')));
    const unseen = characters.filter((character) => /^[\p{Cc}\p{Cf}\p{Z}\p{DI}]$/u.test(character));
    expect(signs.length).toBeGreaterThan(12);
    expect(signs.filter((sign) => !isFormula(`${sign}A1`))).toEqual([]);
    expect(unseen.filter((character) => !isFormula(`${character}=A1`))).toEqual([]);

    const before = fc.array(fc.constantFrom(...unseen, "'", '"'));
    fc.assert(
      fc.property(before, fc.constantFrom(...signs), fc.string(), (unseen, sign, rest) => {
        const text = `${unseen.join('')}${sign}x${rest}`;

        const file = formatCsv(['name'], [{ name: text }]);

        expect(Papa.parse<string[]>(file, { delimiter: ',' }).data[1]).toEqual([`'${text}`]);
        expect(parseCsv(file, z.object({ name: textCell }), 'test')).toEqual([{ name: text }]);
      }),
    );
  });

  test('finds no cell that begins as a formula, in whatever is written; numbers stay numbers', () => {
    const units = [
      '=',
      '+',
      '-',
      '@',
      '＝',
      '－',
      '\t',
      '\r',
      '\n',
      ' ',
      "'",
      '"',
      ',',
      '\ufeff',
      '1',
      '.',
      'e',
      'a',
    ];
    const cell = fc.oneof(
      fc.string({ unit: fc.constantFrom(...units) }),
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    );
    const rows = fc.array(fc.record({ first: cell, second: cell, third: cell }), { minLength: 1 });
    fc.assert(
      fc.property(rows, fc.constantFrom('' as const, 'NA' as const), (given, missing) => {
        const columns = ['first', 'second', 'third'] as const;
        const { data } = Papa.parse<string[]>(formatCsv(columns, given, missing).slice(0, -1), {
          delimiter: ',',
        });

        for (const found of data.flat())
          if (/^[\s'"]*[=+\-@＝＋－＠\t\r\n]/.test(found) && !found.startsWith("'"))
            expect(found.trim()).toMatch(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i);
        data.slice(1).forEach((line, index) => {
          columns.forEach((column, place) => {
            const value = given[index]?.[column];
            if (typeof value === 'number') expect(Number(line[place])).toBe(value + 0);
          });
        });
      }),
      { numRuns: 500 },
    );
  });

  test('is safe from every file, since one module alone writes them', () => {
    expect(sourcesWith(/Papa\.unparse/)).toEqual(['shared/formats/csv.ts']);
  });

  test('would take a key of a photo for a formula only where it begins like one', () => {
    expect(isFormula('imagesets/a/images/=1.jpg')).toBe(false);
    expect(isFormula('=1.jpg')).toBe(true);
  });
});
