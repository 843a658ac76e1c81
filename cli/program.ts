import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { pipelineVersion } from '../host/version.ts';
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

/** Every command of fpe; parsing throws, so that tests can run it in their own process. */
export function fpeProgram(): Command {
  const program = newProgram();
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
  return program;
}

const newProgram = (): Command =>
  new Command('fpe')
    .option('-V, --version', 'version and commit of the pipeline')
    // Git is asked only now, not at the start of every command.
    .on('option:version', () => {
      const version = pipelineVersion(ROOT);
      console.log(version);
      throw new CommanderError(0, 'commander.version', version);
    })
    .description('From stream photos and annotation pairs to a published ranking model')
    .option('--aws', 'use AWS even if the local stack is running')
    .option('--folder <folder>', 'folder of the local stack (default: .local)')
    .option(
      '--machine <name>',
      'train-station, score-station, refresh-stations, a name or an ARN; default: FPE_STATE_MACHINE, or the machine that fits the command or input',
    )
    .addHelpText(
      'after',
      `
EXECUTION is a name or an ARN, of any machine of the stage; the default is the latest execution of all.
Commands use the local stack while it is running, otherwise AWS with the credentials and region of the environment.

Examples:
  ./fpe demo                                 everything on this computer, with a synthetic station
  ./fpe local                                run only the stack, until Ctrl-C
  ./fpe start events/train-station.json      start an execution and watch it
  ./fpe start '{"station_id": 29}' --detach  start one without watching it
  ./fpe refresh --stations stations.txt      train or score many stations, each as needed
  ./fpe list                                 recent executions; --machine refresh-stations for refreshes
  ./fpe show                                 everything about the latest one
  ./fpe verify --all                         check that rows, files and claims agree
  ./fpe doctor --stage prod                  check the prerequisites of a stage
  ./fpe deploy --stage prod --dry-run        show what a deployment would change
  ./fpe smoke --stage prod --station 29      test the deployed stack step by step, for cents`,
    )
    .showHelpAfterError('(see ./fpe --help)')
    .exitOverride();
