import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeFolder } from '../../host/folder.ts';
import { productSources, sourcesWith } from '../support/product-sources.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fpe-folder-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** What making a folder complains of: of which file, and why (cli/describe-error.ts makes a sentence of it). */
function complaintOf(path: string): string | null {
  try {
    makeFolder(path);
    return null;
  } catch (error) {
    const { code, syscall, path: of } = error as NodeJS.ErrnoException;
    return `${code} ${syscall} ${of}`;
  }
}

describe('a folder that is made', () => {
  test('has all folders above it, with the mode that is asked for, and may be there', () => {
    const folder = join(root, 'a', 'b', 'c');

    makeFolder(folder, { mode: 0o700 });
    makeFolder(folder);

    expect(statSync(folder).isDirectory()).toBe(true);
    for (const made of [folder, join(root, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  test('may be a link to one, or lie behind a link', () => {
    mkdirSync(join(root, 'real'));
    symlinkSync(join(root, 'real'), join(root, 'link'));

    makeFolder(join(root, 'link'));
    makeFolder(join(root, 'link', 'below'));

    expect(existsSync(join(root, 'real', 'below'))).toBe(true);
  });

  // Node.js's own way never returns from /proc.
  test.each(['/proc/x', '/proc/x/y/z', '/dev/null/x'])(
    'is refused at %s with the name of the folder',
    (path) => {
      expect(complaintOf(path)).toMatch(/^(?:ENOENT|EEXIST|ENOTDIR) mkdir \/(?:proc\/x|dev\/null)$/);
    },
  );

  test('is refused where a file is, or a link to nowhere', () => {
    writeFileSync(join(root, 'file'), 'kept');
    symlinkSync(join(root, 'nowhere'), join(root, 'link'));

    expect(complaintOf(join(root, 'file'))).toBe(`EEXIST mkdir ${join(root, 'file')}`);
    expect(complaintOf(join(root, 'link', 'below'))).toBe(`EEXIST mkdir ${join(root, 'link')}`);
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('kept');
  });

  test('is never made in the way that may not return', () => {
    const files = productSources('cli', 'demo-station', 'deployment', 'host', 'local').filter((file) =>
      file.endsWith('.ts'),
    );

    expect(files.length).toBeGreaterThan(100);
    expect(sourcesWith(/\bmkdir(?:Sync)?\([^;]*recursive/, files)).toEqual([]);
  });
});
