import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { COMMANDS } from '../../cli/commands.ts';
import { completionCommand } from '../../cli/completion.ts';
import { fpeProgram } from '../../cli/program.ts';

async function scriptOf(shell: string): Promise<string> {
  const printed: string[] = [];
  const others = await fpeProgram(Object.keys(COMMANDS).filter((name) => name !== 'completion'));
  const program = new Command();
  for (const command of others.commands)
    program.addCommand(
      command.name() === 'completion' ? completionCommand({ print: (text) => printed.push(text) }) : command,
    );
  for (const option of others.options) program.addOption(option);
  await program.parseAsync(['completion', shell], { from: 'user' });
  return printed.join('\n');
}

describe('fpe completion', () => {
  test.each(['bash', 'zsh', 'fish'])('knows in %s every command, its options and choices', async (shell) => {
    const script = await scriptOf(shell);

    for (const name of Object.keys(COMMANDS)) expect(script).toContain(name);
    for (const word of ['--min-new-pairs', 'predictions', '--stage', 'create', '--folder'])
      expect(script).toContain(word);
  });

  test.each<[string, string[]]>([
    ['./fpe wat', ['watch']],
    ['./fpe list --sta', ['--stage', '--status', '--station']],
    ['./fpe --aws open re', ['report']],
    ['./fpe local st', ['start', 'stop', 'status']],
    ['./fpe environment cr', ['create']],
  ])('completes "%s" in bash', async (line, expected) => {
    const words = line.split(' ');
    const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _fpe; printf '%s\\n' "\${COMPREPLY[@]}"`;

    const { stdout } = spawnSync('bash', ['-c', `${await scriptOf('bash')}\n${ask}`], { encoding: 'utf8' });

    expect(stdout.trim().split('\n').sort()).toEqual([...expected].sort());
  });

  test('has all commands loaded where it is called', async () => {
    const program = await fpeProgram(['completion', 'bash']);

    expect(program.commands.find((command) => command.name() === 'list')?.options).not.toEqual([]);
  });

  test('refuses another shell', async () => {
    const command = completionCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });

    await expect(command.parseAsync(['csh'], { from: 'user' })).rejects.toThrow(
      'Allowed choices are bash, zsh, fish.',
    );
  });
});
