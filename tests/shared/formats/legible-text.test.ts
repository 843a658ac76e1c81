import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { legibleInTerminal, legibleText } from '../../../shared/formats/legible-text.ts';
import { anyText } from '../../fixtures/texts.ts';

/** A name between an isolate and its end, which directs nothing beyond. */
const ISOLATED = /\u2068[^\u2068\u2069\n]+\u2069/g;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

describe('A text that people read', () => {
  test('keeps its lines, tabs and letters, and nothing that a terminal obeys', () => {
    expect(legibleText('Mühlbach\t😀\r\nnext\u001b[31m red\u0007')).toBe('Mühlbach\t😀\nnext red');
  });

  test.each([
    ['an override', 'Mill\u202e Brook', 'Mill Brook (29)'],
    ['an embedding without its end', 'Mill\u202b Brook', 'Mill Brook (29)'],
    ['an isolate without its end', 'Mill\u2067 Brook', 'Mill Brook (29)'],
    ['more ends than beginnings', 'Mill\u2069\u202c Brook', 'Mill Brook (29)'],
    ['a mark of direction', 'Mill Brook\u200f', 'Mill Brook (29)'],
    ['a Hebrew name', 'נחל דן', '\u2068נחל דן\u2069 (29)'],
    ['a Hebrew name with a number', 'נחל 2, דן', '\u2068נחל 2, דן\u2069 (29)'],
    ['a name in two scripts', 'Dan נחל River', 'Dan \u2068נחל\u2069 River (29)'],
    ['an Arabic name', 'نهر', '\u2068نهر\u2069 (29)'],
  ])('is turned by no name in it: %s', (_, name, text) => {
    expect(legibleText(`${name} (29)`)).toBe(text);
  });

  test('has no control but tabs, line feeds and the isolates around what is written from right to left', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const legible = legibleText(text);

        const around = legible.replaceAll(ISOLATED, '');
        expect(around).not.toMatch(/[[\p{Cc}\p{Bidi_Control}]--[\t\n]]/v);
        expect(around).not.toMatch(RIGHT_TO_LEFT);
        expect(legible.isWellFormed()).toBe(true);
        expect(legibleText(legible)).toBe(legible);
      }),
      { numRuns: 1000 },
    );
  });

  test('stays as it is where nothing is to be feared of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(legibleText(text)).toBe(text);
      }),
    );
    expect(legibleText('Añasco – 日本 👩‍🔬')).toBe('Añasco – 日本 👩‍🔬');
  });

  test('keeps the colors of a terminal there, and nothing else that it obeys', () => {
    expect(legibleInTerminal('\u001b[32m✔\u001b[39m Mill\u001b[2J\u001b]0;title\u0007\u202e Brook')).toBe(
      '\u001b[32m✔\u001b[39m Mill]0;title Brook',
    );
  });
});
