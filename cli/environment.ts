import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type Environment,
  environmentStackName,
  planEnvironment,
  removeEnvironment,
  stageFileOf,
} from '../deployment/environment.ts';
import { makeChanges } from '../deployment/stack.ts';
import { deleteChangeSet, findStack } from '../shared/aws/stacks.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { type Connection, connect } from './connection.ts';
import { printText } from './print.ts';
import { describeChanges, describeEvent } from './stack-changes.ts';
import { UsageError } from './usage-error.ts';

const CONFIG = join(import.meta.dirname, '..', 'config');

type Options = {
  stage: string;
  app: string;
  region?: string;
  developerCidr?: string;
  instanceClass?: string;
  dryRun?: boolean;
  yes?: boolean;
};

/** The command's effects. */
const EFFECTS = {
  connect,
  planEnvironment,
  confirm: confirmExpense,
  deleteChangeSet,
  makeChanges,
  findStack,
  removeEnvironment,
  /** Folder of the stages' files. */
  config: CONFIG,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe environment`: buckets, network and database for users without stacks of FPE. */
export function environmentCommand(effects: Effects = EFFECTS): Command {
  const command = new Command('environment');
  const subcommand = (name: string) =>
    command
      .command(name)
      .addOption(new Option('--stage <stage>', 'stage to create it for').default('dev'))
      .addOption(new Option('--app <name>', 'first part of all names').default('fpe'))
      .addOption(new Option('--region <region>', 'AWS region; default: that of your profile'));
  subcommand('create')
    .description('Create or change it, and write config/{stage}.yml to match')
    .option(
      '--developer-cidr <range>',
      'addresses that may reach the database, such as 203.0.113.7/32 (search for “my ip” to find yours); default: none',
      developerCidr,
    )
    .option('--instance-class <class>', 'size of the database (default: db.t4g.micro)')
    .option('--dry-run', 'only show what would change')
    .addOption(yesOption())
    .action((options: Options) => create(options, effects));
  subcommand('remove')
    .description('Remove it with everything in it: photos, models and the database')
    .option('--yes', 'do it; otherwise only say what would be removed')
    .action((options: Options) => remove(options, effects));
  return command;
}

/** As required by the template's DeveloperCidr; here, a mistake is found before anything is uploaded. */
function developerCidr(text: string): string {
  if (/^$|^(\d{1,3}\.){3}\d{1,3}\/(2[4-9]|3[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected an IPv4 range of 256 addresses or fewer, such as 203.0.113.7/32, or nothing ("").',
  );
}

async function create({ region, dryRun, yes, ...given }: Options, effects: Effects): Promise<void> {
  const connection = await effects.connect({ aws: true, ...(region && { region }) });
  const environment = environmentOf(given);
  const name = environmentStackName(environment);
  const planned = await effects.planEnvironment(environment);
  const { changeSet, isNew, changes } = planned;
  if (changeSet !== null) {
    effects.print(`${name} ${isNew ? 'will be created' : 'will change'}:\n${describeChanges(changes)}\n`);
    if (dryRun) {
      await effects.deleteChangeSet(name, changeSet);
      effects.print('Nothing was changed. docs/costs.md says what it costs per month.');
      return;
    }
    await confirmCreation({ name, isNew, changeSet }, connection, { ...given, ...(yes && { yes }) }, effects);
    effects.print('Creating a database takes about ten minutes.');
    await effects.makeChanges(name, changeSet, { onEvent: (event) => effects.print(describeEvent(event)) });
  }
  const stack = await effects.findStack(name);
  if (!stack) throw new UsageError(`There is no stack ${name}.`);
  effects.print(`\n${name} is ${stack.StackStatus}.`);
  const text = stageFileOf(stack, { appName: environment.appName, region: String(connection.region) });
  effects.print(writeStageFile(join(effects.config, `${environment.stage}.yml`), text));
  effects.print(`
Next, from an address that may reach the database:
  ./fpe schema --stage ${environment.stage}                 create FPE's tables
  ./fpe import FOLDER --stage ${environment.stage}          load a station
and from anywhere:
  npm run deploy -- --stage ${environment.stage}`);
}

/** Undoes the plan if the answer is no. */
async function confirmCreation(
  { name, isNew, changeSet }: { name: string; isNew: boolean; changeSet: string },
  connection: Connection,
  { yes, instanceClass }: Pick<Options, 'yes' | 'instanceClass'>,
  { confirm, deleteChangeSet }: Effects,
): Promise<void> {
  const expense = async () => {
    const { costOfEnvironment } = await import('./expenses.ts');
    return { what: `This ${isNew ? 'creates' : 'updates'} ${name}`, cost: costOfEnvironment(instanceClass) };
  };
  await confirm(connection, yes, expense).catch(async (error) => {
    await deleteChangeSet(name, changeSet);
    throw error;
  });
}

/** Never replaces a file that a person may have changed. @returns what was done */
function writeStageFile(file: string, text: string): string {
  const name = `config/${basename(file)}`;
  if (existsSync(file))
    return `${name} already exists and was not changed. The environment's values are:\n\n${text}`;
  writeFileSync(file, text);
  return `Wrote ${name}.`;
}

async function remove({ region, yes, ...given }: Options, effects: Effects): Promise<void> {
  const connection = await effects.connect({ aws: true, ...(region && { region }) });
  const environment = environmentOf(given);
  const name = environmentStackName(environment);
  if (!(await effects.findStack(name))) {
    effects.print(`There is no stack ${name} in ${connection.region}.`);
    return;
  }
  if (!yes)
    throw new UsageError(
      `This removes ${name}: its network, its database without a snapshot, and both buckets with every photo and model in them. To do it, add --yes.`,
    );
  const deleted = await effects.removeEnvironment(environment, {
    onEmptying: (bucket) => effects.print(`Emptying ${bucket} …`),
    onEvent: (event) => effects.print(describeEvent(event)),
  });
  effects.print(
    `Removed ${name} and ${deleted} objects. config/${environment.stage}.yml still describes it: delete that file, too.`,
  );
}

const environmentOf = ({
  stage,
  app,
  developerCidr,
  instanceClass,
}: Omit<Options, 'region'>): Environment => ({
  appName: app,
  stage,
  ...(developerCidr !== undefined && { developerCidr }),
  ...(instanceClass !== undefined && { instanceClass }),
});
