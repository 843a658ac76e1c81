import { Option } from 'commander';
import { readStage, type Stage } from '../config/stage.ts';
import { connect, UsageError } from './connection.ts';

export const stageOption = (): Option =>
  new Option('--stage <stage>', 'which file of config/ tells the account’s facts').default('dev');

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
