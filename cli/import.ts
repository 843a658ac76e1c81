import { resolve } from 'node:path';
import { Command } from 'commander';
import { optionalSetting, setting } from '../shared/aws/configuration.ts';
import { shownStationName } from '../shared/execution/station.ts';
import { countOf, formatCount } from '../shared/formats/numbers.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { enumerate } from '../shared/fpe-database/import/enumerate.ts';
import {
  type ImportPlan,
  type ImportProgress,
  type ImportResult,
  importExport,
  planImport,
} from '../shared/fpe-database/import/import-stations.ts';
import { type AnnotatedVariable, findAnnotatedVariables } from '../shared/fpe-database/stations.ts';
import { DEFAULT_VARIABLE, type VariableCode, variableOfAnnotation } from '../shared/variables.ts';
import { isShellOfStack } from './connection.ts';
import { hasLocalWeights, LEAST_PAIRS } from './local-needs.ts';
import { printJson, printText } from './print.ts';
import { liveLines } from './progress/live-lines.ts';
import { IMPORT_STEPS, stepLines } from './progress/step-lines.ts';
import { quoted } from './quoted.ts';
import { connectToData, optionalStageOption } from './stage.ts';

type Options = { stage?: string; bucket?: string; dryRun?: boolean; json?: boolean };
type Rows = { images: number; annotations: number; values: number; models: number };
/** Number of existing objects listed in the answer of --dry-run. */
const KEYS_SHOWN = 20;

/** The command's effects. */
const EFFECTS = {
  connect: connectToData,
  planImport,
  importExport,
  /** Whether the import goes to the local stack. */
  isLocal: isShellOfStack,
  hasLocalWeights,
  annotatedVariables: (stationId: number): Promise<AnnotatedVariable[]> =>
    withDatabase((database) => findAnnotatedVariables(database, stationId), DATABASE_LIMITS.byHand),
  /** Progress, separate from the result, which may be piped. */
  terminal: process.stderr,
  print: printText,
  printJson,
};
type Effects = typeof EFFECTS;

/** `fpe import`: loads an export of FPE into the database and the storage bucket. */
export function importCommand(effects: Effects = EFFECTS): Command {
  return new Command('import')
    .argument('<folder>', 'the folder that contains users/')
    .addOption(optionalStageOption())
    .option('--bucket <name>', 'storage bucket (default: STORAGE_BUCKET)')
    .option('--dry-run', 'only check the folder and show what would be loaded')
    .option('--json', 'what was, or would be, loaded as JSON')
    .addHelpText(
      'after',
      `
The folder is loaded into the local stack while it is running, unless --stage or the environment names another target:
DB_SECRET_ID, or DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD; STORAGE_BUCKET; MODEL_BUCKET, to
recognize earlier models; AWS_ENDPOINT_URL_S3 for an S3 other than AWS.
Importing a folder again changes nothing; importing a newer export of it adds rows and files, and updates rows. Nothing is
deleted, no file in the bucket is replaced, photos that show people keep that mark, and only files named by rows of the same station are copied.`,
    )
    .action((folder: string, options: Options, command: Command) =>
      runImport(folder, options, command, effects),
    );
}

async function runImport(
  folder: string,
  { stage, bucket, dryRun, json }: Options,
  command: Command,
  { terminal, print, printJson, ...effects }: Effects,
): Promise<void> {
  await effects.connect(stage, command);
  const storageBucket = bucket ?? setting('STORAGE_BUCKET');
  const view = liveLines(terminal);
  const linesOf = stepLines(IMPORT_STEPS);
  const given = {
    storageBucket,
    modelBucket: optionalSetting('MODEL_BUCKET'),
    onProgress: (progress: ImportProgress) => view.show(linesOf(progress)),
  };
  const load = dryRun ? effects.planImport : effects.importExport;
  const loaded = await load(resolve(folder), given).finally(() => view.done());
  if (json) printJson(loaded);
  else if ('rows' in loaded) {
    print(describeImport(loaded, storageBucket));
    const next = await nextStep(loaded, stage, effects);
    if (next !== null) print(`\n${next}`);
  } else print(describePlan(loaded, storageBucket));
}

/** What to do with the first station, as far as it can be done there; null where nobody says by which machine. */
async function nextStep(
  { stations: [station], missing }: ImportResult,
  stage: string | undefined,
  {
    isLocal,
    hasLocalWeights,
    annotatedVariables,
  }: Pick<Effects, 'isLocal' | 'hasLocalWeights' | 'annotatedVariables'>,
): Promise<string | null> {
  if (!station) return null;
  if (station.annotations === 0)
    return `Station ${station.id} has no annotations yet, which a training learns from. Compare pairs of its photos, on FPE’s website or as docs/stations.md says, then import them.`;
  if (!stage && !isLocal()) return null;
  const { variable_code, pairs } = trainedOn(await annotatedVariables(station.id));
  if (pairs < LEAST_PAIRS)
    return `Station ${station.id} has ${countOf(pairs, 'annotation pair')} for ${variable_code}, and a training needs ${LEAST_PAIRS}. Compare more pairs of its photos, on FPE’s website or as docs/stations.md says, then import them.`;
  const input =
    variable_code === DEFAULT_VARIABLE
      ? String(station.id)
      : quoted(JSON.stringify({ station_id: station.id, variable_code }));
  const begin = missing > 0 ? 'Once the missing files are there, to train a model' : 'To train a model';
  if (stage) return `${begin}: ./fpe start ${input} --stage ${stage}`;
  const without = (await hasLocalWeights())
    ? ''
    : ' --pretrained false (or first, once: ./fpe weights, for the ImageNet weights)';
  return `${begin}: ./fpe start ${input}${without}`;
}

/** The usual variable, unless photos were compared by others alone. */
function trainedOn(annotated: readonly AnnotatedVariable[]): { variable_code: VariableCode; pairs: number } {
  const variables = annotated.flatMap(({ variable, pairs }) => {
    const variable_code = variableOfAnnotation(variable);
    return variable_code === undefined ? [] : [{ variable_code, pairs }];
  });
  const usual = variables.find(({ variable_code }) => variable_code === DEFAULT_VARIABLE);
  return usual ?? variables[0] ?? { variable_code: DEFAULT_VARIABLE, pairs: 0 };
}

/** What an import did, for the terminal. */
export function describeImport(
  { stations, files, rows, notes }: ImportResult,
  storageBucket: string,
): string {
  return [
    ...stations.map(
      ({ id, name, synthetic, ...rows }) =>
        `Station ${id} “${shownStationName(name, synthetic)}”: ${describeRows(rows)}`,
    ),
    `Files in ${storageBucket}: ${formatCount(files.uploaded)} copied, ${formatCount(files.already_there)} already there`,
    describeChanges(rows),
    ...describeNotes(notes),
  ].join('\n');
}

/** More than the photos, sessions and values that are counted while they are written. */
const describeChanges = ({ inserted, updated }: ImportResult['rows']): string =>
  `Rows: ${formatCount(inserted)} added, ${formatCount(updated)} updated${
    inserted > 0
      ? ' (photos, sessions and values, and the stations, sets, users and variables that they belong to)'
      : ''
  }`;

/** What an import would do, for the terminal. */
export function describePlan(
  { stations, files, storage, already_there, notes }: ImportPlan,
  storageBucket: string,
): string {
  return [
    ...stations.map(({ id, name, synthetic, ...rows }) => {
      const whose = id === null ? 'New station' : `Station ${id}`;
      return `${whose} “${shownStationName(name, synthetic)}”: ${describeRows(rows)}`;
    }),
    `${countOf(files, 'file')} for ${storageBucket}`,
    ...storage.map(
      (of) =>
        `  ${countOfKind(of.files, of.kind)}, ${countOf(of.bytes, 'byte')}; ${formatCount(of.already_there)} already there`,
    ),
    ...(already_there.length > 0 ? [`Already there: ${enumerate(already_there, KEYS_SHOWN)}`] : []),
    ...describeNotes(notes),
    '',
    'Nothing was written.',
  ].join('\n');
}

/** e.g. 1 annotation file, 2 files of models */
const countOfKind = (files: number, kind: string): string =>
  `${formatCount(files)} ${files === 1 ? kind.replace(/s\b/, '') : kind}`;

const describeRows = ({ images, annotations, values, models }: Rows): string =>
  [
    countOf(images, 'photo'),
    countOf(annotations, 'annotation session'),
    countOf(values, 'observed value'),
    ...(models > 0 ? [countOf(models, 'model')] : []),
  ].join(', ');

const describeNotes = (notes: readonly string[]): string[] =>
  notes.length === 0 ? [] : ['', ...notes.map((note) => `Note: ${note}`)];
