import { type Command, Option } from 'commander';
import { LOCAL_STAGE_NAME, readStage, type Stage } from '../config/stage.ts';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { configuredRegion } from './aws-profile.ts';
import { type Connection, connect, isShellOfStack, requireAddresses, type Wanted } from './connection.ts';
import { UsageError } from './usage-error.ts';

export const stageOption = (): Option =>
  new Option('--stage <stage>', 'use the account described in config/{stage}.yml').default('dev');

/** For commands that otherwise use what the environment names, or the local stack. */
export const optionalStageOption = (): Option =>
  new Option('--stage <stage>', 'use the database and buckets of this stage, as in config/{stage}.yml');

/**
 * The stage; all further calls go to AWS in the stage's region.
 *
 * @throws StageInvalid, UsageError if the local stack would be meant
 */
export async function connectToStage(name: string): Promise<{ stage: Stage; connection: Connection }> {
  const stage = readStage(name);
  if (name === LOCAL_STAGE_NAME)
    throw new UsageError('The stage “local” is this computer. Start it with: ./fpe local');
  return { stage, connection: await connect({ aws: true, region: stage.region }) };
}

/** Points this process to the database and the buckets of a stage. @throws as `connectToStage` */
export async function useStage(name: string): Promise<void> {
  Object.assign(process.env, stageSettings((await connectToStage(name)).stage));
}

/**
 * For commands that read or change rows and files: those of the stage, those that the environment names, or the local stack’s.
 *
 * @throws UsageError if there are none
 */
export async function connectToData(stage: string | undefined, command: Command): Promise<void> {
  if (stage) return useStage(stage);
  const named = namedDatabase();
  if (named && !isShellOfStack()) {
    requireAddresses();
    const region = await configuredRegion();
    if (region) process.env.AWS_REGION = region;
    return;
  }
  const connection = await connect(command.optsWithGlobals<Wanted>());
  // In the stack's shell, a database of another name is the user's own.
  if (named?.DB_NAME && named.DB_NAME !== process.env.DB_NAME) Object.assign(process.env, named);
  if (!namedDatabase())
    throw new UsageError(
      `No database was given, and ${connection.description} has none configured. Give --stage NAME, or set DB_SECRET_ID (for a secret that RDS manages DB_HOST too), or DB_HOST, DB_USER and DB_PASSWORD.`,
    );
}

/** The settings of a database in the environment; null if it names none. */
function namedDatabase(): Record<string, string | undefined> | null {
  if (!optionalSetting('DB_HOST') && !optionalSetting('DB_SECRET_ID')) return null;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('DB_')));
}

/**
 * Settings that let this process reach what the functions of a stage reach, under the functions' own names
 * (resources/functions.yml). An empty one unsets the environment's value.
 */
export const stageSettings = (stage: Stage): Record<string, string> => ({
  STORAGE_BUCKET: stage.storageBucket,
  MODEL_BUCKET: stage.modelBucket,
  DB_SECRET_ID: stage.dbSecret,
  DB_HOST: stage.dbHost,
  DB_PORT: String(stage.databasePort),
  DB_TLS: stage.databaseTls,
  DB_NAME: '',
  DB_USER: '',
  DB_PASSWORD: '',
});
