import { expect, test } from '@jest/globals';
import { Command, Option } from 'commander';
import { sameCommand } from '../../cli/same-command.ts';

/** @returns what is proposed by a command that was called with these words, its input having been read from standard input */
async function proposedBy(args: string[], options: Record<string, string>, name?: string): Promise<string> {
  let proposed = '';
  const command = new Command('try')
    .argument('[input]')
    .option('--most <n>', 'parsed', (text) => [Number(text)])
    .addOption(new Option('--answer <answer>').choices(['true', 'false']))
    .option('-n, --name <name>')
    .option('--stage <stage>')
    .option('--detach')
    .action((_given: string, _options: object, called: Command) => {
      proposed = sameCommand(called, {
        ...(name !== undefined && { name }),
        options,
        input: { station_id: 29 },
      });
    });
  const program = new Command('fpe')
    .option('--aws')
    .option('--folder <folder>')
    .option('--machine <machine>')
    .addCommand(command);
  await program.parseAsync(args, { from: 'user' });
  return proposed;
}

test.each([
  [['try', '29'], './fpe try 29 --answer false'],
  [
    ['try', '{"mode": "train"}', '--most', '07', '-n', 'it’s', '--stage', 'prod', '--detach'],
    `./fpe try '{"mode": "train"}' --most 07 -n 'it’s' --stage prod --detach --answer false`,
  ],
  [['try', '--answer', 'true', '29'], './fpe try 29 --answer false'],
  [['try', '--answer=true', '29', '--most=3'], './fpe try 29 --most=3 --answer false'],
  [['--machine', 'm', 'try', '29'], './fpe try 29 --machine m --answer false'],
  [['try', '29', '--machine', 'm', '--detach'], './fpe try 29 --detach --machine m --answer false'],
])('the same command again keeps all that was given but what it changes: %j', async (args, expected) => {
  expect(await proposedBy(args, { '--answer': 'false' })).toBe(expected);
});

test('the same command again leaves the place to what prints it, which says where in every command', async () => {
  expect(await proposedBy(['--folder', '/x', '--aws', 'try', '29'], { '--name': 'b' })).toBe(
    './fpe try 29 --name b',
  );
});

test('the same command again holds the input that came by standard input, which is read', async () => {
  expect(await proposedBy(['try', '-', '--most', '3'], { '--answer': 'false' })).toBe(
    `./fpe try '{"station_id":29}' --most 3 --answer false`,
  );
  for (const given of [['--name', '-'], ['--name=-']])
    expect((await proposedBy(['try', ...given], {})).replaceAll(/['"]/g, '')).toMatch(
      /^\.\/fpe try --name[ =]\{station_id:29\}$/,
    );
});

test('another command takes the place of the one that was called, and of no value that reads like it', async () => {
  expect(await proposedBy(['try', 'try', '--stage', 'try'], { '--answer': 'false' }, 'other')).toBe(
    './fpe other try --stage try --answer false',
  );
});
