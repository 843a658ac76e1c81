import { Command } from 'commander';
import { describeExecution } from '../shared/aws/executions.ts';
import { kindOfMachine } from '../shared/execution/arns.ts';
import { parseJson } from '../shared/formats/json.ts';
import { machineOfInput } from '../shared/inputs/machines.ts';
import { parametersIn } from '../shared/inputs/parameters.ts';
import { connectToMachines, findExecution, machineStageOption } from './find-execution.ts';
import { printJson, printRemark } from './print.ts';

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  describeExecution,
  printJson,
  /** For a person: only the input is on standard output. */
  remark: printRemark,
};
type Effects = typeof EFFECTS;

/** `fpe input`: the input of an earlier execution, to be edited and given to `fpe start`. */
export function inputCommand(effects: Effects = EFFECTS): Command {
  return new Command('input')
    .argument('[execution]', 'name or ARN; default: the latest')
    .addOption(machineStageOption())
    .addHelpText(
      'after',
      `
  ./fpe input try-1 > again.json    edit it, then
  ./fpe start again.json            with --machine score-station, if it says so`,
    )
    .action(async (given: string | undefined, _options: object, command: Command) => {
      const { machineArns } = await effects.connect(command, given);
      const executionArn = await effects.findExecution(given, machineArns);
      const { input } = await effects.describeExecution(executionArn);
      const parameters = parametersIn(parseJson(input ?? '{}')) as Record<string, unknown>;
      effects.printJson(parameters);
      const remarks = [remarkOnMachine(parameters, executionArn), remarkOnCodes(parameters)];
      for (const remark of remarks) if (remark) effects.remark(remark);
    });
}

/** An input alone does not always say which machine it is for. */
function remarkOnMachine(parameters: Record<string, unknown>, executionArn: string): string | null {
  const machine = kindOfMachine(executionArn);
  if (machine === null || machineOfInput(parameters) === machine) return null;
  return `It is of ${machine}, and would be taken for one of ${machineOfInput(parameters)}. To start it again, name the machine: ./fpe start again.json --machine ${machine}`;
}

/** What has to be edited: a code belongs to the model that was made with it. */
function remarkOnCodes({ model_code, dataset_code, overwrite }: Record<string, unknown>): string | null {
  const codes = [model_code, dataset_code].filter((code) => code !== undefined);
  if (codes.length === 0 || overwrite === true) return null;
  return `It names ${codes.join(' and ')}, which may be in use by now: give another code, or add "overwrite": true.`;
}
