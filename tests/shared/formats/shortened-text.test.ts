import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shorten } from '../../../shared/formats/shortened-text.ts';

const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });
const charactersOf = (text: string) => Array.from(CHARACTERS.segment(text), ({ segment }) => segment);

describe('A text that is too long', () => {
  test.each([
    ['abcdef', 4, 'abc…'],
    ['abcd', 4, 'abcd'],
    ['ab👨‍👩‍👧‍👦c', 8, 'ab…'],
    ['ab🇺🇸🇺🇸', 8, 'ab🇺🇸…'],
    ['ae\u0301\u0323b', 3, 'a…'],
    ['a👍🏽bc', 4, 'a…'],
    ['ab\r\ncd', 4, 'ab…'],
    ['a\ud83d', 1, '…'],
  ])('%j of at most %d is %j', (text, most, expected) => {
    expect(shorten(text, most)).toBe(expected);
  });

  test('has another end where one letter has all of it', () => {
    expect(shorten(`a${'\u0301'.repeat(900)}`, 10)).toBe(`a${'\u0301'.repeat(8)}…`);
  });

  test('is well formed, not too long, and has whole characters', () => {
    const unit = fc.constantFrom('a', ' ', '漢', '👨‍👩‍👧', '🇺🇸', 'e\u0301', '👍🏽', 'க்ஷ');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), fc.integer({ min: 12, max: 40 }), (text, most) => {
        const short = shorten(text, most);

        expect(short.length).toBeLessThanOrEqual(most);
        expect(short.isWellFormed()).toBe(true);
        if (short === text) return;
        expect(short.endsWith('…')).toBe(true);
        const kept = charactersOf(short.slice(0, -1));
        expect(charactersOf(text).slice(0, kept.length)).toEqual(kept);
      }),
    );
  });
});
