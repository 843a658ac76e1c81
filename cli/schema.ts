import { Command } from 'commander';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { withDatabase } from '../shared/aws/database.ts';
import { createSchema, planSchema, type SchemaPlan } from '../shared/fpe-database/schema.ts';
import { connect, UsageError } from './connection.ts';

type Options = { dryRun?: boolean };

/** `fpe schema`: creates the tables of FPE in a new database. */
export function schemaCommand(): Command {
  return new Command('schema')
    .description('Create the tables of FPE in a database that has none of them')
    .option('--dry-run', 'only say what would be created')
    .addHelpText(
      'after',
      `
The environment says where: DB_SECRET_ID, or DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD; DB_HOST as well for a
secret that RDS manages. Otherwise it is the local stack's database, which has the tables already.
What exists is never altered: a database with all of the tables stays as it is, one with some of them, or one that the
migrations of FPE keep, is refused.`,
    )
    .action(runSchema);
}

async function runSchema(options: Options, command: Command): Promise<void> {
  if (!optionalSetting('DB_HOST') && !optionalSetting('DB_SECRET_ID')) {
    const connection = await connect(command.optsWithGlobals());
    if (!optionalSetting('DB_HOST'))
      throw new UsageError(
        `No database is named, and ${connection.description} names none. Set DB_SECRET_ID (for a secret that RDS manages DB_HOST too), or DB_HOST, DB_USER and DB_PASSWORD.`,
      );
  }
  const plan = await withDatabase(options.dryRun ? planSchema : createSchema);
  console.log(describeSchema(plan, options.dryRun === true));
}

/** What the command did, or would do, for the terminal. */
export function describeSchema(
  { state, where, tables, types, functions }: SchemaPlan,
  isDryRun: boolean,
): string {
  if (state === 'complete') return `${where} has the FPE schema already. Nothing was changed.`;
  const verb = isDryRun ? 'would be created' : 'are created';
  return [
    `In ${where} ${verb}:`,
    ...[count(tables, 'table'), count(types, 'type'), count(functions, 'function')],
    '  and the rows of model_types and variables',
    '',
    isDryRun ? 'Nothing was written.' : 'To fill them: npx fpe import FOLDER',
  ].join('\n');
}

const count = (names: readonly string[], what: string): string =>
  `  ${`${names.length} ${what}${names.length === 1 ? '' : 's'}`.padEnd(12)}${names.join(', ')}`;
