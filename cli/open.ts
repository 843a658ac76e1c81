import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Argument, Command } from 'commander';
import { readStage } from '../config/stage.ts';
import { makeFolder } from '../host/folder.ts';
import { LOCAL_STAGE } from '../local/account.ts';
import { answersAt, defaultFolder, findRunningStack } from '../local/running-stack.ts';
import { keptExecutions, keptObject } from '../local/stopped-stack.ts';
import { optionalSetting, setting } from '../shared/aws/configuration.ts';
import {
  type DescribeExecutionOutput,
  describeExecution,
  type ExecutionListItem,
  newestExecutions,
} from '../shared/aws/executions.ts';
import { findJson, findSize, readBytes } from '../shared/aws/object-store.ts';
import { isOfStandIn, kindOfMachine, machineArnOf, nameInArn } from '../shared/execution/arns.ts';
import { modelKeys, publishedKeys, versionKeys } from '../shared/execution/keys.ts';
import { parseJson, parseJsonAs } from '../shared/formats/json.ts';
import { objectOf, regionalUrl } from '../shared/formats/object-location.ts';
import { withOpenAddresses } from '../shared/formats/open-addresses.ts';
import type { MachineKind } from '../shared/inputs/machines.ts';
import type { ModelTypeId } from '../shared/model-types/registry.ts';
import { type ModelManifest, modelManifest } from '../shared/publication/model-manifest.ts';
import { refreshSummary } from '../shared/refresh/state.ts';
import { requireAskedStation } from './asked-station.ts';
import { chooseMachine, isShellOfStack } from './connection.ts';
import {
  connectToMachines,
  findExecution,
  type GlobalOptions,
  machineStageOption,
  machinesBeside,
  proposedRefresh,
  proposedStart,
} from './find-execution.ts';
import { findMadeModel, type MadeModel } from './made-model.ts';
import { findByCode, modelTypeOption } from './model-code.ts';
import { stationId } from './option-values.ts';
import { printRemark } from './print.ts';
import { resultFiles, resultsFolder } from './results.ts';
import { UsageError } from './usage-error.ts';

/** Of a model, and the table of a refresh. */
const PAGES = ['report', 'input', 'dataset', 'predictions', 'intervals'] as const;
const TABLE = 'table';
type Page = (typeof PAGES)[number];
type Options = GlobalOptions & {
  stage?: string;
  print?: boolean;
  station?: number;
  modelCode?: string;
  modelType?: ModelTypeId;
};

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  requireAskedStation,
  newestExecutions,
  findMadeModel,
  describeExecution,
  findRunningStack,
  answersAt,
  keptExecutions,
  keptObject,
  findManifest: (bucket: string, key: string): Promise<ModelManifest | null> =>
    findJson({ bucket, key }, modelManifest),
  storageBucket: ({ stage }: Options): string | null =>
    stage ? readStage(stage).storageBucket : (optionalSetting('STORAGE_BUCKET') ?? null),
  hasObject: async (bucket: string, key: string): Promise<boolean> =>
    (await findSize({ bucket, key })) !== null,
  readBytes,
  /** Of a file that the website shows, where it is at hand; null elsewhere, as its address is. */
  readPublicCopy: async (_key: string): Promise<Uint8Array | null> => null,
  show,
  print: (text: string): void => console.log(text),
  /** For a person: only the address is on standard output. */
  remark: printRemark,
};
type Effects = typeof EFFECTS;

/** `fpe open`: a page or the scores of the model that an execution has made, or the table of a refresh. */
export function openCommand(effects: Effects = EFFECTS): Command {
  return new Command('open')
    .addArgument(new Argument('[what]', 'which file').choices([...PAGES, TABLE]).default('report'))
    .argument(
      '[execution]',
      'name or ARN; default: the latest training, for a table the latest refresh, that succeeded',
    )
    .addOption(machineStageOption())
    .option('--station <id>', 'with --model-code: the newest model of this code', stationId)
    .option('--model-code <code>', 'instead of an execution, a model of the station')
    .addOption(modelTypeOption())
    .option('--print', 'only print the address')
    .addHelpText(
      'after',
      `
Prints the address, and opens it where there is a desktop. Files that are not public are copied to .local/copies first. While the
local stack is not running, it opens the newest of what npm start has left in .local/results, and of an execution or a model code that is named
what the stack has left on disk.`,
    )
    .action(
      async (what: Page | typeof TABLE, given: string | undefined, _options: object, command: Command) => {
        const options = command.optsWithGlobals<Options>();
        requireFitting(what, options);
        const address = await findAddress(what, given, command, options, effects);
        effects.print(address);
        if (!options.print) effects.show(address);
      },
    );
}

async function findAddress(
  what: Page | typeof TABLE,
  given: string | undefined,
  command: Command,
  options: Options,
  effects: Effects,
): Promise<string> {
  const isKept = isOfLocalStack(given, options) && !(await isRunning(options, effects));
  const at = isKept ? ofStoppedStack(stackFolder(options), effects) : effects;
  if (isKept && options.machine !== undefined) await at.connect(command);
  const find = async () => {
    if (what === TABLE) return copiedTable(given, command, at);
    const left =
      isKept && isOfNoModel(given, options) ? newestResult(what, stackFolder(options), effects) : null;
    return left ?? addressOf(what, given, command, options, at);
  };
  return isKept ? find().catch(proposeStart) : find();
}

/** What answers with a stack and without one proposes commands of which most need it. */
const NEEDS_STACK = /\.\/fpe (?!(?:open|demo)\b)/;

/** @throws the error, which says first how to start the stack where a proposal needs it */
function proposeStart(error: unknown): never {
  if (
    error instanceof UsageError &&
    NEEDS_STACK.test(error.message) &&
    !error.message.includes('./fpe local')
  )
    throw new UsageError(`The local stack is not running; to start it: ./fpe local. ${error.message}`, {
      cause: error,
    });
  throw error;
}

/** @throws UsageError */
function requireFitting(what: Page | typeof TABLE, { station, modelCode, modelType }: Options): void {
  if (what === TABLE && (station !== undefined || modelCode !== undefined))
    throw new UsageError('A table is of a refresh, not of a model: leave --station and --model-code out.');
  if (modelType !== undefined && modelCode === undefined)
    throw new UsageError('--model-type is for the model of --model-code, and none is given. Leave it out.');
}

function isOfLocalStack(given: string | undefined, { aws, stage, machine }: Options): boolean {
  const arns = [given, machine ?? process.env.FPE_STATE_MACHINE].filter((each) => each?.startsWith('arn:'));
  return (
    !aws &&
    !stage &&
    (!process.env.AWS_ENDPOINT_URL_SFN || isShellOfStack()) &&
    arns.every((arn) => isOfStandIn(arn as string))
  );
}

/** A shell may be set up for the stack of another folder. */
async function isRunning({ folder }: Options, { findRunningStack, answersAt }: Effects): Promise<boolean> {
  if (await findRunningStack(folder)) return true;
  const { AWS_ENDPOINT_URL_S3: s3 } = process.env;
  return folder === undefined && isShellOfStack() && !!s3 && (await answersAt(s3));
}

const isOfNoModel = (given: string | undefined, { station, modelCode }: Options): boolean =>
  given === undefined && station === undefined && modelCode === undefined;

/** The same questions, answered from what the stack has left on disk: no address there is one of its S3. */
function ofStoppedStack(folder: string, effects: Effects): Effects {
  const kept = effects.keptExecutions(folder);
  const describeExecution = async (arn: string) =>
    kept.find(({ executionArn }) => executionArn === arn) as unknown as DescribeExecutionOutput;
  const machineArns = kept
    .slice(0, 1)
    .flatMap(({ executionArn }) => machinesBeside(machineArnOf(executionArn)));
  return {
    ...effects,
    connect: async (command) => {
      if (machineArns.length === 0) throw new UsageError(nothingKept('nothing', folder));
      const connection = { kind: 'local', description: 'the local stack' } as const;
      const { machine = process.env.FPE_STATE_MACHINE } = command.optsWithGlobals<Options>();
      const named = new Map(machineArns.map((arn) => [nameInArn(arn), arn]));
      const chosen = machine === undefined ? machineArns : [chooseMachine(named, machine, 'train-station')];
      return { connection, machineArns: chosen, modelBucket: LOCAL_STAGE.modelBucket };
    },
    findExecution: async (given, of) => {
      const found = kept.find(
        ({ name, executionArn }) =>
          given === executionArn || (given === name && of.includes(machineArnOf(executionArn))),
      );
      if (!found) throw new UsageError(nothingKept(`no execution ${given}`, folder));
      return found.executionArn;
    },
    // Its database has stopped, too.
    requireAskedStation: async () => undefined,
    newestExecutions: async (machine, count, status) =>
      kept
        .filter((each) => machineArnOf(each.executionArn) === machine && each.status === status)
        .sort((one, other) => other.startDate - one.startDate)
        .slice(0, count)
        .map(({ executionArn }) => ({ executionArn })) as ExecutionListItem[],
    describeExecution,
    findMadeModel: async (arn) => ({
      ...(await findMadeModel(arn, describeExecution)),
      diagnostics_url: null,
      predictions_url: null,
    }),
    findManifest: async (bucket, key) => {
      const bytes = effects.keptObject(folder, { bucket, key });
      return bytes && parseJsonAs(Buffer.from(bytes).toString('utf8'), modelManifest);
    },
    storageBucket: () => null,
    readPublicCopy: async (key) => effects.keptObject(folder, { bucket: LOCAL_STAGE.storageBucket, key }),
    readBytes: async (location) => {
      const bytes = effects.keptObject(folder, location);
      if (!bytes) throw new UsageError(nothingKept(`no ${location.key}`, folder));
      return bytes;
    },
  };
}

const nothingKept = (what: string, folder: string): string =>
  `The local stack is not running, and has left ${what} in ${folder}. Start it with ./fpe local, or give --stage NAME.`;

async function addressOf(
  what: Page,
  given: string | undefined,
  command: Command,
  options: Options,
  effects: Effects,
): Promise<string> {
  if (options.station !== undefined || options.modelCode !== undefined)
    return ofCode(what, given, command, options, effects);
  const { machineArns, modelBucket } = await effects.connect(command, given);
  const model = await effects.findMadeModel(
    given === undefined
      ? await newestOf('train-station', machineArns, effects)
      : await effects.findExecution(given, machineArns),
  );
  const address = publicAddress(what, model);
  if (address) return withOpenAddresses(address, process.env.AWS_ENDPOINT_URL_S3);
  return copiedPage(what, model, modelBucket, copiesFolder(options, model.model_uuid), effects);
}

/** Of a model that may be drawn or not, and whose execution may be long forgotten. @throws UsageError */
async function ofCode(
  what: Page,
  given: string | undefined,
  command: Command,
  options: Options,
  effects: Effects,
): Promise<string> {
  const { station, modelCode: code, modelType } = options;
  if (given !== undefined)
    throw new UsageError('Which model? Give an execution, or --station ID and --model-code CODE, not both.');
  if (station === undefined || code === undefined)
    throw new UsageError('Which model? Give --station ID and --model-code CODE, or an execution.');
  const { connection, modelBucket } = await effects.connect(command);
  if (modelBucket === null) throw new UsageError(noBucket(what, code));
  const model = await findByCode({ station, code, modelType }, what, async (type) => {
    const manifest = await effects.findManifest(modelBucket, modelKeys(type, station, code).manifest);
    if (!manifest) return null;
    const { model_uuid } = manifest;
    return { model_code: code, model_uuid, keys: versionKeys(type, station, code, model_uuid) };
  }).catch(async (error) => {
    await effects.requireAskedStation(station, connection, options.stage);
    throw error;
  });
  const published = PUBLIC[what]?.(publishedKeys(model.model_uuid, code));
  const storageBucket = effects.storageBucket(options);
  if (storageBucket !== null && published && (await effects.hasObject(storageBucket, published)))
    return withOpenAddresses(
      regionalUrl({ bucket: storageBucket, key: published }, setting('AWS_REGION')),
      process.env.AWS_ENDPOINT_URL_S3,
    );
  return copiedPage(what, model, modelBucket, copiesFolder(options, model.model_uuid), effects);
}

/** Visitors of the website may read these, once the model has been published: they have the station's time and the smoothed scores. */
const PUBLIC: { [What in Page]?: (keys: ReturnType<typeof publishedKeys>) => string } = {
  report: ({ report }) => report,
  predictions: ({ predictions }) => predictions,
};

async function copiedPage(
  what: Page,
  { model_code, model_uuid, keys }: Pick<MadeModel, 'model_code' | 'model_uuid' | 'keys'>,
  bucket: string | null,
  folder: string,
  effects: Effects,
): Promise<string> {
  if (bucket === null) throw new UsageError(noBucket(what, model_code));
  const published = PUBLIC[what]?.(publishedKeys(model_uuid, model_code));
  const shown = published === undefined ? null : await effects.readPublicCopy(published);
  if (published && shown) return writeCopy(published, shown, folder);
  const location = { bucket, key: keyOf(what, keys) };
  return writeCopy(location.key, await effects.readBytes(location), folder);
}

const noBucket = (what: Page, code: string): string =>
  `The ${what} of ${code} is in the model bucket, and no bucket is named. Give --stage NAME, or set MODEL_BUCKET.`;

const stackFolder = ({ folder }: Options): string => (folder ? resolve(folder) : defaultFolder());
/** Of one model or refresh, apart from what npm start leaves, so that nothing there is replaced. */
const copiesFolder = (options: Options, name: string): string => join(stackFolder(options), 'copies', name);

/** @returns the address of a copy of result.csv @throws UsageError */
async function copiedTable(given: string | undefined, command: Command, effects: Effects): Promise<string> {
  const { machineArns } = await effects.connect(command, given);
  const execution =
    given === undefined
      ? await newestOf('refresh-stations', machineArns, effects)
      : await effects.findExecution(given, machineArns);
  const name = nameInArn(execution);
  const { status, output } = await effects.describeExecution(execution);
  const { data } = refreshSummary.safeParse(parseJson(output ?? 'null'));
  if (!data?.result_uri)
    throw new UsageError(
      data
        ? `The refresh ${name} has no table: ${data.note}`
        : `${name} has made no table of stations: it is ${status} and of ${kindOfMachine(execution)}. Expected: a refresh that succeeded`,
    );
  const table = objectOf(data.result_uri);
  const folder = copiesFolder(command.optsWithGlobals<Options>(), name);
  return writeCopy(table.key, await effects.readBytes(table), folder);
}

async function newestOf(
  kind: MachineKind,
  machineArns: readonly string[],
  effects: Effects,
): Promise<string> {
  const machine = machineArns.find((arn) => kindOfMachine(arn) === kind) ?? machineArns[0];
  const [newest] = await effects.newestExecutions(machine as string, 1, 'SUCCEEDED');
  if (newest?.executionArn) return newest.executionArn;
  throw new UsageError(
    `No execution of ${nameInArn(machine as string)} has succeeded yet. Start one with: ${kind === 'train-station' ? proposedStart(machine as string) : proposedRefresh(machine as string)}`,
  );
}

const publicAddress = (what: Page, { diagnostics_url, predictions_url }: MadeModel): string | null =>
  what === 'report' ? diagnostics_url : what === 'predictions' ? predictions_url : null;

const keyOf = (what: Page, keys: MadeModel['keys']): string =>
  ({
    report: keys.report,
    input: keys.input.page,
    dataset: keys.dataset.page,
    predictions: keys.transform.predictions,
    intervals: keys.transform.intervals,
  })[what];

/** For what no browser may read where it is. */
function writeCopy(key: string, bytes: Uint8Array, folder: string): string {
  makeFolder(folder);
  const file = join(folder, basename(key));
  writeFileSync(file, bytes);
  return addressOfFile(file);
}

const addressOfFile = (file: string): string => pathToFileURL(file).href;

/**
 * In what `npm start` has left: a folder for each model, of which the newest that has the page counts. Null where only trainings of
 * the stack itself are left.
 *
 * @throws UsageError where there is neither
 */
function newestResult(what: Page, stack: string, { remark, keptExecutions }: Effects): string | null {
  const folder = resultsFolder(stack);
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const [newest] = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name, resultFiles(name)[what]))
    .filter((file) => existsSync(file))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  if (newest) {
    remark(
      `The local stack is not running: this is ${basename(dirname(newest))}, the newest that npm start has left. The model of another execution: ./fpe open ${what} NAME`,
    );
    return addressOfFile(newest);
  }
  if (keptExecutions(stack).some(isFinishedTraining)) {
    remark('The local stack is not running: this is of the latest training that it has left.');
    return null;
  }
  throw new UsageError(
    `There is no ${what} in ${folder}, and the local stack is not running. Make a model with ./fpe demo, start the stack with ./fpe local, or give --stage NAME.`,
  );
}

const isFinishedTraining = ({ executionArn, status }: { executionArn: string; status: string }): boolean =>
  status === 'SUCCEEDED' && kindOfMachine(machineArnOf(executionArn)) === 'train-station';

/** Opens an address where there is a desktop; elsewhere it was printed. */
function show(address: string): void {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  const isMac = process.platform === 'darwin';
  if (!process.stdout.isTTY || !(isMac || DISPLAY || WAYLAND_DISPLAY)) return;
  const opener = spawn(isMac ? 'open' : 'xdg-open', [address], { detached: true, stdio: 'ignore' });
  opener.on('error', () => undefined); // it was printed
  opener.unref();
}
