import { Command, Option } from 'commander';
import { startExecution } from '../shared/aws/executions.ts';
import { kindOfMachine, nameInArn } from '../shared/execution/arns.ts';
import { machineOfInput } from '../shared/inputs/machines.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { readExecutionInput } from './execution-input.ts';
import { connectToMachine, type GlobalOptions, machineStageOption } from './find-execution.ts';
import { requireLocalNeeds } from './local-needs.ts';
import { printText } from './print.ts';
import { quoted } from './quoted.ts';
import { follow, followStarted } from './watch.ts';

type Options = { name?: string; detach?: boolean; yes?: boolean; pretrained?: 'true' | 'false' };

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachine,
  confirm: confirmExpense,
  requireLocalNeeds,
  startExecution,
  follow,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe start`: one execution, of the machine that the input is meant for. */
export function startCommand(effects: Effects = EFFECTS): Command {
  return new Command('start')
    .argument('<input>', 'station id, JSON file, JSON text, or - for standard input')
    .addOption(machineStageOption())
    .option('--name <name>', 'name of the execution; must be new')
    .addOption(
      new Option(
        '--pretrained <answer>',
        'whether a training starts from ImageNet weights; overrides the input',
      ).choices(['true', 'false']),
    )
    .option('--detach', 'do not watch it')
    .addOption(yesOption())
    .action((given: string, options: Options, command: Command) =>
      startAndFollow(given, options, command, effects),
    );
}

async function startAndFollow(
  given: string,
  { name, detach, yes, pretrained }: Options,
  command: Command,
  { connect, confirm, requireLocalNeeds, startExecution, follow, print }: Effects,
): Promise<void> {
  const { machine = process.env.FPE_STATE_MACHINE } = command.optsWithGlobals<GlobalOptions>();
  const input = {
    ...readExecutionInput(
      given,
      machine === undefined ? undefined : (kindOfMachine(machine) ?? 'train-station'),
    ),
    ...(pretrained !== undefined && { pretrained: pretrained === 'true' }),
  };
  const { connection, stateMachineArn } = await connect(command, machineOfInput(input));
  const kind = kindOfMachine(stateMachineArn) ?? machineOfInput(input);
  if (connection.kind === 'local')
    await requireLocalNeeds(kind, input, `./fpe start ${quoted(given)} --pretrained false`);
  await confirm(connection, yes, async () => {
    const { costOfExecution } = await import('./expenses.ts');
    return { what: `This starts ${nameInArn(stateMachineArn)}`, cost: costOfExecution(kind, input) };
  });
  const executionArn = await startExecution(stateMachineArn, input, name ?? null);
  await followStarted(detach, connection, executionArn, { follow, print });
}
