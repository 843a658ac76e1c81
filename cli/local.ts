import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Argument, Command } from 'commander';
import type { Credentials } from '../local/door.ts';
import { ApiError } from '../local/json-api.ts';
import { isSameHost, parseAddress } from '../local/own-database.ts';
import { defaultFolder, findRunningStack, type StackDescription } from '../local/running-stack.ts';
import { fireSchedule } from '../local/scheduler.ts';
import { resetStack, startStack } from '../local/stack.ts';
import { type Connection, noStack } from './connection.ts';
import { describeEnded, runningOn } from './ended-executions.ts';
import { commandFor, type GlobalOptions } from './find-execution.ts';
import { printJson, printText } from './print.ts';
import { tableLines } from './table.ts';
import { UsageError } from './usage-error.ts';

/** A stack ends its jobs before it stops. */
const STOP_TIMEOUT_MS = 150_000;

/** The command's effects. */
const EFFECTS = {
  findRunningStack,
  startStack,
  resetStack,
  fireSchedule,
  runningOn,
  describeEnded,
  untilTold,
  kill: (pid: number): void => void process.kill(pid, 'SIGTERM'),
  print: printText,
  /** Lines for other programs, whole. */
  printLines: (text: string): void => console.log(text),
  printJson,
};
type Effects = typeof EFFECTS;

const ACTIONS = { start: startAndServe, stop, status, env: printEnvironment, fire };
type Action = keyof typeof ACTIONS;
type Options = { folder: string; reset?: boolean; database?: string; schedule?: string; json?: boolean };

const OWN_DATABASE = `
--database is for a database of this computer that FPE's migrations or "./fpe schema" have made. Its tables are never altered, so
migrations go on working; imports and executions write rows, and --reset leaves them. Its photos must lie in the local
storage bucket: "./fpe import" brings stations with theirs. The password may be in PGPASSWORD instead.`;

/** `fpe local`: the whole pipeline's services on this computer. */
export function localCommand(effects: Effects = EFFECTS): Command {
  return new Command('local')
    .addArgument(
      new Argument(
        '[action]',
        'start runs until Ctrl-C; env prints settings for a shell: eval "$(./fpe local env)"; fire starts a schedule as if it were due',
      )
        .choices(Object.keys(ACTIONS))
        .default('start'),
    )
    .argument('[schedule]', 'which schedule to fire: nightly or monthly')
    .option('--json', 'with status: as JSON')
    .option('--reset', 'start with an empty database and empty buckets')
    .option(
      '--database <url>',
      'use a PostgreSQL of your own with the tables of FPE, instead of the embedded one: postgresql://user:password@127.0.0.1:5432/name',
    )
    .addHelpText('after', OWN_DATABASE)
    .action((action: Action, schedule: string | undefined, options: Options, command: Command) => {
      requireFitting(action, schedule, options);
      const { folder = defaultFolder() } = command.optsWithGlobals<GlobalOptions>();
      return ACTIONS[action]({ ...options, ...(schedule && { schedule }), folder: resolve(folder) }, effects);
    });
}

/** @throws UsageError for what the action has no use for: nobody shall believe that it was done */
function requireFitting(action: Action, schedule: string | undefined, options: Options): void {
  if (schedule !== undefined && action !== 'fire')
    throw new UsageError(`“local ${action}” takes no ${schedule}: only fire takes the name of a schedule.`);
  for (const [name, its] of Object.entries(ACTION_OF_OPTION))
    if (options[name as keyof Options] !== undefined && action !== its)
      throw new UsageError(
        `--${name} is for “local ${its}”, and does nothing with “local ${action}”. Leave it out.`,
      );
}
const ACTION_OF_OPTION = { reset: 'start', database: 'start', json: 'status' } as const;

/** Calls the scheduler's stand-in; the execution then runs on its own. */
async function fire(
  { folder, schedule }: Options,
  { findRunningStack, fireSchedule, print }: Effects,
): Promise<void> {
  const running = await findRunningStack(folder);
  if (!running) throw new UsageError(noStack({ folder }));
  if (!schedule) throw new UsageError(`Which schedule? Choose one of: ${running.schedules.join(', ')}.`);
  const answer = await fireSchedule(running.endpoints.scheduler, schedule, credentialsOf(running)).catch(
    (error) => {
      throw error instanceof ApiError ? new UsageError(error.message) : error;
    },
  );
  print(`Fired ${answer.name} with the input ${answer.input}`);
  const local: Connection = { kind: 'local', description: 'the local stack' };
  print(`To watch it: ${commandFor(local, 'watch', String(answer.executionArn))}`);
}

const credentialsOf = ({ env }: StackDescription): Credentials => ({
  accessKeyId: env.AWS_ACCESS_KEY_ID as string,
  secretAccessKey: env.AWS_SECRET_ACCESS_KEY as string,
});

async function startAndServe({ folder, reset, database }: Options, effects: Effects): Promise<void> {
  const { findRunningStack, startStack, resetStack, print } = effects;
  // Before anything is deleted or started.
  if (database) parseAddress(database);
  const running = await findRunningStack(folder);
  if (running && reset)
    throw new UsageError(
      `The local stack is running (process ${running.pid}), so its data cannot be reset. Stop it first: ./fpe local stop`,
    );
  if (running && database && !usesDatabase(running, database))
    throw new UsageError(
      `The local stack is running (process ${running.pid}) with a different database, ${running.endpoints.postgres}. To use this one, stop it first: ./fpe local stop`,
    );
  if (running) {
    print('The local stack is already running.\n');
    printStack(running, effects);
    return;
  }
  if (reset) await resetStack(folder);
  const stack = await startStack({
    folder,
    ...(database && { database }),
    onProgress: (what) => print(`Starting ${what} …`),
  });
  print('');
  printStack(stack, effects);
  if (!stack.isOwn) return;
  print('\nPress Ctrl-C to stop it.');
  await effects.untilTold();
  print('Stopping …');
  const before = effects.runningOn(folder);
  await stack.stop();
  const ended = effects.describeEnded(folder, before);
  if (ended !== null) print(ended);
}

/** @param address of the user's own database @throws ConfigurationMissing */
export function usesDatabase(
  { database, env }: Pick<StackDescription, 'database' | 'env'>,
  address: string,
): boolean {
  const { host, port, database: name } = parseAddress(address);
  const isSame = isSameHost(host, env.DB_HOST as string) && String(port) === env.DB_PORT;
  return database === 'own' && isSame && name === env.DB_NAME;
}

/** Resolves at the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    let wasTold = false;
    // While the process only serves, nothing else may be keeping it alive.
    const alive = setInterval(() => undefined, 2 ** 30);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (wasTold) process.exit(1);
        wasTold = true;
        clearInterval(alive);
        resolve();
      });
  });
}

async function stop(
  { folder }: Options,
  { findRunningStack, runningOn, describeEnded, kill, print }: Effects,
): Promise<void> {
  const running = await findRunningStack(folder);
  if (!running) {
    print('The local stack is not running.');
    return;
  }
  const before = runningOn(folder);
  kill(running.pid);
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while (await findRunningStack(folder)) {
    if (performance.now() > deadline)
      throw new UsageError(`Process ${running.pid} has not ended. To kill it: kill -9 ${running.pid}`);
    await sleep(200);
  }
  const ended = describeEnded(folder, before);
  print(ended === null ? 'Stopped.' : `Stopped. ${ended}`);
}

async function status(
  { folder, json }: Options,
  { findRunningStack, print, printLines, printJson }: Effects,
): Promise<void> {
  const running = await findRunningStack(folder);
  if (!running) process.exitCode = 1;
  if (json) printJson(running ? { running: true, ...withoutSettings(running) } : { running: false, folder });
  else if (running) printStack(running, { print, printLines });
  else print(noStack({ folder }));
}

/** The settings hold passwords; who needs them asks for them (env). */
const withoutSettings = ({ env: _env, pid_started: _started, ...stack }: StackDescription) => stack;

/** For `eval`: only the lines on stdout. */
async function printEnvironment(
  { folder }: Options,
  { findRunningStack, printLines }: Effects,
): Promise<void> {
  const running = await findRunningStack(folder);
  if (!running) throw new UsageError(noStack({ folder }));
  printLines(exportLines(running).join('\n'));
}

/** A profile goes before the keys of the environment, for the SDKs of AWS. */
const exportLines = ({ env }: StackDescription): string[] => [
  ...Object.entries(env).map(([name, value]) => `export ${name}=${value}`),
  'unset AWS_PROFILE',
];

function printStack(
  stack: StackDescription,
  { print, printLines }: Pick<Effects, 'print' | 'printLines'>,
): void {
  const { services, settings } = describeStack(stack);
  print(
    `${services}\n\nSettings for the AWS CLI and other programs while it runs (or use eval "$(./fpe local env)"):`,
  );
  printLines(settings);
}

/** Table of services, and the lines that configure other programs for them: these are to be copied, and stay whole. */
export function describeStack(stack: StackDescription): { services: string; settings: string } {
  const { pid, started_at, folder, endpoints, database, machines } = stack;
  const services = [
    ['Step Functions', endpoints.stepFunctions, 'the compiled state machines'],
    ['Scheduler', endpoints.scheduler, './fpe local fire nightly, or monthly'],
    ['SageMaker', endpoints.sageMaker, 'model/ in Python'],
    ['S3, SNS', endpoints.s3, 'fauxqs'],
    ['USGS', endpoints.usgs, endpoints.usgs.includes('127.0.0.1') ? `recordings in ${folder}/usgs` : ''],
    ['PostgreSQL', endpoints.postgres, database === 'own' ? 'your own' : 'embedded, with the FPE schema'],
  ];
  const machine = machines[0]?.arn ?? 'ARN';
  return {
    services: [
      `Local stack: process ${pid}, started ${started_at}, data in ${folder}`,
      ...tableLines(services, { indent: '  ' }),
    ].join('\n'),
    settings: [
      ...exportLines(stack).map((line) => `  ${line}`),
      '',
      '  aws stepfunctions start-execution --endpoint-url $AWS_ENDPOINT_URL_SFN \\',
      `    --state-machine-arn ${machine} --input file://events/demo.json`,
    ].join('\n'),
  };
}
