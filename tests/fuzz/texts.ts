import * as fc from 'fast-check';

/** What people, loggers and attackers write into texts: control and format characters, markup, formulas, paths, prototypes. */
const PIECES = [
  '',
  'NA',
  'NULL',
  'NaN',
  '__proto__',
  'constructor',
  'toString',
  '../',
  '/',
  '//',
  '.',
  '\u0000',
  '\uFEFF',
  '\u202e',
  '\ud800',
  '\r\n',
  '\n',
  '\t',
  ' ',
  ',',
  '"',
  "'",
  '=1+1',
  '+',
  '-',
  '@SUM(A1)',
  '＝',
  '<',
  '>',
  '<script>alert(1)</script>',
  '</script>',
  '<!--',
  '" onload="x',
  '%3Cscript%3E',
  '&amp;',
  '𝒳',
  'é',
  'a',
  'JPG',
  '1',
  '-9999',
  '1e309',
  'Infinity',
  '{}',
  '[',
  ']',
  ':',
];
export const hostileText = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** JSON of any shape, with the keys that objects are born with. */
export const hostileJson = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, false, 0, -0, 1e300, -1, 2 ** 53, '', 'LEFT', 'RIGHT'),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    hostileText,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(
        fc.tuple(fc.oneof(hostileText, fc.constantFrom('left', 'right', 'imageId', 'rank')), tie('value')),
        {
          maxLength: 4,
        },
      )
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;
