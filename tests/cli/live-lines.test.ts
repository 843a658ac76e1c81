import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { type LiveLine, liveLines } from '../../cli/progress/live-lines.ts';

/** What is written to a stream of this kind, and a clock that goes on when it is told to. */
function screen(kind: object) {
  const written: string[] = [];
  let time = 0;
  const stream = {
    ...kind,
    write(text: string) {
      written.push(text);
      return true;
    },
  } as unknown as NodeJS.WriteStream;
  return {
    written,
    view: liveLines(stream, () => time),
    pass: (ms: number) => {
      time += ms;
    },
  };
}
const TERMINAL = { isTTY: true, rows: 24, columns: 80 };
const line = (name: string, text: string, news: string | null = text): LiveLine => ({ name, text, news });

describe('where lines are appended', () => {
  test.each([
    ['a file or a pipe', {}],
    ['a terminal that does not tell its size', { isTTY: true, rows: 0 }],
  ])('%s gets a line whenever it has news, and none that it has had', (_, kind) => {
    const { view, written } = screen(kind);

    view.show([line('a', 'a 1 s', 'begun'), line('b', 'waiting', null)]);
    view.show([line('a', 'a 2 s', 'begun'), line('b', 'waiting', null)]);
    view.show([line('a', 'a 3 s', 'ended'), line('b', 'b 1 s', 'begun')]);
    view.done();

    expect(written).toEqual(['a 1 s\n', 'a 3 s\n', 'b 1 s\n']);
  });
});

test.each([
  ['appended', { isTTY: true, rows: 0, columns: 30 }],
  ['redrawn', { isTTY: true, rows: 24, columns: 30 }],
])('on a narrow terminal lines that are %s break between words', (_, kind) => {
  const { view, written } = screen(kind);

  view.show([line('a', 'ExportStation  1,183 photos and 588 pairs')]);

  const text = stripVTControlCharacters(written.join(''));
  expect(text).toContain('ExportStation  1,183 photos\n               and 588 pairs\n');
});

describe('on a terminal', () => {
  test('all lines are redrawn in place', () => {
    const { view, written, pass } = screen(TERMINAL);

    view.show([line('a', 'one'), line('b', 'waiting', null)]);
    pass(100);
    view.show([line('a', 'two'), line('b', 'waiting', null)]);

    const [first = '', ...others] = written.map(stripVTControlCharacters);
    expect(first + others.join('')).toContain('one\nwaiting\n');
    expect(others.join('')).toContain('two');
    expect(written.join('')).toContain('\u001b['); // it goes back to where it began
  });

  test('what comes faster than anyone reads is drawn once, and the last of it in the end', () => {
    const { view, written } = screen(TERMINAL);

    for (let n = 0; n <= 1000; n++) view.show([line('a', `photo ${n}`)]);
    const drawn = written.length;
    view.done();

    const text = stripVTControlCharacters(written.join(''));
    expect(drawn).toBeLessThan(10);
    expect(text).toContain('photo 0');
    expect(text).toContain('photo 1000');
    expect(text).not.toContain('photo 500');
  });
});
