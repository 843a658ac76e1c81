import { resolve } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { optionalSetting, setting } from '../shared/aws/configuration.ts';
import { formatCount } from '../shared/formats/numbers.ts';
import { enumerate } from '../shared/fpe-database/import/enumerate.ts';
import {
  type ImportPlan,
  type ImportProgress,
  type ImportResult,
  importExport,
  planImport,
} from '../shared/fpe-database/import/import-stations.ts';
import { connect } from './connection.ts';
import { optionalStageOption, useStage } from './stage.ts';

type Options = { stage?: string; bucket?: string; dryRun?: boolean };
type Rows = { images: number; annotations: number; values: number; models: number };
/** Of the objects that are there already, in the answer of --dry-run. */
const KEYS_SHOWN = 20;

const STEPS: Record<ImportProgress['step'], string> = {
  check: 'Checking stations',
  files: 'Copying files',
  rows: 'Writing rows',
};

/** `fpe import`: loads an export of FPE into the database and the storage bucket. */
export function importCommand(): Command {
  return new Command('import')
    .description('Load a folder in the layout of FPE’s exporter into the database and the storage bucket')
    .argument('<folder>', 'the folder that contains users/')
    .addOption(optionalStageOption())
    .option('--bucket <name>', 'storage bucket (default: STORAGE_BUCKET)')
    .option('--dry-run', 'only check the folder and say what would be loaded')
    .addHelpText(
      'after',
      `
The local stack takes it while it runs, unless --stage or the environment says where to:
DB_SECRET_ID, or DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD; STORAGE_BUCKET; MODEL_BUCKET, which
tells of earlier models; AWS_ENDPOINT_URL_S3 for another S3 than that of AWS.
Importing a folder again changes nothing; importing a newer export of it adds rows and files, and updates rows. Nothing is
deleted, no file of the bucket is replaced, photos that show people go on doing so, and only files that rows of the same station name are copied.`,
    )
    .action(runImport);
}

async function runImport(folder: string, options: Options, command: Command): Promise<void> {
  if (options.stage) await useStage(options.stage);
  // Whoever names a database means that one, whatever else runs on this computer.
  if (!optionalSetting('DB_HOST') && !optionalSetting('DB_SECRET_ID'))
    await connect(command.optsWithGlobals());
  const storageBucket = options.bucket ?? setting('STORAGE_BUCKET');
  const progress = progressBar();
  try {
    const modelBucket = optionalSetting('MODEL_BUCKET');
    const given = { storageBucket, modelBucket, onProgress: progress.show };
    if (options.dryRun) {
      const plan = await planImport(resolve(folder), given);
      progress.stop();
      console.log(describePlan(plan, storageBucket));
    } else {
      const result = await importExport(resolve(folder), given);
      progress.stop();
      console.log(describeImport(result, storageBucket));
      console.log(`\nTo train a model: npx fpe start ${result.stations[0]?.id}`);
    }
  } finally {
    progress.stop();
  }
}

/** One bar for each step; where nobody watches, nothing but the result is printed. */
export function progressBar(): { show: (progress: ImportProgress) => void; stop: () => void } {
  const format = '{step}  {bar} {percentage}%  {value}/{total}  {duration_formatted}';
  let step: ImportProgress['step'] | undefined;
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  const show = (progress: ImportProgress) => {
    if (!process.stderr.isTTY || progress.total === 0) return;
    if (progress.step !== step) {
      stop();
      step = progress.step;
      bar = new SingleBar({ format, hideCursor: true }, Presets.shades_classic);
      bar.start(progress.total, progress.done, { step: STEPS[step].padEnd(17) });
    }
    bar?.update(progress.done);
  };
  return { show, stop };
}

/** What an import did, for the terminal. */
export function describeImport(
  { stations, files, rows, notes }: ImportResult,
  storageBucket: string,
): string {
  return [
    ...stations.map((station) => `Station ${station.id} “${station.name}”: ${describeRows(station)}`),
    `Files in ${storageBucket}: ${formatCount(files.uploaded)} copied, ${formatCount(files.already_there)} there already`,
    `Rows: ${formatCount(rows.inserted)} added, ${formatCount(rows.updated)} updated`,
    ...describeNotes(notes),
  ].join('\n');
}

/** What an import would do, for the terminal. */
export function describePlan(
  { stations, files, storage, already_there, notes }: ImportPlan,
  storageBucket: string,
): string {
  return [
    ...stations.map(({ id, name, ...rows }) => {
      const whose = id === null ? 'New station' : `Station ${id}`;
      return `${whose} “${name}”: ${describeRows(rows)}`;
    }),
    `${formatCount(files)} files for ${storageBucket}`,
    ...storage.map(
      (of) =>
        `  ${formatCount(of.files)} ${of.kind}, ${formatCount(of.bytes)} bytes; ${formatCount(of.already_there)} there already`,
    ),
    ...(already_there.length > 0 ? [`There already: ${enumerate(already_there, KEYS_SHOWN)}`] : []),
    ...describeNotes(notes),
    '',
    'Nothing was written.',
  ].join('\n');
}

const describeRows = ({ images, annotations, values, models }: Rows): string =>
  [
    `${formatCount(images)} photos`,
    `${formatCount(annotations)} annotation sessions`,
    `${formatCount(values)} observed values`,
    ...(models > 0 ? [`${formatCount(models)} models`] : []),
  ].join(', ');

const describeNotes = (notes: readonly string[]): string[] =>
  notes.length === 0 ? [] : ['', ...notes.map((note) => `Note: ${note}`)];
