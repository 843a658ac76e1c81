import { styleText } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { fitHelp, fitLines } from '../../cli/print.ts';

describe('lines that are printed', () => {
  test.each<[string, string, string[]]>([
    ['a line that fits', 'It succeeded after 2m 00s.', ['It succeeded after 2m 00s.']],
    [
      'a sentence',
      'It failed in SplitPairs after two minutes.',
      ['It failed in SplitPairs after', '  two minutes.'],
    ],
    [
      'a label and a value',
      'Photos    878 scored of 1,197, 1 unreadable',
      ['Photos    878 scored of 1,197,', '          1 unreadable'],
    ],
    [
      'a word longer than the terminal',
      'Report    https://storage.example.org/models/a.html',
      ['Report', '          https://storage.example.org/models/a.html'],
    ],
    [
      'a mark of a color',
      `${styleText('red', '✖')} a b c d e f g h i j k l m n o p`,
      [`${styleText('red', '✖')} a b c d e f g h i j k l m n`, '  o p'],
    ],
    [
      'an indented line',
      '    One of the lines below another',
      ['    One of the lines below', '      another'],
    ],
    [
      'a command, which can be copied',
      'To go on: ./fpe open table nightly-1 --stage prod, or ask',
      ['To go on:', '  ./fpe open table nightly-1 --stage prod,', '  or ask'],
    ],
    [
      'commands with text between them',
      'First ./fpe local and then the rest: ./fpe redrive 29-1.',
      ['First ./fpe local and then the', '  rest: ./fpe redrive 29-1.'],
    ],
    [
      'a command with JSON',
      `Or: ./fpe demo '{"station_id":1}' at once`,
      ['Or:', `  ./fpe demo '{"station_id":1}'`, '  at once'],
    ],
  ])('break at spaces in a terminal of 30 columns: %s', (_, line, lines) => {
    expect(fitLines(line, 30).split('\n')).toEqual(lines);
  });

  test('are as wide as the terminal shows them', () => {
    expect(fitLines('漢字漢字 漢字漢字 漢字漢字 漢字漢字', 30).split('\n')).toEqual([
      '漢字漢字 漢字漢字 漢字漢字',
      '  漢字漢字',
    ]);
    expect(fitLines('e\u0301'.repeat(30), 30)).toBe('e\u0301'.repeat(30));
    expect(fitLines('漢字  878 scored of 1,197, 1 unreadable', 30).split('\n')).toEqual([
      '漢字  878 scored of 1,197, 1',
      '      unreadable',
    ]);
  });

  test.each([undefined, 80])('are turned and hidden by no name in them, in %s columns', (columns) => {
    const mark = styleText('green', '✔', { validateStream: false });

    expect(fitLines(`${mark} station 29, Mill\u202e\u001b[2J Brook: trained`, columns)).toBe(
      `${mark} station 29, Mill Brook: trained`,
    );
    expect(fitLines('\u001b[8mstation 29\u001b[0m', columns)).toBe('station 29');
  });

  test.each([undefined, 80])(
    'can be copied, also a path of letters from right to left, in %s columns',
    (columns) => {
      const command = "./fpe start '/data/\u05e9\u05dc\u05d5\u05dd.json'";

      expect(fitLines(command, columns)).toBe(command);
    },
  );

  test('stay whole where there is no terminal', () => {
    const line = 'word '.repeat(100);

    expect(fitLines(line, undefined)).toBe(line);
  });

  test('have all their words in order, none broken, and fit unless a word does not', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), fc.integer({ min: 40, max: 100 }), (words, columns) => {
        const lines = fitLines(words.join(' '), columns).split('\n');

        expect(lines.join(' ').split(/ +/).filter(Boolean)).toEqual(words);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('a help text', () => {
  const paragraphs =
    'A note in two lines, of which\nthe second ends.\n\nExamples:\n  ./fpe list\n  ./fpe show';

  test('is broken as it is written where its lines fit', () => {
    expect(fitHelp(paragraphs, 30)).toBe(paragraphs);
    expect(fitHelp(paragraphs, undefined)).toBe(paragraphs);
  });

  test('is broken anew, paragraph by paragraph, where one of its lines does not', () => {
    expect(fitHelp(paragraphs, 26)).toBe(
      'A note in two lines, of\n  which the second ends.\n\nExamples:\n  ./fpe list\n  ./fpe show',
    );
  });
});
