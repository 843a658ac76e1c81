import { Command } from 'commander';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { countOf } from '../shared/formats/numbers.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { createSchema, planSchema, type SchemaPlan } from '../shared/fpe-database/schema.ts';
import { connect, UsageError } from './connection.ts';
import { optionalStageOption, useStage } from './stage.ts';
import { tableLines } from './table.ts';

type Options = { stage?: string; dryRun?: boolean };

/** `fpe schema`: creates the tables of FPE in a new database. */
export function schemaCommand(): Command {
  return new Command('schema')
    .description('Create the tables of FPE in a database that has none of them')
    .addOption(optionalStageOption())
    .option('--dry-run', 'only say what would be created')
    .addHelpText(
      'after',
      `
--stage says where, or the environment: DB_SECRET_ID (and DB_HOST for a secret that RDS manages), or DB_HOST, DB_PORT,
DB_NAME, DB_USER and DB_PASSWORD. Otherwise it is the local stack's database, which has the tables already.
What exists is never altered: a database with all of the tables stays as it is, one with some of them, or one that the
migrations of FPE keep, is refused.`,
    )
    .action(runSchema);
}

async function runSchema(options: Options, command: Command): Promise<void> {
  if (options.stage) await useStage(options.stage);
  if (!optionalSetting('DB_HOST') && !optionalSetting('DB_SECRET_ID')) {
    const connection = await connect(command.optsWithGlobals());
    if (!optionalSetting('DB_HOST'))
      throw new UsageError(
        `No database is named, and ${connection.description} names none. Give --stage NAME, or set DB_SECRET_ID (for a secret that RDS manages DB_HOST too), or DB_HOST, DB_USER and DB_PASSWORD.`,
      );
  }
  const plan = await withDatabase(options.dryRun ? planSchema : createSchema, DATABASE_LIMITS.byHand);
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
    ...tableLines([row(tables, 'table'), row(types, 'type'), row(functions, 'function')], { indent: '  ' }),
    '  and the rows of model_types and variables',
    '',
    isDryRun ? 'Nothing was written.' : 'To fill them: npx fpe import FOLDER',
  ].join('\n');
}

const row = (names: readonly string[], what: string): string[] => [
  countOf(names.length, what),
  names.join(', '),
];
