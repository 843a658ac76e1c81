import { Argument, Command } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** What may follow a command: its subcommands, the choices of its arguments, its options. */
type Words = { command: string; words: string[] };

/** The command's effects. */
const EFFECTS = { print: (text: string): void => console.log(text) };
type Effects = typeof EFFECTS;

/** `fpe completion`: a script by which a shell completes commands and options. */
export function completionCommand({ print }: Effects = EFFECTS): Command {
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
  source <(./fpe completion bash)     in ~/.bashrc; so for zsh in ~/.zshrc, after compinit
  ./fpe completion fish | source      in ~/.config/fish/config.fish`,
    )
    .action((shell: Shell, _options: object, command: Command) =>
      // All commands are loaded for this one (commands.ts).
      print(SCRIPTS[shell](wordsOf(command.parent as Command))),
    );
}

function wordsOf(program: Command): Words[] {
  return [
    { command: '', words: [...program.commands.map((command) => command.name()), ...optionsOf(program)] },
    ...program.commands.map((command) => ({
      command: command.name(),
      words: [
        ...command.commands.map((sub) => sub.name()),
        ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
        ...new Set([command, ...command.commands].flatMap(optionsOf)),
        ...optionsOf({ options: command.createHelp().visibleGlobalOptions(command) }),
      ],
    })),
  ];
}

const optionsOf = ({ options }: Pick<Command, 'options'>): string[] =>
  options.flatMap(({ long }) => long ?? []);

/** A file is completed where no word fits: inputs, folders, files of stations. */
const SCRIPTS: Record<Shell, (words: readonly Words[]) => string> = {
  bash: (words) => `_fpe() {
  local current=\${COMP_WORDS[COMP_CWORD]} command='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  case $command in
${cases(words, (list) => `COMPREPLY=($(compgen -W '${list}' -- "$current"))`)}
  esac
}
complete -o bashdefault -o default -F _fpe fpe ./fpe`,
  zsh: (words) => `_fpe() {
  local command='' word
  for word in "\${words[@]:1:CURRENT-2}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  case $command in
${cases(words, (list) => `compadd -- ${list}`)}
  esac
  _files
}
compdef _fpe fpe ./fpe`,
  fish: (words) =>
    words
      .map(({ command, words: list }) =>
        command === ''
          ? `complete -c fpe -n __fish_use_subcommand -a '${list.join(' ')}'`
          : `complete -c fpe -n '__fish_seen_subcommand_from ${command}' -a '${list.join(' ')}'`,
      )
      .join('\n'),
};

const cases = (words: readonly Words[], reply: (list: string) => string): string =>
  words.map(({ command, words: list }) => `    '${command}') ${reply(list.join(' '))} ;;`).join('\n');
