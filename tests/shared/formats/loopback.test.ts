import { expect, test } from '@jest/globals';
import { isLoopbackHost, isOnThisComputer } from '../../../shared/formats/loopback.ts';
import { sourcesWith } from '../../support/product-sources.ts';

test.each([
  'http://127.0.0.1:4566/storage/',
  'https://127.8.9.1/',
  'http://localhost',
  'http://LOCALHOST:80/',
  'http://[::1]:4566/',
])('%s is on this computer', (url) => {
  expect(isOnThisComputer(url)).toBe(true);
});

test.each([
  'https://storage.s3.amazonaws.com/',
  'http://localhost.example.org/',
  'http://127.0.0.1.example.org/',
  'http://10.0.0.1/127.0.0.1',
])('%s is on another', (url) => {
  expect(isOnThisComputer(url)).toBe(false);
});

test('a host is this computer with and without brackets', () => {
  expect(['::1', '[::1]', 'localhost', '127.0.0.1'].map(isLoopbackHost)).toEqual([true, true, true, true]);
  expect(['', '::2', 'db', '128.0.0.1'].map(isLoopbackHost)).toEqual([false, false, false, false]);
});

test('what an address of this computer looks like is written down once', () => {
  expect(sourcesWith(/\/\^.*(localhost|127\\?\.)/)).toEqual(['shared/formats/loopback.ts']);
});
