import type { Command, Option } from 'commander';
import { quoted } from './quoted.ts';

/** Said by what prints the command (place-name.ts). */
const OF_PLACE = ['--folder', '--aws'];

/** As an argument, or as the value of an option. */
const STANDARD_INPUT = /^(--[a-z-]+=)?-$/;

type Changes = {
  /** Another command that takes the same arguments; left out: the one that was called. */
  name?: string;
  /** Long names of options of the command, which take the place of those that were given. */
  options: Record<string, string>;
  /** Long names of options that are left out. */
  without?: readonly string[];
  /** What was read from standard input, and cannot be read again. */
  input?: object | undefined;
};

/**
 * The command line that a command was called with, changed in some options, to be printed: whatever else was given is kept as it was typed.
 *
 * @param command that was called, below its program
 */
export function sameCommand(command: Command, { name, options, without = [], input }: Changes): string {
  let program = command;
  while (program.parent) program = program.parent;
  const changed = command.options.filter(({ long }) => long && (long in options || without.includes(long)));
  const called = withoutOptions(program.args, changed);
  const place = called.indexOf(command.name());
  const words = called.map((word, index) =>
    name !== undefined && index === place
      ? name
      : input
        ? word.replace(STANDARD_INPUT, (_, option = '') => option + JSON.stringify(input))
        : word,
  );
  const ofProgram = program.options.flatMap((option) => {
    const name = option.attributeName();
    if (program.getOptionValueSource(name) !== 'cli' || OF_PLACE.includes(option.long ?? '')) return [];
    const value: unknown = program.getOptionValue(name);
    return value === true ? [String(option.long)] : [String(option.long), String(value)];
  });
  return ['./fpe', ...[...words, ...ofProgram, ...Object.entries(options).flat()].map(quoted)].join(' ');
}

function withoutOptions(words: readonly string[], options: readonly Option[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    const option = options.find(({ long, short }) => word === long || word === short);
    if (option) index += option.required ? 1 : 0;
    else if (!options.some(({ long }) => word.startsWith(`${long}=`))) kept.push(word);
  }
  return kept;
}
