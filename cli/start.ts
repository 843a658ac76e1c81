import { Command, Option } from 'commander';
import { startExecution } from '../shared/aws/executions.ts';
import { RequestRefused } from '../shared/errors.ts';
import { kindOfMachine, nameInArn } from '../shared/execution/arns.ts';
import { machineOfInput } from '../shared/inputs/machines.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { readExecutionInput } from './execution-input.ts';
import { connectToMachine, type GlobalOptions, machineStageOption } from './find-execution.ts';
import { requireLocalNeeds } from './local-needs.ts';
import { printText } from './print.ts';
import { sameCommand } from './same-command.ts';
import { UsageError } from './usage-error.ts';
import { follow, followStarted } from './watch.ts';

export const pretrainedOption = (): Option =>
  new Option(
    '--pretrained <answer>',
    'whether trainings start from ImageNet weights; overrides the input',
  ).choices(['true', 'false']);

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
    .addOption(pretrainedOption())
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
  const read = readExecutionInput(
    given,
    machine === undefined ? undefined : (kindOfMachine(machine) ?? 'train-station'),
  );
  const input = {
    ...read,
    ...(pretrained !== undefined && { pretrained: pretrained === 'true' }),
  };
  const { connection, stateMachineArn } = await connect(command, machineOfInput(input));
  const kind = kindOfMachine(stateMachineArn) ?? machineOfInput(input);
  if (pretrained !== undefined && kind !== 'train-station')
    throw new UsageError(`--pretrained is for trainings, and this is an execution of ${kind}. Leave it out.`);
  if (connection.kind === 'local')
    await requireLocalNeeds(
      kind,
      input,
      sameCommand(command, { options: { '--pretrained': 'false' }, input: read }),
    );
  await confirm(connection, yes, async () => {
    const { costOfExecution } = await import('./expenses.ts');
    return { what: `This starts ${nameInArn(stateMachineArn)}`, cost: costOfExecution(kind, input) };
  });
  const executionArn = await startNamed(startExecution, stateMachineArn, input, name);
  await followStarted(detach, connection, executionArn, { follow, print });
}

/** @throws UsageError where the name is taken; Step Functions keeps names for 90 days */
export async function startNamed(
  start: typeof startExecution,
  machineArn: string,
  input: object,
  name: string | undefined,
): Promise<string> {
  try {
    return await start(machineArn, input, name ?? null);
  } catch (error) {
    if (!(error instanceof RequestRefused) || error.code !== 'ExecutionAlreadyExists') throw error;
    throw new UsageError(
      `There is an execution ${name} already, which had another input or has ended. Give another --name, or leave it out.`,
      { cause: error },
    );
  }
}
