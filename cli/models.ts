import { Command } from 'commander';
import { buckets, setting } from '../shared/aws/configuration.ts';
import { versionKeys } from '../shared/execution/keys.ts';
import { type NamedStation, shownStationName } from '../shared/execution/station.ts';
import { countOf } from '../shared/formats/numbers.ts';
import { s3Uri } from '../shared/formats/object-location.ts';
import { withOpenAddresses } from '../shared/formats/open-addresses.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { findModelCounts } from '../shared/fpe-database/stations.ts';
import { modelTypeOf } from '../shared/model-types/registry.ts';
import {
  type DrawingAction,
  describeDrawing,
  isDrawn,
  type StationModel,
} from '../shared/publication/drawn-models.ts';
import {
  changeDrawing,
  type DrawingRequest,
  drawingRemarks,
  findDrawableModels,
  findDrawingChange,
} from '../shared/station-models/drawn-models.ts';
import type { Places } from '../shared/verification/findings.ts';
import { describeNoStations, requireStations } from './known-stations.ts';
import { stationId } from './option-values.ts';
import { printJson, printText, terminalColumns } from './print.ts';
import { quoted } from './quoted.ts';
import { connectToData, optionalStageOption } from './stage.ts';
import { tableLines } from './table.ts';
import { UsageError } from './usage-error.ts';

const PLACE = `
Uses the local stack while it is running, unless --stage or the environment names a database (as for fpe import).`;

/** The command's effects. */
const EFFECTS = {
  connect: connectToData,
  requireStations,
  findStations: (): Promise<(NamedStation & { models: number })[]> =>
    withDatabase(findModelCounts, DATABASE_LIMITS.byHand),
  buckets,
  findDrawableModels,
  columns: terminalColumns,
  print: printText,
  printJson,
};
type Effects = typeof EFFECTS;
type Options = { station?: number; stage?: string; json?: boolean };

/** `fpe models`: a station's models in the database, and which of them the website draws; or all stations. */
export function modelsCommand(effects: Effects = EFFECTS): Command {
  return new Command('models')
    .option(
      '--station <id>',
      'which station; without it, all stations with the number of their models',
      stationId,
    )
    .addOption(optionalStageOption())
    .option('--json', 'everything as JSON')
    .addHelpText('after', PLACE)
    .action(async ({ station: id, stage, json }: Options, command: Command) => {
      await effects.connect(stage, command);
      if (id === undefined) {
        const stations = await effects.findStations();
        if (json) effects.printJson(stations);
        else effects.print(describeAll(stations, stage, effects.columns()));
        return;
      }
      await effects.requireStations([id], stage);
      const places = effects.buckets();
      const { station, models } = await effects.findDrawableModels(id, places);
      if (json) effects.printJson(models);
      else effects.print(describeModels(station, models, places));
    });
}

const describeAll = (
  stations: readonly (NamedStation & { models: number })[],
  stage: string | undefined,
  columns: number | undefined,
): string =>
  stations.length === 0
    ? describeNoStations(stage)
    : tableLines(
        [
          ['STATION', 'MODELS', 'NAME'],
          ...stations.map(({ id, name, synthetic, models }) => [
            String(id),
            String(models),
            shownStationName(name, synthetic),
          ]),
        ],
        { columns },
      ).join('\n');

/** For the terminal, the newest training first, with addresses that work. */
export function describeModels(
  station: NamedStation,
  models: readonly StationModel[],
  { model: bucket }: Pick<Places, 'model'>,
): string {
  const lines = models.flatMap((model) => {
    const report = model.diagnostics_url ?? privateReport(station.id, model, bucket);
    return [
      `${model.code}  ${model.model_type_id} ${model.variable_id ?? '–'}  ${statesOf(model).join(', ')}`,
      ...(report === null ? [] : [`    report ${report}`]),
    ];
  });
  const text = [
    `Station ${station.id} “${shownStationName(station.name, station.synthetic)}”, ${countOf(models.length, 'model')}`,
    ...lines,
  ].join('\n');
  return withOpenAddresses(text, process.env.AWS_ENDPOINT_URL_S3);
}

/** Where the report of a model is that is not drawn; on a local stack a command, as nothing reads its buckets by s3 addresses. */
function privateReport(
  stationId: number,
  { uuid, is_ours, code, model_type_id }: StationModel,
  bucket: string,
): string | null {
  if (uuid === null || !is_ours) return null;
  if (process.env.AWS_ENDPOINT_URL_S3)
    return `./fpe open --station ${stationId} --model-code ${quoted(code)} --model-type ${model_type_id}`;
  return s3Uri({ bucket, key: versionKeys(modelTypeOf(model_type_id), stationId, code, uuid).report });
}

const statesOf = (model: StationModel): string[] => [
  ...(model.default ? ['default'] : []),
  isDrawn(model) ? 'drawn by the website' : 'not drawn',
  ...(model.status === 'DONE' ? [] : [String(model.status)]),
  ...(model.uuid === null ? ['without uuid'] : []),
  ...(model.is_ours ? [] : ['made by upstream’s scripts']),
];

type ChangeOptions = {
  station: number;
  modelCode: string;
  stage?: string;
  keepPrevious?: boolean;
  allowRemovals?: boolean;
  yes?: boolean;
};

/** The effects of a command that changes what the website draws. */
const CHANGE_EFFECTS = {
  connect: connectToData,
  requireStations,
  buckets,
  findDrawingChange,
  drawingRemarks,
  changeDrawing,
  region: (): string => setting('AWS_REGION'),
  print: printText,
};
type ChangeEffects = typeof CHANGE_EFFECTS;

/** `fpe promote`: another model becomes the default, which visitors see. */
export const promoteCommand = (effects: ChangeEffects = CHANGE_EFFECTS): Command =>
  changeCommand('promote', effects)
    .option('--keep-previous', 'keep drawing the previous default alongside it')
    .option(...ALLOW_REMOVALS);

/** `fpe unpublish`: takes a model off the website; nothing is deleted. */
export const unpublishCommand = (effects: ChangeEffects = CHANGE_EFFECTS): Command =>
  changeCommand('unpublish', effects);

/** `fpe restore`: makes the website draw a model again. */
export const restoreCommand = (effects: ChangeEffects = CHANGE_EFFECTS): Command =>
  changeCommand('restore', effects).option(...ALLOW_REMOVALS);

const ALLOW_REMOVALS = [
  '--allow-removals',
  'even if more than a tenth of its photos are gone from the database',
] as const;

function changeCommand(action: DrawingAction, effects: ChangeEffects): Command {
  return new Command(action)
    .requiredOption('--station <id>', 'which station', stationId)
    .requiredOption('--model-code <code>', 'which of its models (./fpe models --station ID lists them)')
    .addOption(optionalStageOption())
    .option('--yes', 'do it; otherwise only say what would be changed')
    .addHelpText(
      'after',
      `
Files are written first, then the rows of models change in one transaction. Photos now known to show people are excluded.${PLACE}`,
    )
    .action(async (options: ChangeOptions, command: Command) => {
      await effects.connect(options.stage, command);
      await effects.requireStations([options.station], options.stage);
      effects.print(await changeModel(action, options, effects));
    });
}

async function changeModel(
  action: DrawingAction,
  options: ChangeOptions,
  { buckets, findDrawingChange, drawingRemarks, changeDrawing, region }: ChangeEffects,
): Promise<string> {
  const places = buckets();
  const request: DrawingRequest = {
    station_id: options.station,
    action,
    code: options.modelCode,
    keepPrevious: options.keepPrevious === true,
    allowRemovals: options.allowRemovals === true,
  };
  const change = await findDrawingChange(request, places);
  if (!change) return `Nothing to do: ${ALREADY[action](options.modelCode)}.`;
  const [changes, remarks] = [describeDrawing(change), await drawingRemarks(change, places)];
  if (!options.yes)
    throw new UsageError(
      [
        'This would change:',
        ...[...changes, ...remarks].map((line) => `  ${line}`),
        'To do it, add --yes.',
      ].join('\n'),
    );
  await changeDrawing(request, change, places, region());
  return [
    ...changes.map((line) => `✔ ${line}`),
    ...remarks.map((line) => (line.startsWith('Warning') ? `⚠ ${line}` : line)),
  ].join('\n');
}

const ALREADY: Record<DrawingAction, (code: string) => string> = {
  promote: (code) => `${code} is already the default and is drawn`,
  unpublish: (code) => `${code} is not drawn`,
  restore: (code) => `${code} is already drawn`,
};
