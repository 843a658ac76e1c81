import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
import { connect, UsageError } from './connection.ts';
import { describeChanges, describeEvent } from './stack-changes.ts';

const CONFIG = join(import.meta.dirname, '..', 'config');

type Options = {
  stage: string;
  app: string;
  region: string;
  developerCidr?: string;
  instanceClass?: string;
  dryRun?: boolean;
  yes?: boolean;
};

/** `fpe environment`: buckets, network and database for users without stacks of FPE. */
export function environmentCommand(): Command {
  const command = new Command('environment');
  const subcommand = (name: string) =>
    command
      .command(name)
      .addOption(new Option('--stage <stage>', 'stage to create it for').default('dev'))
      .addOption(new Option('--app <name>', 'first part of all names').default('fpe'))
      .addOption(new Option('--region <region>', 'AWS region').default('us-west-2'));
  subcommand('create')
    .description('Create or change it, and write config/{stage}.yml to match')
    .option(
      '--developer-cidr <range>',
      'addresses that may reach the database, such as 203.0.113.7/32 (search for “my ip” to find yours); default: none',
      developerCidr,
    )
    .option('--instance-class <class>', 'size of the database (default: db.t4g.micro)')
    .option('--dry-run', 'only show what would change')
    .action(create);
  subcommand('remove')
    .description('Remove it with everything in it: photos, models and the database')
    .option('--yes', 'do it; otherwise only say what would be removed')
    .action(remove);
  return command;
}

/** As required by the template's DeveloperCidr; here, a mistake is found before anything is uploaded. */
function developerCidr(text: string): string {
  if (/^$|^(\d{1,3}\.){3}\d{1,3}\/(2[4-9]|3[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected an IPv4 range of 256 addresses or fewer, such as 203.0.113.7/32, or nothing ("").',
  );
}

async function create({ region, dryRun, ...given }: Options): Promise<void> {
  await connectTo(region);
  const environment = environmentOf(given);
  const name = environmentStackName(environment);
  const { changeSet, isNew, changes } = await planEnvironment(environment);
  if (changeSet !== null) {
    console.log(`${name} ${isNew ? 'will be created' : 'will change'}:\n${describeChanges(changes)}\n`);
    if (dryRun) {
      await deleteChangeSet(name, changeSet);
      console.log('Nothing was changed. docs/costs.md says what it costs per month.');
      return;
    }
    console.log('Creating a database takes about ten minutes.');
    await makeChanges(name, changeSet, { onEvent: (event) => console.log(describeEvent(event)) });
  }
  const stack = await findStack(name);
  if (!stack) throw new UsageError(`There is no stack ${name}.`);
  console.log(`\n${name} is ${stack.StackStatus}.`);
  writeStageFile(environment.stage, stageFileOf(stack, { appName: environment.appName, region }));
  console.log(`
Next, from an address that may reach the database:
  ./fpe schema --stage ${environment.stage}                 create FPE's tables
  ./fpe import FOLDER --stage ${environment.stage}          load a station
and from anywhere:
  npm run deploy -- --stage ${environment.stage}`);
}

/** Never replaces a file that a person may have changed. */
function writeStageFile(stage: string, text: string): void {
  const file = join(CONFIG, `${stage}.yml`);
  if (!existsSync(file)) {
    writeFileSync(file, text);
    console.log(`Wrote config/${stage}.yml.`);
    return;
  }
  console.log(
    `config/${stage}.yml already exists and was not changed. The environment's values are:\n\n${text}`,
  );
}

async function remove({ region, yes, ...given }: Options): Promise<void> {
  await connectTo(region);
  const environment = environmentOf(given);
  const name = environmentStackName(environment);
  if (!(await findStack(name))) {
    console.log(`There is no stack ${name} in ${region}.`);
    return;
  }
  if (!yes)
    throw new UsageError(
      `This removes ${name}: its network, its database without a snapshot, and both buckets with every photo and model in them. To do it, add --yes.`,
    );
  const deleted = await removeEnvironment(environment, {
    onEmptying: (bucket) => console.log(`Emptying ${bucket} …`),
    onEvent: (event) => console.log(describeEvent(event)),
  });
  console.log(
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

async function connectTo(region: string): Promise<void> {
  process.env.AWS_REGION = region;
  process.env.AWS_DEFAULT_REGION = region;
  await connect({ aws: true });
}
