import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lock, tryLock } from '../../host/lock.ts';

const PROGRAM = join(import.meta.dirname, 'lock-process.ts');

let folder: string;
let file: string;
let counter: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-lock-'));
  file = join(folder, 'below', 'a.lock');
  counter = join(folder, 'counter');
});
afterEach(async () => {
  for (const child of running.splice(0)) await kill(child);
  rmSync(folder, { recursive: true });
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  return child;
}
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
const firstWord = (child: ChildProcess) => once(child.stdout as NodeJS.ReadableStream, 'data');

/** A process that has the lock. */
async function startHolder(): Promise<ChildProcess> {
  const holder = start('hold', file);
  await firstWord(holder);
  return holder;
}
/** Processes that want the lock many times each. @returns once all want it, with what goes wrong in them until they end */
async function startRace(processes: number, times: number): Promise<{ faults: Promise<string[]> }> {
  writeFileSync(counter, '0');
  const children = Array.from({ length: processes }, () => start('count', file, counter, String(times)));
  const faults = children.map(async (child) => {
    const [said] = await Promise.all([text(child.stderr as NodeJS.ReadableStream), once(child, 'exit')]);
    return said;
  });
  await Promise.all(children.map(firstWord));
  return { faults: Promise.all(faults) };
}

describe('a lock', () => {
  test('is held by one, also within one process, and by the next once it is given back', () => {
    const unlock = tryLock(file);

    expect(unlock).not.toBeNull();
    expect(tryLock(file)).toBeNull();
    expect(tryLock(file)).toBeNull();

    unlock?.();
    const next = tryLock(file);
    expect(next).not.toBeNull();

    unlock?.(); // once more, when it is another's
    expect(tryLock(file)).toBeNull();
    next?.();
  });

  test('is a file that stays, empty, and that only its user may read', () => {
    tryLock(file)?.();

    expect(readdirSync(join(folder, 'below'))).toEqual(['a.lock']);
    expect(statSync(file)).toMatchObject({ size: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('is waited for as long as its holder lives, and says once who that is', async () => {
    const holder = await startHolder();
    const told: string[] = [];
    const waiting = lock(file, (who) => told.push(who));
    while (told.length === 0) await sleep(50);
    await sleep(300);

    expect(told).toEqual([
      expect.stringMatching(new RegExp(`^process ${holder.pid}, since \\d\\d:\\d\\d:\\d\\d UTC$`)),
    ]);

    await kill(holder);
    (await waiting)();
    expect(told).toHaveLength(1);
  });

  test.each([
    ['of a holder that has ended', JSON.stringify({ pid: 1, startedAt: 'never', since: new Date() })],
    ['half written', '{"pid": 1'],
    ['of something else', '[]'],
  ])('calls its holder another process where the note is %s', async (_, note) => {
    const unlock = tryLock(file);
    writeFileSync(`${file}.holder`, note);
    const told: string[] = [];
    const waiting = lock(file, (who) => told.push(who));
    while (told.length === 0) await sleep(50);
    unlock?.();
    (await waiting)();

    expect(told).toEqual(['another process']);
  });

  test('is never held by two processes that race for it', async () => {
    const { faults } = await startRace(2, 40);

    expect(await faults).toEqual(['', '']);
    expect(readFileSync(counter, 'utf8')).toBe('80');
  });

  test('ends with the process that held it, at once, when that is killed', async () => {
    const holder = await startHolder();
    expect(tryLock(file)).toBeNull();

    await kill(holder);

    const unlock = tryLock(file);
    expect(unlock).not.toBeNull();
    unlock?.();
  });

  test('of a process that was killed is taken by one of those that race for it', async () => {
    const holder = await startHolder();
    const { faults } = await startRace(3, 10);
    expect(readFileSync(counter, 'utf8')).toBe('0');

    await kill(holder);

    expect(await faults).toEqual(['', '', '']);
    expect(readFileSync(counter, 'utf8')).toBe('30');
    expect(existsSync(`${counter}.busy`)).toBe(false);
  });

  test('is not taken from what is no lock', () => {
    const other = join(folder, 'notes.txt');
    writeFileSync(other, 'something that a person has written\n'.repeat(40));

    expect(() => tryLock(other)).toThrow('not a database');
    expect(readFileSync(other, 'utf8')).toContain('a person');
  });
});
