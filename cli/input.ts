import { Command } from 'commander';
import { describeExecution } from '../shared/aws/executions.ts';
import { parseJson } from '../shared/formats/json.ts';
import { parametersIn } from '../shared/inputs/parameters.ts';
import { connectToMachines, findExecution, machineStageOption } from './find-execution.ts';
import { printJson } from './print.ts';

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  describeExecution,
  printJson,
  /** For a person: only the input is on standard output. */
  remark: (text: string): void => console.error(text),
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
  ./fpe start again.json`,
    )
    .action(async (given: string | undefined, _options: object, command: Command) => {
      const { machineArns } = await effects.connect(command, given);
      const { input } = await effects.describeExecution(await effects.findExecution(given, machineArns));
      const parameters = parametersIn(parseJson(input ?? '{}')) as Record<string, unknown>;
      effects.printJson(parameters);
      const remark = remarkOn(parameters);
      if (remark) effects.remark(remark);
    });
}

/** What has to be edited: a code belongs to the model that was made with it. */
function remarkOn({ model_code, dataset_code, overwrite }: Record<string, unknown>): string | null {
  const codes = [model_code, dataset_code].filter((code) => code !== undefined);
  if (codes.length === 0 || overwrite === true) return null;
  return `It names ${codes.join(' and ')}, which may be in use by now: give another code, or add "overwrite": true.`;
}
