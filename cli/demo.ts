import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { generateDemoStation } from '../demo-station/generate.ts';
import { STATION_NAME } from '../demo-station/photographs.ts';
import { makeFolder } from '../host/folder.ts';
import { defaultFolder } from '../local/running-stack.ts';
import { type Stack, startStack } from '../local/stack.ts';
import { isNewFolder } from '../local/stopped-stack.ts';
import { startExecution, stopExecution } from '../shared/aws/executions.ts';
import { listObjects, readBytes } from '../shared/aws/object-store.ts';
import { nameInArn } from '../shared/execution/arns.ts';
import { parseJson } from '../shared/formats/json.ts';
import { importExport } from '../shared/fpe-database/import/import-stations.ts';
import { findStateMachine, useStack } from './connection.ts';
import { demoTruthTau } from './demo-truth.ts';
import { describeEnded, runningOn } from './ended-executions.ts';
import { INPUT_FORMS, readExecutionInput } from './execution-input.ts';
import type { GlobalOptions } from './find-execution.ts';
import { newModelCode, requireFreeCode } from './free-code.ts';
import { describeImport } from './import.ts';
import { LEAST_PAIRS, LOCAL_QUESTIONS, type LocalQuestions, requireLocalNeeds } from './local-needs.ts';
import { findMadeModel, type MadeModel } from './made-model.ts';
import { withPlace } from './place-name.ts';
import { printText } from './print.ts';
import { executionSummary, type RunResult, runResult } from './progress/execution-summary.ts';
import { liveLines } from './progress/live-lines.ts';
import { untilLost } from './progress/lost-sight.ts';
import { formatDuration } from './progress/progress-lines.ts';
import { IMPORT_STEPS, stepLines } from './progress/step-lines.ts';
import { watchExecution } from './progress/watch-execution.ts';
import { quoted } from './quoted.ts';
import { resultFiles, resultsFolder } from './results.ts';
import { tableLines } from './table.ts';
import { UsageError } from './usage-error.ts';

const DEMO_INPUT = join(import.meta.dirname, '..', 'events', 'demo.json');
/** What is there once the demo has run on a new folder. */
const NEW_STACK: LocalQuestions = {
  hasWeights: async () => false,
  stations: async () => [{ id: 1, name: STATION_NAME }],
  annotated: async () => [{ variable: 'FLOW', pairs: LEAST_PAIRS }],
};
const STEPS = { draw: { title: 'Drawing the demo station', unit: 'photos' }, ...IMPORT_STEPS };

/** The command's effects. */
const EFFECTS = {
  defaultFolder,
  startStack,
  generateDemoStation,
  importExport,
  findStateMachine,
  startExecution,
  stopExecution,
  watchExecution,
  listObjects,
  readBytes,
  findMadeModel,
  terminal: process.stdout,
  isNewFolder,
  localQuestions: LOCAL_QUESTIONS,
  requireLocalNeeds,
  requireFreeCode,
  runningOn,
  describeEnded,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe demo`, which is `npm start`: everything on this computer, from photos to a published model. */
export function demoCommand(effects: Effects = EFFECTS): Command {
  return new Command('demo')
    .argument('[input]', `a different input: ${INPUT_FORMS}`, DEMO_INPUT)
    .action((given: string, _options: unknown, command: Command) =>
      runDemo(given, command.optsWithGlobals<GlobalOptions>().folder, effects),
    );
}

async function runDemo(given: string, folder: string | undefined, effects: Effects): Promise<void> {
  const { print, startExecution } = effects;
  const startedAtMs = performance.now();
  const input = readExecutionInput(given, 'train-station');
  const stackFolder = resolve(folder ?? effects.defaultFolder());
  const checks = checksOf(given, input, effects);
  const isNew = effects.isNewFolder(stackFolder);
  if (isNew) await checks(NEW_STACK);
  const demoFolder = join(stackFolder, 'demo-station');
  let drawing: Drawing | null = null;
  const stack = await effects
    .startStack({
      folder: stackFolder,
      onProgress: (what) => {
        // The folder is ours from now on, and packaging leaves a core idle.
        drawing ??= beginDrawing(demoFolder, effects);
        print(`Starting ${what} …`);
      },
    })
    .catch((error) => {
      drawing?.stop();
      throw error;
    });
  let executionArn: string | null = null;
  let isInterrupted = false;
  const onInterrupt = async (signal: NodeJS.Signals) => {
    isInterrupted = true;
    const cause = signal === 'SIGINT' ? 'Ctrl-C' : `The ${stack.isOwn ? 'local stack' : 'demo'} was stopped`;
    print(signal === 'SIGINT' ? '\nStopping …' : `\n${cause}, and this run with it. Stopping …`);
    await endStack(stack, executionArn ? { executionArn, cause } : null, effects);
    process.exit(130);
  };
  process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt);
  try {
    useStack(stack);
    if (!isNew) await checks(effects.localQuestions);
    drawing ??= beginDrawing(demoFolder, effects);
    const stationId = await prepareStation(demoFolder, drawing, stack.env.STORAGE_BUCKET as string, effects);
    // A new code each time, so that a second run replaces nothing.
    const code = newModelCode(input, new Date());
    const toStart: Record<string, unknown> =
      given === DEMO_INPUT
        ? { ...input, station_id: stationId, model_code: code }
        : { model_code: code, ...input };
    executionArn = await startExecution(await effects.findStateMachine('train-station'), toStart, null);
    print(`\nExecution ${nameInArn(executionArn)} of station ${toStart.station_id}`);
    const { execution, states, ms } = await watchToEnd(executionArn, effects);
    const result = runResult.safeParse(parseJson(execution.output ?? 'null'));
    print(`\n${executionSummary(execution, states, ms, (made) => filesOf(made, stack.folder))}`);
    const isPublished = execution.status === 'SUCCEEDED' && result.success && result.data.model_id !== null;
    if (isPublished) {
      const model = await effects.findMadeModel(executionArn);
      await showPublished(model, demoFolder, stack.folder, stationId, effects);
      print(nextSteps(model, given, input, folder && stack.folder));
    } else process.exitCode = 1;
    print(`\nTotal time: ${formatDuration(performance.now() - startedAtMs)}.`);
    if (execution.status !== 'SUCCEEDED') print(`Logs of functions and jobs: ${join(stack.folder, 'logs')}`);
  } catch (error) {
    drawing?.stop();
    if (!isInterrupted) throw error;
    // Work in progress fails while the stack stops; that ends the process.
    await new Promise(() => undefined);
  } finally {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt);
    await endStack(stack, null, effects);
  }
}

/** On a stack of others, which may end before. @throws UsageError */
const watchToEnd = (executionArn: string, { watchExecution }: Effects) => {
  const name = nameInArn(executionArn);
  const again = { watch: `./fpe watch ${name}`, redrive: `./fpe redrive ${name}` };
  return untilLost({ kind: 'local' }, again, () => watchExecution(executionArn));
};

/**
 * Others may have started executions on it, which end with it. On a stack of others, that of the demo alone ends.
 *
 * @param toStop that of the demo, if it is still to be stopped
 */
async function endStack(
  stack: Pick<Stack, 'folder' | 'isOwn' | 'stop'>,
  toStop: { executionArn: string; cause: string } | null,
  { runningOn, describeEnded, stopExecution, print }: Effects,
): Promise<void> {
  const before = stack.isOwn ? runningOn(stack.folder) : [];
  if (toStop) await stopExecution(toStop.executionArn, toStop.cause).catch(() => undefined);
  await stack.stop();
  const ended = describeEnded(stack.folder, before);
  if (ended !== null) print(`\nThe stack of the demo has ended. ${ended}`);
  if (toStop && !stack.isOwn) {
    const name = nameInArn(toStop.executionArn);
    print(`\nThe stack goes on running; execution ${name} was stopped. To go on: ./fpe redrive ${name}`);
  }
}

/** The demo station being drawn beside other work. */
type Drawing = {
  /** Tells the progress from now on, until the end. */
  watch(onProgress: (done: number, total: number) => void): Promise<void>;
  stop(): void;
};

function beginDrawing(folder: string, { generateDemoStation }: Effects): Drawing {
  const stopping = new AbortController();
  let progress: [done: number, total: number] = [0, 0];
  let tell: (done: number, total: number) => void = () => undefined;
  const finished = generateDemoStation(folder, {
    signal: stopping.signal,
    onProgress: (...now) => {
      progress = now;
      tell(...now);
    },
  });
  // Whoever watches is told of a failure; nobody may watch yet.
  finished.catch(() => undefined);
  return {
    watch(onProgress) {
      tell = onProgress;
      tell(...progress);
      return finished;
    },
    stop: () => stopping.abort(),
  };
}

/** @returns stations.id of the demo station */
async function prepareStation(
  folder: string,
  drawing: Drawing,
  storageBucket: string,
  { importExport, terminal, print }: Effects,
): Promise<number> {
  const view = liveLines(terminal);
  const linesOf = stepLines(STEPS);
  const load = async () => {
    await drawing.watch((done, total) => view.show(linesOf({ step: 'draw', done, total })));
    return importExport(folder, { storageBucket, onProgress: (progress) => view.show(linesOf(progress)) });
  };
  const imported = await load().finally(() => view.done());
  const [station] = imported.stations;
  if (!station)
    throw new UsageError(
      `The demo station in ${folder} contains no station. Delete that folder and start again.`,
    );
  print(describeImport(imported, storageBucket));
  return station.id;
}

/** A file is somebody's own, and to be changed by them. */
const demoWith = (change: object, given: string, input: Record<string, unknown>): string =>
  existsSync(given)
    ? `${JSON.stringify(change).slice(1, -1).replace(':', ': ')} in ${given}`
    : `./fpe demo ${quoted(JSON.stringify({ ...input, ...change }))}`;

/** What an input of one's own may lack: it is told before the demo station is drawn, and on a new folder before the stack starts. */
function checksOf(
  given: string,
  input: Record<string, unknown>,
  { requireLocalNeeds, requireFreeCode }: Pick<Effects, 'requireLocalNeeds' | 'requireFreeCode'>,
): (questions: LocalQuestions) => Promise<void> {
  if (given === DEMO_INPUT) return async () => undefined;
  const again = (change: object) => demoWith(change, given, input);
  // The stack of the demo ends with it.
  const next = {
    without: again({ pretrained: false }),
    supply: './fpe weights (while ./fpe local runs in another terminal)',
    load: './fpe import FOLDER (while ./fpe local runs in another terminal)',
  };
  return async (questions) => {
    const isEmpty = (await questions.stations()).length === 0;
    const { stations, annotated } = isEmpty ? NEW_STACK : questions;
    await requireLocalNeeds('train-station', input, next, { ...questions, stations, annotated });
    const isNamed = input.model_code !== undefined;
    if (isNamed && questions !== NEW_STACK)
      await requireFreeCode(input, (model_code) => again({ model_code }));
  };
}

/** The stack ends, and its addresses with it: these files stay. */
function filesOf({ model_code }: RunResult, stackFolder: string): { report: string; scores: string } {
  const folder = join(resultsFolder(stackFolder), model_code);
  const { report, predictions } = resultFiles(model_code);
  return { report: join(folder, report), scores: join(folder, predictions) };
}

/** Copies the public files, the numbers and the pages to a place where a person can open them, and compares the scores with the demo's true flow. */
async function showPublished(
  result: MadeModel,
  demoFolder: string,
  stackFolder: string,
  demoStationId: number,
  { listObjects, readBytes, print }: Effects,
): Promise<void> {
  const folder = join(resultsFolder(stackFolder), result.model_code);
  makeFolder(folder);
  const bucket = process.env.STORAGE_BUCKET as string;
  for await (const { key } of listObjects(bucket, `models/${result.model_uuid}/`))
    await writeFile(join(folder, basename(key)), await readBytes({ bucket, key }));
  // The report links to them by these names. What the website does not draw has no public file.
  const { metrics, input, dataset, report, transform } = result.keys;
  const ofHidden = [report, transform.predictions, input.images, input.annotations];
  const hidden = result.predictions_url === null ? ofHidden : [];
  for (const key of [metrics, transform.intervals, input.page, dataset.page, ...hidden])
    await writeFile(
      join(folder, basename(key)),
      await readBytes({ bucket: process.env.MODEL_BUCKET as string, key }),
    );
  if (result.station_id === demoStationId) {
    await copyFile(join(demoFolder, 'truth.csv'), join(folder, 'truth.csv'));
    const { tau, photos } = demoTruthTau(
      await readFile(join(folder, 'predictions.csv'), 'utf8'),
      await readFile(join(folder, 'truth.csv'), 'utf8'),
    );
    print(
      `Kendall tau of scores and the flow used to draw the photos: ${tau?.toFixed(2) ?? '–'}, over ${photos} daytime photos`,
    );
  }
  const files =
    hidden.length > 0
      ? 'The report, predictions.csv, images.csv, annotations.csv'
      : 'The five published files';
  print(
    `\n${files}, metrics.json, predictions-intervals.csv, input.html and dataset.html are ${hidden.length > 0 ? '' : 'also '}in ${folder}`,
  );
}

/**
 * @param given the input as it was typed, or the demo's
 * @param folder of the stack, if it is not the usual one: every command names it before the columns are set, which then stay in line
 */
function nextSteps(
  { model_code }: MadeModel,
  given: string,
  input: Record<string, unknown>,
  folder: string | undefined,
): string {
  const asked = [
    ...(given === DEMO_INPUT ? [] : [quoted(given === '-' ? JSON.stringify(input) : given)]),
    ...(folder === undefined ? [] : ['--folder', quoted(folder)]),
  ];
  const npmStart = asked.length > 0 ? ['npm start', '--', ...asked] : ['npm start'];
  const steps: [command: string, what: string][] = [
    ['./fpe open', `open the report: ${model_code}.html; or: open input, open dataset`],
    ['./fpe local', 'run only the stack, to start executions yourself'],
    [
      './fpe start events/demo-without-winter.json',
      '(while it runs) start an execution with a different input',
    ],
    ['./fpe import FOLDER', '(while it runs) load a station that you exported from FPE'],
  ];
  const [open, ...others] = steps.map(([command, what]) => [withPlace(command, { folder }), what]);
  const isTaken = input.model_code !== undefined && input.overwrite !== true;
  const again = isTaken ? 'run it again, once its input has another model_code' : 'run it again';
  const lines = [open as string[], [npmStart.join(' '), again], ...others];
  return ['', 'Next:', ...tableLines(lines, { indent: '  ' })].join('\n');
}
