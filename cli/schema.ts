import { Command } from 'commander';
import { countOf } from '../shared/formats/numbers.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { createSchema, planSchema, type SchemaPlan } from '../shared/fpe-database/schema.ts';
import { printText } from './print.ts';
import { connectToData, optionalStageOption } from './stage.ts';
import { tableLines } from './table.ts';

type Options = { stage?: string; dryRun?: boolean };

/** The command's effects. */
const EFFECTS = {
  connect: connectToData,
  planSchema: (): Promise<SchemaPlan> => withDatabase(planSchema, DATABASE_LIMITS.byHand),
  createSchema: (): Promise<SchemaPlan> => withDatabase(createSchema, DATABASE_LIMITS.byHand),
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe schema`: creates the tables of FPE in a new database. */
export function schemaCommand(effects: Effects = EFFECTS): Command {
  return new Command('schema')
    .addOption(optionalStageOption())
    .option('--dry-run', 'only show what would be created')
    .addHelpText(
      'after',
      `
--stage says where, or the environment: DB_SECRET_ID (and DB_HOST for a secret that RDS manages), or DB_HOST, DB_PORT,
DB_NAME, DB_USER and DB_PASSWORD. Otherwise it uses the local stack's database, which already has the tables.
Existing tables are never altered: a database with all tables stays as it is; one with only some of them, or one managed by
FPE's migrations, is rejected.`,
    )
    .action(async ({ stage, dryRun = false }: Options, command: Command) => {
      await effects.connect(stage, command);
      const plan = await (dryRun ? effects.planSchema() : effects.createSchema());
      effects.print(describeSchema(plan, dryRun));
    });
}

/** What the command did, or would do, for the terminal. */
export function describeSchema(
  { state, where, tables, types, functions }: SchemaPlan,
  isDryRun: boolean,
): string {
  if (state === 'complete') return `${where} already has the FPE schema. Nothing was changed.`;
  const verb = isDryRun ? 'would be created' : 'are created';
  return [
    `In ${where} ${verb}:`,
    ...tableLines([row(tables, 'table'), row(types, 'type'), row(functions, 'function')], { indent: '  ' }),
    '  and the rows of model_types and variables',
    '',
    isDryRun ? 'Nothing was written.' : 'To fill them: ./fpe import FOLDER',
  ].join('\n');
}

const row = (names: readonly string[], what: string): string[] => [
  countOf(names.length, what),
  names.join(', '),
];
