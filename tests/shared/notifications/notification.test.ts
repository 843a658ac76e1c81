import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { legibleText } from '../../../shared/formats/legible-text.ts';
import { lineOf, subjectOf, withoutAddresses } from '../../../shared/notifications/notification.ts';
import { anyText } from '../../fixtures/texts.ts';

describe('A subject', () => {
  test.each([
    ['FPE refresh: 2 trained, 1 scored', 'FPE refresh: 2 trained, 1 scored'],
    ['Mühlbach – Straße', 'Muhlbach - Strasse'],
    ['FPE model\r\nBcc: x@example.org', 'FPE model Bcc: x@example.org'],
    ['  “Mill Brook”  ', '"Mill Brook"'],
    ['= 1', '1'],
    ['日本 川', '? ?'],
    ['', 'FPE'],
    ['\u0000\n', 'FPE'],
    ['x'.repeat(200), `${'x'.repeat(96)}...`],
  ])('of %j is %s', (text, subject) => {
    expect(subjectOf(text)).toBe(subject);
  });

  test('is one that SNS takes, of whatever text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const subject = subjectOf(text);

        expect(subject).toMatch(/^[\x20-\x7e]{1,99}$/);
        expect(subject).toMatch(/^[\p{L}\p{N}\p{P}]/u);
        expect(subjectOf(subject)).toBe(subject);
      }),
      { numRuns: 1000 },
    );
  });
});

test('A part of a line is one line of a limited length, of whatever text', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 100 }), (text, length) => {
      const line = lineOf(text, length);

      expect(line.replaceAll(/[\u2068\u2069]/g, '').length).toBeLessThanOrEqual(length);
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(legibleText(line)).toBe(line);
      expect(line.isWellFormed()).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  [
    'cannot identify image file <_io.BytesIO object at 0x7f3c5a1b2c40>',
    'cannot identify image file <_io.BytesIO object>',
  ],
  ['<object object at 0x0000021F3A>', '<object object>'],
  ['error 0x80004005 at 0x1', 'error 0x80004005 at 0x1'],
])('The fault %j reads the same in every process', (text, expected) => {
  expect(withoutAddresses(text)).toBe(expected);
});
