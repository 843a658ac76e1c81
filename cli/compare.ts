import { Command } from 'commander';
import * as z from 'zod';
import { findJson, readJson } from '../shared/aws/object-store.ts';
import { modelKeys } from '../shared/execution/keys.ts';
import { enumerate } from '../shared/fpe-database/import/enumerate.ts';
import { findComparison } from '../shared/model-bucket/compared-models.ts';
import { idOf, type ModelTypeId } from '../shared/model-types/registry.ts';
import {
  comparedFigures,
  type ModelComparison,
  verdictWords,
} from '../shared/publication/model-comparison.ts';
import { requireAskedStation } from './asked-station.ts';
import { connectToMachines, findExecution, machineStageOption } from './find-execution.ts';
import { findMadeModel } from './made-model.ts';
import { findByCode, modelTypeOption, stationsOfCode } from './model-code.ts';
import { stationId } from './option-values.ts';
import { printJson, printText, terminalColumns } from './print.ts';
import { sameCommand } from './same-command.ts';
import { tableLines } from './table.ts';
import { UsageError } from './usage-error.ts';

/** What is compared of metrics.json (docs/report.md). */
const metricsFile = z.object({
  station_id: z.number(),
  synthetic: z.boolean().nullable().default(null),
  model_code: z.string(),
  variable_id: z.string(),
  metrics: z.array(
    z.object({ name: z.string(), value: z.number().nullable(), unit: z.string(), definition: z.string() }),
  ),
  files: z.array(z.object({ name: z.string(), sha256: z.string() })).default([]),
});
type MetricsFile = z.output<typeof metricsFile>;
/** A model with its numbers, and the keys of its files in the model bucket. */
type ReadModel = {
  metrics: MetricsFile;
  type: ModelTypeId;
  keys: Pick<ReturnType<typeof modelKeys>, 'transform' | 'input'>;
};
type Options = { station?: number; stage?: string; modelType?: ModelTypeId; all?: boolean; json?: boolean };

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  findMadeModel,
  readMetrics: (bucket: string, key: string): Promise<MetricsFile> => readJson({ bucket, key }, metricsFile),
  findMetrics: (bucket: string, key: string): Promise<MetricsFile | null> =>
    findJson({ bucket, key }, metricsFile),
  findComparison,
  requireAskedStation,
  stationsOfCode,
  columns: terminalColumns,
  print: printText,
  printJson,
};
type Effects = typeof EFFECTS;

/** `fpe compare`: the numbers of two models side by side. */
export function compareCommand(effects: Effects = EFFECTS): Command {
  return new Command('compare')
    .argument('<one>', 'execution of train-station, by name or ARN; or the code of a model')
    .argument('<other>', 'another one')
    .option('--station <id>', 'compare two codes of this station; needed where several have them', stationId)
    .addOption(modelTypeOption())
    .addOption(machineStageOption())
    .option('--all', 'also numbers that are equal, or that only one of them has')
    .option('--json', 'as JSON, all numbers')
    .action(async (one: string, other: string, options: Options, command: Command) => {
      const { connection, machineArns, modelBucket } = await effects.connect(command, one);
      if (modelBucket === null)
        throw new UsageError('Which model bucket? Give --stage NAME, or set MODEL_BUCKET.');
      const again = (station: number) => sameCommand(command, { options: { '--station': String(station) } });
      const place: Place = { machineArns, modelBucket, again };
      const read = await readModels([one, other], options, place, effects).catch(async (error) => {
        const { station, stage } = options;
        if (station !== undefined) await effects.requireAskedStation(station, connection, stage);
        throw error;
      });
      const models = [read[0].metrics, read[1].metrics] as const;
      const rows = compareMetrics(...models);
      const comparison = await compareScores(read, modelBucket, effects);
      if (options.json)
        effects.printJson({
          models: models.map(nameOf),
          comparison: comparison && comparisonFacts(comparison),
          metrics: rows,
        });
      else
        effects.print(
          describeComparison(models, comparison, rows, {
            isAll: options.all === true,
            columns: effects.columns(),
          }),
        );
    });
}

type Place = {
  machineArns: readonly string[];
  modelBucket: string;
  /** The same command for two codes of a station. */
  again: (station: number) => string;
};

/** What a person has named: an execution, or else what is said where it is taken for one. */
type Named = { given: string; execution: string } | { given: string; failure: string };

/** @throws UsageError */
async function readModels(
  given: readonly [string, string],
  { station, modelType }: Options,
  place: Place,
  effects: Effects,
): Promise<[ReadModel, ReadModel]> {
  const named = station === undefined ? await nameBoth(given, place, effects) : given.map(asCode);
  const codes = named.filter((each) => 'failure' in each);
  if (codes.length === 0 && modelType)
    throw new UsageError('--model-type is for model codes, and these are executions. Leave it out.');
  const of = station ?? (codes.length === 0 ? Number.NaN : await stationOf(codes, place, effects));
  const read = async (each: Named): Promise<ReadModel> => {
    if ('execution' in each) {
      const { keys, model_type: type } = await effects.findMadeModel(each.execution);
      return { metrics: await effects.readMetrics(place.modelBucket, keys.metrics), keys, type };
    }
    return findByCode({ station: of, code: each.given, modelType }, 'metrics.json', async (type) => {
      const keys = modelKeys(type, of, each.given);
      const metrics = await effects.findMetrics(place.modelBucket, keys.metrics);
      return metrics && { metrics, keys, type: idOf(type) };
    });
  };
  const [one, other] = named as [Named, Named];
  return [await read(one), await read(other)];
}

/**
 * The second with the first, by their scores of the same photos and pairs; null for models of two stations, variables or types, for
 * one and the same, and where files of theirs are gone.
 */
async function compareScores(
  [one, other]: readonly [ReadModel, ReadModel],
  bucket: string,
  { findComparison }: Effects,
): Promise<ModelComparison | null> {
  const isSame = (of: (model: ReadModel) => unknown) => of(one) === of(other);
  const isOfOneKind =
    isSame(({ type }) => type) &&
    isSame(({ metrics }) => metrics.station_id) &&
    isSame(({ metrics }) => metrics.variable_id);
  const key = one.keys.transform.predictions;
  if (!isOfOneKind || key === other.keys.transform.predictions) return null;
  return findComparison(other.type, bucket, other.keys, { bucket, key });
}

/** For programs, in the order of the models. */
const comparisonFacts = ({ verdict, pairs, photos, untold }: ModelComparison) => {
  const facts = ({ n, now, before, difference }: typeof pairs, perhaps_learned: number) => ({
    n,
    perhaps_learned,
    values: [before, now],
    difference,
  });
  return { verdict, pairs: facts(pairs, untold.pairs), photos: facts(photos, untold.photos) };
};

const asCode = (given: string): Named => ({ given, failure: '' });

async function nameBoth(
  given: readonly string[],
  { machineArns }: Place,
  { findExecution }: Effects,
): Promise<Named[]> {
  const named: Named[] = [];
  for (const name of given) {
    const execution = await findExecution(name, machineArns).catch((error) => {
      if (error instanceof UsageError) return error;
      throw error;
    });
    named.push(
      typeof execution === 'string'
        ? { given: name, execution }
        : { given: name, failure: execution.message },
    );
  }
  return named;
}

/** The one station whose models have these codes. @throws UsageError */
async function stationOf(
  codes: readonly { given: string; failure: string }[],
  { modelBucket, again }: Place,
  { stationsOfCode }: Effects,
): Promise<number> {
  const having: number[][] = [];
  for (const { given, failure } of codes) {
    const stations = await stationsOfCode(modelBucket, given);
    if (stations.length === 0) throw new UsageError(`No station has a model ${given}. ${failure}`);
    having.push(stations);
  }
  const [first = [], ...others] = having;
  const stations = first.filter((id) => others.every((ids) => ids.includes(id)));
  if (stations.length === 1) return stations[0] as number;
  const words = codes.map(({ given }) => given).join(' and ');
  throw new UsageError(
    stations.length === 0
      ? `No station has models of both codes, ${words}. To compare models of two stations, name their executions: ./fpe list`
      : `Stations ${enumerate(stations.map(String))} have models ${words}. ${
          codes.length === 2
            ? `Say which, such as: ${again(stations[0] as number)}`
            : 'Name its execution instead; they are listed by: ./fpe list --station ID'
        }`,
  );
}

const nameOf = ({ station_id, synthetic, model_code, variable_id }: MetricsFile) => ({
  station_id,
  synthetic,
  model_code,
  variable_id,
});

type ComparedMetric = {
  name: string;
  unit: string;
  values: [number | null, number | null];
  /** The second less the first; null if one has none. */
  difference: number | null;
  definition: string;
};

/** The agreement with observed values first, as it is what models are compared for; else the order stays. */
const byQuestion = (one: { name: string }, other: { name: string }): number =>
  place(one.name) - place(other.name);
const place = (name: string): number => (name.startsWith('kendall_tau') ? 0 : 1);

/** Every number that one of both has, in the order of the first but for tau. */
function compareMetrics(one: MetricsFile, other: MetricsFile): ComparedMetric[] {
  const [first, second] = [one, other].map(
    ({ metrics }) => new Map(metrics.map((each) => [each.name, each])),
  );
  const all = new Map([...(first ?? []), ...(second ?? [])]);
  return [...all.values()].sort(byQuestion).map(({ name, unit, definition }) => {
    const values: [number | null, number | null] = [
      first?.get(name)?.value ?? null,
      second?.get(name)?.value ?? null,
    ];
    const [from, to] = values;
    return { name, unit, values, difference: from === null || to === null ? null : to - from, definition };
  });
}

/** What both have to agree in, so that their other numbers may be compared. */
const BASES = ['photos.scored', 'pairs.train', 'pairs.val'];
/** Where these are listed: equal numbers do not say that they are the same. */
const LISTS = { 'input/images.csv': 'photos or their values', 'input/pairs.csv': 'pairs or their split' };

function describeComparison(
  models: readonly [MetricsFile, MetricsFile],
  comparison: ModelComparison | null,
  rows: readonly ComparedMetric[],
  { isAll, columns }: { isAll: boolean; columns: number | undefined },
): string {
  const isVisible = ({ difference }: ComparedMetric) =>
    difference !== null && formatValue(difference) !== '0';
  const shown = rows.filter((row) => isAll || isVisible(row));
  const isShared = rows.some(({ difference }) => difference !== null);
  const lines = shown.map(({ name, values, difference, unit }) => [
    name,
    ...[...values, difference].map((value) => formatValue(value)),
    unit,
  ]);
  return [
    ...syntheticLines(models),
    ...verdictLines(models, comparison),
    ...remarks(models, rows),
    ...(lines.length === 0
      ? [
          isShared
            ? 'Their numbers are the same, to four decimals.'
            : 'They have no number in common; --all shows those of each.',
        ]
      : tableLines(
          [['NUMBER', ...models.map(({ model_code }) => model_code), 'SECOND − FIRST', 'UNIT'], ...lines],
          { columns },
        )),
  ].join('\n');
}

/** Of stations that a program made up: nobody should take their numbers for those of a stream. */
const syntheticLines = (models: readonly MetricsFile[]): string[] =>
  [...new Set(models.filter(({ synthetic }) => synthetic).map(({ station_id }) => station_id))].map(
    (id) => `Station ${id} is synthetic: a program made up its photos, values and annotators.`,
  );

/** Whether one is better; nothing where that cannot be asked: of two stations or variables, or of one and the same model. */
function verdictLines(
  models: readonly [MetricsFile, MetricsFile],
  comparison: ModelComparison | null,
): string[] {
  const [{ model_code: one }, { model_code: other }] = models;
  if (comparison === null) {
    const [first, second] = models;
    const isAsked =
      first.station_id === second.station_id && first.variable_id === second.variable_id && one !== other;
    return isAsked
      ? [
          `Which of the two is better cannot be told: files of theirs are gone or damaged, they have no photo in common, or the predictions.csv of ${other} does not say what it learned from (column split).`,
          '',
        ]
      : [];
  }
  const figures = comparedFigures(comparison, other, one);
  if (figures.length === 0) return [];
  return [`${verdictWords(comparison, other, one)}.`, ...figures, ''];
}

function remarks(
  [one, other]: readonly [MetricsFile, MetricsFile],
  rows: readonly ComparedMetric[],
): string[] {
  const found = [
    ...(one.station_id === other.station_id ? [] : [`stations ${one.station_id} and ${other.station_id}`]),
    ...(one.variable_id === other.variable_id ? [] : [`${one.variable_id} and ${other.variable_id}`]),
    ...rows
      .filter(({ name, difference }) => BASES.includes(name) && difference !== null && difference !== 0)
      .map(({ name, values }) => `${name} ${values.map(formatValue).join(' and ')}`),
    ...Object.entries(LISTS)
      .filter(([name]) => isOtherFile(name, one, other))
      .map(([name, what]) => `${name} (${what}) has another content`),
  ];
  return found.length === 0 ? [] : [`They are not of the same photos and pairs: ${found.join(', ')}.`, ''];
}

/** Models of earlier versions have no checksums. */
function isOtherFile(name: string, ...models: readonly [MetricsFile, MetricsFile]): boolean {
  const [one, other] = models.map(({ files }) => files.find((file) => file.name === name)?.sha256);
  return one !== undefined && other !== undefined && one !== other;
}

/** Four decimals at most. */
const formatValue = (value: number | null): string =>
  value === null ? '–' : String(Number(value.toFixed(4)) || 0);
