import { Command, Option } from 'commander';
import { findExecutionOutcome, startExecution } from '../shared/aws/executions.ts';
import { RequestRefused } from '../shared/errors.ts';
import { executionArn, kindOfMachine, nameInArn } from '../shared/execution/arns.ts';
import { MACHINE_INPUTS, type MachineKind, machineOfInput } from '../shared/inputs/machines.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { INPUT_FORMS, placeOfInput, readExecutionInput } from './execution-input.ts';
import { connectToMachine, type GlobalOptions, machineStageOption } from './find-execution.ts';
import { requireFreeCode } from './free-code.ts';
import { requireLocalNeeds } from './local-needs.ts';
import { printText } from './print.ts';
import { requireRefreshNeeds } from './refresh-needs.ts';
import { sameCommand } from './same-command.ts';
import { UsageError } from './usage-error.ts';
import { follow, followStarted } from './watch.ts';

export const pretrainedOption = (): Option =>
  new Option(
    '--pretrained <answer>',
    'whether trainings start from ImageNet weights; overrides the input',
  ).choices(['true', 'false']);

type Options = {
  name?: string;
  modelCode?: string;
  detach?: boolean;
  yes?: boolean;
  pretrained?: 'true' | 'false';
};

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachine,
  confirm: confirmExpense,
  requireLocalNeeds,
  requireRefreshNeeds,
  requireFreeCode,
  findExecutionOutcome,
  startExecution,
  follow,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe start`: one execution, of the machine that the input is meant for. */
export function startCommand(effects: Effects = EFFECTS): Command {
  return new Command('start')
    .argument('<input>', INPUT_FORMS)
    .addOption(machineStageOption())
    .option('--name <name>', 'name of the execution; must be new')
    .option(
      '--model-code <code>',
      'of the model that is trained, or that scores; overrides the input, whose default is the code of the day',
    )
    .addOption(pretrainedOption())
    .option('--detach', 'do not watch it')
    .addOption(yesOption())
    .action((given: string, options: Options, command: Command) =>
      startAndFollow(given, options, command, effects),
    );
}

async function startAndFollow(
  given: string,
  options: Options,
  command: Command,
  { connect, confirm, startExecution, follow, print, ...effects }: Effects,
): Promise<void> {
  const { machine = process.env.FPE_STATE_MACHINE } = command.optsWithGlobals<GlobalOptions>();
  const read = readExecutionInput(
    given,
    machine === undefined ? undefined : (kindOfMachine(machine) ?? 'train-station'),
  );
  const { pretrained, modelCode } = options;
  const input = {
    ...read,
    ...(pretrained !== undefined && { pretrained: pretrained === 'true' }),
    ...(modelCode !== undefined && { model_code: modelCode }),
  };
  const { connection, stateMachineArn } = await connect(command, machineOfInput(input));
  const kind = kindOfMachine(stateMachineArn) ?? machineOfInput(input);
  requireFitting(kind, options);
  MACHINE_INPUTS[kind].parse(input);
  if (connection.kind === 'local') {
    const without = await takenName(stateMachineArn, options.name, effects);
    await requireLocally(kind, input, placeOfInput(given), effects, (options, name = command.name()) =>
      sameCommand(command, { name, options, without, input: read }),
    );
  }
  await confirm(connection, options.yes, async () => {
    const { costOfExecution } = await import('./expenses.ts');
    return { what: `This starts ${nameInArn(stateMachineArn)}`, cost: costOfExecution(kind, input) };
  });
  const started = await startNamed(startExecution, stateMachineArn, input, options.name);
  await followStarted(options.detach, connection, started, { follow, print });
}

/** @throws UsageError for an option that the machine has no use for */
function requireFitting(kind: MachineKind, { pretrained, modelCode }: Options): void {
  if (pretrained !== undefined && kind !== 'train-station')
    throw new UsageError(`--pretrained is for trainings, and this is an execution of ${kind}. Leave it out.`);
  if (modelCode !== undefined && kind === 'refresh-stations')
    throw new UsageError('--model-code is for one model, and a refresh may train many. Leave it out.');
}

/** What the machine's first function would find later. @param again the same start with other options, or by another command */
async function requireLocally(
  kind: MachineKind,
  input: Record<string, unknown>,
  where: string,
  { requireLocalNeeds, requireRefreshNeeds, requireFreeCode }: Needs,
  again: (options: Record<string, string>, name?: string) => string,
): Promise<void> {
  if (kind === 'refresh-stations') {
    // Its options are those of fpe refresh.
    await requireRefreshNeeds(input, where, {
      without: again({ '--pretrained': 'false' }, 'refresh'),
      scoring: again({ '--mode': 'score' }, 'refresh'),
    });
    return;
  }
  await requireLocalNeeds(kind, input, { without: again({ '--pretrained': 'false' }) });
  if (kind === 'train-station') await requireFreeCode(input, (code) => again({ '--model-code': code }));
}
type Needs = Pick<Effects, 'requireLocalNeeds' | 'requireRefreshNeeds' | 'requireFreeCode'>;

/** @returns --name where no other execution can be started with it, so that no proposal has it */
export const takenName = async (
  machineArn: string,
  name: string | undefined,
  { findExecutionOutcome }: Pick<Effects, 'findExecutionOutcome'>,
): Promise<string[]> =>
  name !== undefined && (await findExecutionOutcome(executionArn(machineArn, name))) ? ['--name'] : [];

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
