import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { COMMANDS } from '../../cli/commands.ts';
import { STAGE_COMMANDS, withPlace } from '../../cli/place-name.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('a printed command', () => {
  test.each([
    ['Start it with: ./fpe local', 'Start it with: ./fpe --folder /x local'],
    ['eval "$(./fpe local env)"', 'eval "$(./fpe --folder /x local env)"'],
    ['./fpe show a, or ./fpe stop a', './fpe --folder /x show a, or ./fpe --folder /x stop a'],
    ['./fpe watch a --folder /x', './fpe watch a --folder /x'],
    ['./fpe watch a --folder /x; ./fpe local', './fpe watch a --folder /x; ./fpe --folder /x local'],
    ['with: ./fpe\n  local', 'with: ./fpe --folder /x\n  local'],
    ['{"fix": "./fpe local"}', '{"fix": "./fpe local"}'],
  ])('names the folder of the stack once: %s', (text, expected) => {
    expect(withPlace(text, { folder: '/x' })).toBe(expected);
  });

  test.each([
    ['Its models: ./fpe models --station 29', 'Its models: ./fpe models --stage prod --station 29'],
    ['./fpe show a, or ./fpe stop a', './fpe show --stage prod a, or ./fpe stop --stage prod a'],
    ['./fpe\n  show a', './fpe\n  show --stage prod a'],
    ['./fpe doctor --stage dev; ./fpe list', './fpe doctor --stage dev; ./fpe list --stage prod'],
    ['./fpe watch arn:aws:states:us-west-2:1:execution:m:a', null],
    ['Start the stack with ./fpe local', null],
    ['./fpe show-nothing', null],
    ['[{"fix": "./fpe list"}]', null],
  ])('names the stage once, where it takes one: %s', (text, expected) => {
    expect(withPlace(text, { stage: 'prod' })).toBe(expected ?? text);
  });

  test.each([
    ['Its models: ./fpe models --station 29', 'Its models: ./fpe --aws models --station 29'],
    ['Start the stack with ./fpe local', null],
  ])('says that AWS is meant, where it was: %s', (text, expected) => {
    expect(withPlace(text, { aws: true })).toBe(expected ?? text);
  });

  test('works for a folder whose name has spaces', () => {
    expect(withPlace('./fpe open', { folder: '/my photos' })).toBe("./fpe --folder '/my photos' open");
  });
});

test('The stage is named for each command that takes one, and for no other', async () => {
  const taking: string[] = [];
  for (const [name, { load }] of Object.entries(COMMANDS))
    if ((await load()).options.some(({ long }) => long === '--stage')) taking.push(name);

  expect([...STAGE_COMMANDS].sort()).toEqual(taking.sort());
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
      `The local stack is not running on ${folder}. Start it with: ./fpe --folder '${folder}' local\n`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
