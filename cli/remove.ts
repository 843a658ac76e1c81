import { Command } from 'commander';
import { removeArtifacts } from '../deployment/deploy.ts';
import { stackName } from '../deployment/package.ts';
import { removeStack } from '../deployment/stack.ts';
import { findStack } from '../shared/aws/stacks.ts';
import { printText } from './print.ts';
import { describeEvent } from './stack-changes.ts';
import { connectToStage, stageOption } from './stage.ts';
import { UsageError } from './usage-error.ts';

/** The command's effects. */
const EFFECTS = { connect: connectToStage, findStack, removeStack, removeArtifacts, print: printText };
type Effects = typeof EFFECTS;

/** `fpe remove`: deletes the stack of a stage and its archives, but nothing that belongs to a model. */
export function removeCommand(effects: Effects = EFFECTS): Command {
  return new Command('remove')
    .addOption(stageOption())
    .option('--yes', 'do it; otherwise only say what would be removed')
    .action(async ({ stage: name, yes }: { stage: string; yes?: boolean }) => {
      const { stage } = await effects.connect(name);
      const stack = stackName(stage);
      const found = await effects.findStack(stack);
      if (!yes)
        throw new UsageError(
          `This removes ${found ? `the stack ${stack}` : `what is left of ${stack}`}: its functions, machines, roles, logs, alarms and notifications, and its archives in ${stage.modelBucket}/deploy/. Photos, datasets, models and the database stay. Running executions are stopped. To do it, add --yes.`,
        );
      await effects.removeStack(stack, { onEvent: (event) => effects.print(describeEvent(event)) });
      const artifacts = await effects.removeArtifacts(stage);
      effects.print(
        `${found ? `Removed ${stack}` : `There is no stack ${stack}`}; deleted ${artifacts} of its archives from ${stage.modelBucket}.`,
      );
    });
}
