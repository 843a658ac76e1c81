import { Option } from 'commander';
import { readStage, type Stage } from '../config/stage.ts';
import { connect, UsageError } from './connection.ts';

export const stageOption = (): Option =>
  new Option('--stage <stage>', 'which file of config/ tells the account’s facts').default('dev');

/** For commands that without it use what the environment names, or the local stack. */
export const optionalStageOption = (): Option =>
  new Option('--stage <stage>', 'the stage whose database and buckets are meant, as in config/{stage}.yml');

/**
 * The stage, with AWS as the place where every further call goes, in the stage's region.
 *
 * @throws StageInvalid, UsageError where the local stack would be meant
 */
export async function connectToStage(name: string): Promise<Stage> {
  const stage = readStage(name);
  if (name === 'local')
    throw new UsageError('The stage “local” is this computer. It is started with: npx fpe local');
  process.env.AWS_REGION = stage.region;
  process.env.AWS_DEFAULT_REGION = stage.region;
  await connect({ aws: true });
  return stage;
}

/** Makes the database and the buckets of a stage those of this process. @throws as `connectToStage` */
export async function useStage(name: string): Promise<void> {
  Object.assign(process.env, stageSettings(await connectToStage(name)));
}

/**
 * By which settings this process reaches what the functions of a stage reach; the names are theirs
 * (resources/functions.yml). An empty one unsets what the environment says.
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
