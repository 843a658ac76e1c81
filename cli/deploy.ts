import { Command } from 'commander';
import { planDeployment, uploadPackage } from '../deployment/deploy.ts';
import { blocking, preflight } from '../deployment/preflight.ts';
import { makeChanges } from '../deployment/stack.ts';
import { deleteChangeSet } from '../shared/aws/stacks.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { describeChecks } from './doctor.ts';
import { compileQuietly, packageFolder, packageWithProgress } from './package.ts';
import { printText } from './print.ts';
import { describeChanges, describeEvent, describeOutputs } from './stack-changes.ts';
import { connectToStage, stageOption } from './stage.ts';
import { UsageError } from './usage-error.ts';

type Options = { stage: string; dryRun?: boolean; checks: boolean; yes?: boolean };

/** The command's effects. */
const EFFECTS = {
  connect: connectToStage,
  preflight,
  package: packageWithProgress,
  uploadPackage,
  planDeployment,
  confirm: confirmExpense,
  deleteChangeSet,
  makeChanges,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe deploy`: from the sources to a stack in AWS. */
export function deployCommand(effects: Effects = EFFECTS): Command {
  return new Command('deploy')
    .addOption(stageOption())
    .option('--dry-run', 'only show what would change')
    .option('--no-checks', 'skip the check of the prerequisites')
    .addOption(yesOption())
    .action((options: Options) => runDeploy(options, effects));
}

async function runDeploy(options: Options, effects: Effects): Promise<void> {
  const { stage, connection } = await effects.connect(options.stage);
  if (options.checks) {
    const found = await effects.preflight(stage, () => compileQuietly(stage.stage));
    const stopping = blocking(found);
    if (stopping.length > 0)
      throw new UsageError(
        `${describeChecks(stopping)}\n\nNothing was deployed. ./fpe doctor --stage ${stage.stage} shows all checks; --no-checks deploys anyway.`,
      );
  }
  const manifest = await effects.package(stage.stage);
  const uploaded = await effects.uploadPackage(packageFolder(stage.stage), manifest);
  effects.print(
    `Uploaded ${uploaded} of ${manifest.archives.length + 1} files to ${manifest.template.bucket}; the rest were already there`,
  );
  const { changeSet, isNew, changes } = await effects.planDeployment(manifest);
  if (changeSet === null) {
    effects.print(`No changes: ${manifest.stack} is up to date.`);
    return;
  }
  effects.print(
    `\n${manifest.stack} ${isNew ? 'will be created' : 'will change'}:\n${describeChanges(changes)}\n`,
  );
  if (options.dryRun) {
    await effects.deleteChangeSet(manifest.stack, changeSet);
    effects.print('Nothing was changed.');
    return;
  }
  const expense = async () => {
    const { costOfPipeline } = await import('./expenses.ts');
    return { what: `This ${isNew ? 'creates' : 'updates'} ${manifest.stack}`, cost: costOfPipeline() };
  };
  await effects.confirm(connection, options.yes, expense).catch(async (error) => {
    await effects.deleteChangeSet(manifest.stack, changeSet);
    throw error;
  });
  const made = await effects.makeChanges(manifest.stack, changeSet, {
    onEvent: (event) => effects.print(describeEvent(event)),
  });
  effects.print(`\n${manifest.stack} is ${made.StackStatus}.\n${describeOutputs(made)}`);
  effects.print(nextSteps(stage));
}

const nextSteps = ({ stage, notificationEmail }: { stage: string; notificationEmail?: string | undefined }) =>
  `\nNext:${
    notificationEmail
      ? `\n  confirm the subscription that AWS sent to ${notificationEmail}, if it is new`
      : ''
  }\n  ./fpe smoke --stage ${stage} --station ID   (tests it step by step, for cents; publishes nothing)`;
