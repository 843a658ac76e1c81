import { Command } from 'commander';
import { planDeployment, uploadPackage } from '../deployment/deploy.ts';
import { blocking, preflight } from '../deployment/preflight.ts';
import { makeChanges } from '../deployment/stack.ts';
import { deleteChangeSet } from '../shared/aws/stacks.ts';
import { UsageError } from './connection.ts';
import { describeChecks } from './doctor.ts';
import { compileQuietly, packageFolder, packageWithProgress } from './package.ts';
import { describeChanges, describeEvent, describeOutputs } from './stack-changes.ts';
import { connectToStage, stageOption } from './stage.ts';

type Options = { stage: string; dryRun?: boolean; checks: boolean };

/** `fpe deploy`: from the sources to a stack in AWS. */
export function deployCommand(): Command {
  return new Command('deploy')
    .addOption(stageOption())
    .option('--dry-run', 'only show what would change')
    .option('--no-checks', 'skip the check of the prerequisites')
    .action(runDeploy);
}

async function runDeploy({ stage: name, dryRun, checks }: Options): Promise<void> {
  const stage = await connectToStage(name);
  if (checks) {
    const found = await preflight(stage, () => compileQuietly(name));
    const stopping = blocking(found);
    if (stopping.length > 0)
      throw new UsageError(
        `${describeChecks(stopping)}\n\nNothing was deployed. ./fpe doctor --stage ${name} shows all checks; --no-checks deploys anyway.`,
      );
  }
  const manifest = await packageWithProgress(name);
  const uploaded = await uploadPackage(packageFolder(name), manifest);
  console.log(
    `Uploaded ${uploaded} of ${manifest.archives.length + 1} files to ${manifest.template.bucket}; the rest were already there`,
  );
  const { changeSet, isNew, changes } = await planDeployment(manifest);
  if (changeSet === null) {
    console.log(`No changes: ${manifest.stack} is up to date.`);
    return;
  }
  console.log(
    `\n${manifest.stack} ${isNew ? 'will be created' : 'will change'}:\n${describeChanges(changes)}\n`,
  );
  if (dryRun) {
    await deleteChangeSet(manifest.stack, changeSet);
    console.log('Nothing was changed.');
    return;
  }
  const stack = await makeChanges(manifest.stack, changeSet, {
    onEvent: (event) => console.log(describeEvent(event)),
  });
  console.log(`\n${manifest.stack} is ${stack.StackStatus}.\n${describeOutputs(stack)}`);
  console.log(
    `\nNext:${
      stage.notificationEmail
        ? `\n  confirm the subscription that AWS sent to ${stage.notificationEmail}, if it is new`
        : ''
    }\n  ./fpe smoke --stage ${name} --station ID   (tests it step by step, for cents; publishes nothing)`,
  );
}
