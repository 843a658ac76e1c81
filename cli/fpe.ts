import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { StageInvalid } from '../config/stage.ts';
import { StackFailed } from '../deployment/stack.ts';
import { pipelineVersion } from '../host/version.ts';
import { AccessDenied, PipelineError } from '../shared/errors.ts';
import { UsageError } from './connection.ts';
import { demoCommand } from './demo.ts';
import { deployCommand } from './deploy.ts';
import { doctorCommand } from './doctor.ts';
import { environmentCommand } from './environment.ts';
import { importCommand } from './import.ts';
import { listCommand } from './list.ts';
import { localCommand } from './local.ts';
import { modelsCommand, promoteCommand, restoreCommand, unpublishCommand } from './models.ts';
import { packageCommand } from './package.ts';
import { redriveCommand } from './redrive.ts';
import { refreshCommand } from './refresh.ts';
import { removeCommand } from './remove.ts';
import { schemaCommand } from './schema.ts';
import { showCommand } from './show.ts';
import { smokeCommand } from './smoke.ts';
import { startCommand } from './start.ts';
import { stopCommand } from './stop.ts';
import { verifyCommand, withExitCode } from './verify.ts';
import { watchCommand } from './watch.ts';

const ROOT = join(import.meta.dirname, '..');

const program = new Command('fpe')
  .version(pipelineVersion(ROOT), '-V, --version', 'version and commit of the pipeline')
  .description('From stream photos and annotation pairs to a published ranking model')
  .option('--aws', 'use AWS even while the local stack runs')
  .option(
    '--machine <name>',
    'train-station, score-station, refresh-stations, a name or an ARN; default: what the command or the input is about, or FPE_STATE_MACHINE',
  )
  .addHelpText(
    'after',
    `
EXECUTION is a name or an ARN; without it the newest one is meant.
The local stack is used while it runs, otherwise AWS with the credentials and the region of the environment.

Examples:
  npx fpe demo                                 everything on this computer, with a station that is made up
  npx fpe local                                the stack alone, until Ctrl-C
  npx fpe start events/train-station.json      start an execution and watch it
  npx fpe start '{"station_id": 29}' --detach  start one and go on
  npx fpe refresh --stations stations.txt      train or score many stations, as each needs it
  npx fpe list                                 what ran lately; --machine refresh-stations for refreshes
  npx fpe show                                 everything about the newest one
  npx fpe verify --all                         do rows, files and claims fit together?
  npx fpe doctor --stage prod                  does the account have what the stage needs?
  npx fpe deploy --stage prod --dry-run        what would a deployment change?
  npx fpe smoke --stage prod --station 29      does what was deployed work? step by step, for cents`,
  )
  .showHelpAfterError('(npx fpe --help tells more)')
  .exitOverride();

for (const command of [
  demoCommand(),
  startCommand(),
  refreshCommand(),
  watchCommand(),
  listCommand(),
  showCommand(),
  stopCommand(),
  redriveCommand(),
  schemaCommand(),
  importCommand(),
  localCommand(),
  environmentCommand(),
  doctorCommand(),
  packageCommand(),
  deployCommand(),
  smokeCommand(),
  modelsCommand(),
  promoteCommand(),
  unpublishCommand(),
  restoreCommand(),
  removeCommand(),
])
  program.addCommand(command.copyInheritedSettings(program));
program.addCommand(withExitCode(verifyCommand().copyInheritedSettings(program)));

try {
  await program.parseAsync();
} catch (error) {
  // A command may have codes of its own.
  process.exitCode ??= error instanceof CommanderError ? error.exitCode : 1;
  if (!(error instanceof CommanderError)) console.error(describeError(error));
}

/** What a person did wrong is said without a stack trace; what we did wrong, with it. */
function describeError(error: unknown): string {
  if (error instanceof UsageError || error instanceof StageInvalid || error instanceof StackFailed)
    return error.message;
  if (error instanceof AccessDenied && (error.cause as Error).name === 'CredentialsProviderError')
    return 'There are no AWS credentials here, and no local stack runs. Log in to AWS, or start the stack with: npx fpe local';
  if (error instanceof PipelineError) return `${error.name}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return error.stack ?? error.message;
}
