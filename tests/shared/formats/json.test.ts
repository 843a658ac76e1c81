import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import * as z from 'zod';
import { MalformedJson, parseJson, parseJsonAs } from '../../../shared/formats/json.ts';
import { piecesOf } from '../../secrets/pieces.ts';
import { productSources, sourcesWith } from '../../support/product-sources.ts';

function faultOf(work: () => unknown): MalformedJson {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedJson);
    return error as MalformedJson;
  }
  throw new Error('It was parsed');
}

describe('text that is not JSON', () => {
  test.each([
    ['', 'no text'],
    [' \n', 'no text'],
    ['{"a": 1', 'text that is not JSON (7 characters): it ends too early'],
    ['{"a": "1', 'text that is not JSON (8 characters): it ends too early'],
    ['{"a": 1,\n b: 2}', 'text that is not JSON (15 characters): see line 2, column 2'],
    ['{"a": hunter2}', 'text that is not JSON (14 characters): it has a word that is no value'],
    ['hunter2', 'text that is not JSON (7 characters): it does not begin with { or ['],
    ['# A title\n\nA text, [1,]', 'text that is not JSON (23 characters): it does not begin with { or ['],
    ['[1,]', 'text that is not JSON (4 characters): nothing follows the comma in line 1, column 3'],
    [
      '{"a": ",]\\"",\n "b": 2,\n}',
      'text that is not JSON (24 characters): nothing follows the comma in line 2, column 8',
    ],
    ['{"a": ",}", b}', 'text that is not JSON (14 characters): see line 1, column 13'],
    ['{"a": \0\0}', 'text that is not JSON (9 characters): it has bytes that are no text in UTF-8'],
    ...['', '\uFEFF'].map((mark): [string, string] => {
      const text = Buffer.from(`${mark}{"a": 1}`, 'utf16le').toString('utf8');
      return [text, `text that is not JSON (${text.length} characters): it is in UTF-16; save it as UTF-8`];
    }),
  ])('is told by size and place: %j', (text, message) => {
    expect(faultOf(() => parseJson(text)).message).toBe(message);
  });

  test('is never quoted, whatever it is', () => {
    const secret = fc.stringMatching(/^[A-Z0-9#$%{}[\]":,\\ \n]{12,40}$/);
    const around = fc.constantFrom<[string, string]>(
      ['', ''],
      ['"', ''],
      ['{"password": "', ''],
      ['{"password": "', '", }'],
      ['[1, ', ']'],
      ['{', '}'],
    );
    fc.assert(
      fc.property(secret, around, (text, [before, after]) => {
        let shown = '';
        try {
          parseJson(before + text + after);
        } catch (error) {
          shown = inspect(error, { depth: 10, showHidden: true });
        }
        expect(piecesOf(text).filter((piece) => shown.includes(piece) && piece.trim())).toEqual([]);
      }),
    );
  });
});

test('JSON of another shape is told by members and what is expected, without values and unknown names', () => {
  const schema = z.strictObject({ kind: z.enum(['a', 'b']), n: z.int(), texts: z.array(z.string()) });
  const text = JSON.stringify({ kind: 'Zq7vK2', n: 'mLw9xR', texts: [1, 'a'], Tu8wNp: 3 });

  const fault = faultOf(() => parseJsonAs(text, schema));

  expect(fault.message).toBe(
    'kind: Invalid option: expected one of "a"|"b"; n: Invalid input: expected number, received string; texts.0: Invalid input: expected string, received number; 1 unknown names',
  );
  expect(inspect(fault, { depth: 10, showHidden: true })).not.toMatch(/Zq7vK2|mLw9xR|Tu8wNp/);
});

test('JSON that fits is returned as the schema makes it', () => {
  expect(parseJsonAs('{"n": "7"}', z.object({ n: z.coerce.number() }))).toEqual({ n: 7 });
});

describe('the sources', () => {
  const files = productSources('shared', 'functions', 'cli', 'deployment', 'config', 'environment');
  const withMatch = (pattern: RegExp) => sourcesWith(pattern, files);

  test('parse JSON in one place, which quotes nothing', () => {
    const found = withMatch(/JSON\.parse\(|\.json\(\)/);

    expect(files.length).toBeGreaterThan(150);
    expect(found).toEqual(['shared/formats/json.ts']);
  });

  test('put no beginning of a text that they could not read into an error', () => {
    expect(withMatch(/found: \w*text\w*\.slice\(0/i)).toEqual([]);
  });
});
