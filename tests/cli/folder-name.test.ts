import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { withFolder } from '../../cli/folder-name.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('a printed command', () => {
  test.each([
    ['Start it with: ./fpe local', 'Start it with: ./fpe --folder /x local'],
    ['eval "$(./fpe local env)"', 'eval "$(./fpe --folder /x local env)"'],
    ['./fpe show a, or ./fpe stop a', './fpe --folder /x show a, or ./fpe --folder /x stop a'],
    ['./fpe watch a --folder /x', './fpe watch a --folder /x'],
    ['./fpe watch a --folder /x; ./fpe local', './fpe watch a --folder /x; ./fpe --folder /x local'],
    ['{"fix": "./fpe local"}', '{"fix": "./fpe local"}'],
  ])('names the folder of the stack once: %s', (text, expected) => {
    expect(withFolder(text, '/x')).toBe(expected);
  });

  test('works for a folder whose name has spaces', () => {
    expect(withFolder('./fpe open', '/my photos')).toBe("./fpe --folder '/my photos' open");
  });
});

test('Commands of the program find the folder that it was given', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fpe folder '));
  try {
    execFileSync(process.execPath, ['--no-warnings', join(ROOT, 'cli/fpe.ts'), '--folder', folder, 'list'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    throw new Error('It did not fail');
  } catch (error) {
    expect((error as { stderr: string }).stderr).toBe(
      `The local stack is not running on ${folder}. Start it with: ./fpe local --folder '${folder}'\n`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
