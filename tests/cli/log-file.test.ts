import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { followFile, type NewLines } from '../../cli/log-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'fpe-log-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

let file: string;
let read: NewLines;
let files = 0;
beforeEach(() => {
  file = join(folder, `${files++}.log`);
  read = followFile(file);
});

const next = (): Promise<string[]> => Array.fromAsync(read(false));
const last = (): Promise<string[]> => Array.fromAsync(read(true));
const write = (text: string | Uint8Array): void => appendFileSync(file, text);

describe('A log that is followed', () => {
  test('gives each line once', async () => {
    write('one\ntwo\n');
    expect(await next()).toEqual(['one', 'two']);
    expect(await next()).toEqual([]);
    write('three\n');
    expect(await last()).toEqual(['three']);
  });

  test('holds a line back until it has ended, and gives it at the end as it is', async () => {
    write('epoch=1 lo');
    expect(await next()).toEqual([]);
    write('ss=0.3\nepoch=2');
    expect(await next()).toEqual(['epoch=1 loss=0.3']);
    expect(await last()).toEqual(['epoch=2']);
  });

  test('is complete wherever its writer pauses, also within a character', async () => {
    const text = 'Bäche\n🌊 Río\n\n漢字\r\n';
    const bytes = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length)), async (given) => {
        const pauses = [0, ...given.toSorted((a, b) => a - b), bytes.length];
        rmSync(file, { force: true });
        const lines = followFile(file);
        const found: string[] = [];
        for (const [index, pause] of pauses.slice(1).entries()) {
          write(bytes.subarray(pauses[index], pause));
          found.push(...(await Array.fromAsync(lines(false))));
        }
        found.push(...(await Array.fromAsync(lines(true))));

        expect(found).toEqual(['Bäche', '🌊 Río', '', '漢字']);
      }),
      { numRuns: 50 },
    );
  });

  test('may have lines that are longer than what is read at once', async () => {
    const long = '漢'.repeat(100_000);
    write(`${long}\n${long}`);

    expect(await next()).toEqual([long]);
    expect(await last()).toEqual([long]);
  });

  test('is awaited where it is not there yet', async () => {
    expect(await next()).toEqual([]);
    write('one\n');
    expect(await next()).toEqual(['one']);
  });

  test('is read from its beginning once it was emptied, after the line that had not ended', async () => {
    write('one\ntw');
    await next();
    truncateSync(file);
    write('3\n');

    expect(await last()).toEqual(['tw', '3']);
  });

  test('goes on in a new file once it was moved away, after what was written to it until then', async () => {
    write('one\ntw');
    await next();
    write('o\nthr');
    renameSync(file, `${file}.1`);
    appendFileSync(`${file}.1`, 'ee\n');
    writeFileSync(file, 'four\n');

    expect(await last()).toEqual(['two', 'three', 'four']);
  });

  test('loses nothing where it is moved away before there is a new file', async () => {
    write('one\ntw');
    await next();
    renameSync(file, `${file}.1`);
    expect(await next()).toEqual([]);
    appendFileSync(`${file}.1`, 'o\n');
    expect(await next()).toEqual(['two']);
    writeFileSync(file, 'three\n');

    expect(await last()).toEqual(['three']);
  });

  test('that is no file fails with what the system says', async () => {
    await expect(Array.fromAsync(followFile(folder)(true))).rejects.toMatchObject({ code: 'EISDIR' });
  });

  test('has a line for each time that a program went back to the beginning of its line', async () => {
    write('10 %\r50 %\r100 %\r\ndone\n');

    expect(await last()).toEqual(['10 %', '50 %', '100 %', 'done']);
  });
});
