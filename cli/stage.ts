import { type Command, Option } from 'commander';
import { readStage, type Stage } from '../config/stage.ts';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { connect, UsageError } from './connection.ts';

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
export async function connectToStage(name: string): Promise<Stage> {
  const stage = readStage(name);
  if (name === 'local')
    throw new UsageError('The stage “local” is this computer. Start it with: ./fpe local');
  process.env.AWS_REGION = stage.region;
  process.env.AWS_DEFAULT_REGION = stage.region;
  await connect({ aws: true });
  return stage;
}

/** Points this process to the database and the buckets of a stage. @throws as `connectToStage` */
export async function useStage(name: string): Promise<void> {
  Object.assign(process.env, stageSettings(await connectToStage(name)));
}

/**
 * For commands that read or change rows and files: those of the stage, those that the environment names, or the local stack’s.
 *
 * @throws UsageError if there are none
 */
export async function connectToData(stage: string | undefined, command: Command): Promise<void> {
  if (stage) await useStage(stage);
  if (optionalSetting('DB_HOST') || optionalSetting('DB_SECRET_ID')) return;
  const connection = await connect(command.optsWithGlobals());
  if (optionalSetting('DB_HOST')) return;
  throw new UsageError(
    `No database was given, and ${connection.description} has none configured. Give --stage NAME, or start the local stack with: ./fpe local`,
  );
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
