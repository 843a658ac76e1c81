import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { productSources, ROOT } from './support/product-sources.ts';

/** Functions that take any number of arguments and are tempting to give an array's elements to. */
const SPREAD =
  /\b(?:push|unshift|splice|concat|Math\.(?:max|min|hypot)|String\.from(?:CharCode|CodePoint))\((?:[^(){}]*,)?\s*\.\.\.|\.apply\(/g;

const spreadsIn = (text: string): string[] =>
  [...text.matchAll(SPREAD)].map(({ index }) => `line ${text.slice(0, index).split('\n').length}`);

test.each([
  'all.push(...rows)',
  'Math.max(0, ...rows)',
  'String.fromCharCode(...bytes)',
  'all.splice(0, 1, ...rows)',
  'Math.min.apply(null, rows)',
])('%s is found', (text) => {
  expect(spreadsIn(text)).toEqual(['line 1']);
});

test('no data is spread into arguments: 125,000 of them end in "Maximum call stack size exceeded"', () => {
  const files = productSources();
  const found = files.flatMap((file) =>
    spreadsIn(readFileSync(join(ROOT, file), 'utf8')).map((line) => `${file}, ${line}`),
  );

  expect(files.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
});
