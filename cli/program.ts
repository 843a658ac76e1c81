import { join } from 'node:path';
import { Command, CommanderError, Help, InvalidArgumentError, type Option } from 'commander';
import { COMMANDS, type CommandEntry, type GlobalOption } from './commands.ts';
import type { PlaceOptions } from './find-execution.ts';
import { fitHelp, fitLines } from './print.ts';

const ROOT = join(import.meta.dirname, '..');

/**
 * The program with the commands that are named in these arguments; of the others, it knows only what its help says of them. Parsing
 * throws, so that tests can run it in their own process.
 */
export async function fpeProgram(args: readonly string[]): Promise<Command> {
  const program = newProgram();
  const asked = newProgram();
  const { operands, unknown } = asked.parseOptions([...args]);
  if (asked.opts().version) await printVersion();
  const needsAll = operands.some((name) => COMMANDS[name]?.needsAll);
  for (const [name, entry] of Object.entries(COMMANDS))
    program.addCommand(
      needsAll || operands.includes(name)
        ? await loadCommand(entry, program)
        : new Command(name).description(entry.description),
    );
  if (operands[0] === 'help') await showHelp(program, operands.slice(1));
  else if (unknown.some((word) => word === '--help' || word === '-h'))
    await requireCommand(program, operands[0] ?? unknown.find((word) => !word.startsWith('-')));
  return program;
}

/** Commander’s own help of a command that there is not is that of the program, as if this had been asked for. */
async function showHelp(program: Command, names: readonly string[]): Promise<void> {
  let shown = program;
  for (const name of names) {
    if (shown.commands.length > 0) await requireCommand(shown, name);
    shown = shown.commands.find((command) => command.name() === name) ?? shown;
  }
  shown.help();
}

/** @throws CommanderError, with the name that is most like it */
async function requireCommand(parent: Command, name: string | undefined): Promise<void> {
  const isKnown = name === undefined || name === 'help' || parent.commands.some((one) => one.name() === name);
  if (!isKnown) await parent.parseAsync([name], { from: 'user' });
}

/** The command below the program, of which this may be a subcommand. */
const outermost = (command: Command): Command =>
  command.parent?.parent ? outermost(command.parent) : command;

/** Whether a command has a use for an option of the program. */
const hasUse = (command: Command, option: Option): boolean =>
  COMMANDS[outermost(command).name()]?.uses.includes(option.attributeName() as GlobalOption) ?? true;

/** Nobody shall believe that a command has done what it has no use for. @throws CommanderError */
function requireUses(program: Command, command: Command): void {
  const given = program.options.filter(
    (option) => program.getOptionValueSource(option.attributeName()) === 'cli',
  );
  const called = outermost(command);
  for (const option of given.filter((option) => !hasUse(command, option))) {
    const hasStage = called.options.some(({ long }) => long === '--stage');
    const instead = option.long === '--aws' && hasStage ? 'For AWS, give --stage NAME.' : 'Leave it out.';
    called.error(`error: “${called.name()}” has no use for ${option.long}. ${instead}`);
  }
  const { folder, aws, stage } = command.optsWithGlobals<PlaceOptions>();
  if (folder !== undefined && (aws || stage !== undefined) && !COPIES_FILES.includes(called.name()))
    called.error(
      `error: --folder is of the local stack, and ${aws ? '--aws' : '--stage'} is of AWS. Leave one of them out.`,
    );
}
/** From AWS, too: into the folder. */
const COPIES_FILES = ['open'];

async function printVersion(): Promise<never> {
  const { pipelineVersion } = await import('../host/version.ts');
  const version = pipelineVersion(ROOT);
  console.log(version);
  throw new CommanderError(0, 'commander.version', version);
}

async function loadCommand(
  { description, load, mistakeCode }: CommandEntry,
  program: Command,
): Promise<Command> {
  const command = (await load()).description(description).copyInheritedSettings(program);
  if (mistakeCode === undefined) return command;
  return command.exitOverride((error) => {
    if (error.exitCode === 0) throw error;
    throw new CommanderError(mistakeCode, error.code, error.message);
  });
}

function namedFolder(folder: string): string {
  if (folder.trim() !== '') return folder;
  throw new InvalidArgumentError('Expected the name of a folder.');
}

const newProgram = (): Command => {
  const program = new Command('fpe')
    .option('-V, --version', 'version and commit of the pipeline')
    .description('From stream photos and annotation pairs to a published ranking model')
    .option('--aws', 'use AWS, with the profile and region that the AWS CLI would use')
    .option('--folder <folder>', 'folder of the local stack (default: .local)', namedFolder)
    .option(
      '--machine <name>',
      'train-station, score-station, refresh-stations, a name or an ARN; default: FPE_STATE_MACHINE, or the machine that fits the command or input',
    )
    .addHelpText(
      'after',
      `
EXECUTION is a name or an ARN, of any machine of the stage; the default is the latest execution of all.
Commands use the local stack, or an endpoint that the environment names (AWS_ENDPOINT_URL). They use AWS only if they are told to: by
--stage NAME, --aws or an ARN. What costs money there asks first, unless --yes is given.

Examples:
  ./fpe demo                                 everything on this computer, with a synthetic station
  ./fpe local                                run only the stack, until Ctrl-C
  ./fpe start 1 --pretrained false           start an execution of station 1 and watch it
  ./fpe start '{"station_id": 29}' --detach  start one without watching it
  ./fpe refresh --stations stations.txt      train or score many stations, each as needed
  ./fpe list                                 recent executions
  ./fpe show                                 everything about the latest one
  ./fpe open                                 its report
  ./fpe verify --all                         check that rows, files and claims agree
  ./fpe doctor --stage prod                  check the prerequisites of a stage
  ./fpe deploy --stage prod --dry-run        show what a deployment would change
  ./fpe smoke --stage prod --station 29      test the deployed stack step by step, for cents`,
    )
    // What stands below the options is not wrapped by Commander.
    .configureOutput({
      writeOut: (text) => process.stdout.write(fitHelp(text, process.stdout.columns)),
      writeErr: (text) => process.stderr.write(fitLines(text, process.stderr.columns)),
    })
    .configureHelp({
      showGlobalOptions: true,
      visibleGlobalOptions(this: Help, command) {
        const options = Help.prototype.visibleGlobalOptions.call(this, command);
        return options.filter((option) => hasUse(command, option));
      },
    })
    .showHelpAfterError('(see ./fpe --help)')
    .exitOverride();
  return program.hook('preAction', (_, command) => requireUses(program, command));
};
