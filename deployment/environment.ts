import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pMap from 'p-map';
import { stageFileText } from '../environment/stage-file.ts';
import { deleteObject, listObjects } from '../shared/aws/object-store.ts';
import { findStack, type Stack } from '../shared/aws/stacks.ts';
import { stackName } from './package.ts';
import { type PlannedChanges, planChanges, removeStack, StackFailed, type StackProgress } from './stack.ts';

export const ENVIRONMENT_TEMPLATE = join(import.meta.dirname, '..', 'environment', 'template.yml');
const DELETIONS_AT_ONCE = 50;

/** A development environment (environment/template.yml): buckets, network and database of a stage, in a stack of their own. */
export type Environment = { appName: string; stage: string; developerCidr?: string; instanceClass?: string };

export const environmentStackName = ({ appName, stage }: { appName: string; stage: string }): string =>
  `${appName}-${stage}-environment`;

/**
 * What creating or changing the environment would do; parameters that are not given keep their values.
 *
 * @param text of the template; another one in tests
 * @throws StackFailed
 */
export async function planEnvironment(
  environment: Environment,
  progress?: StackProgress,
  text = readFileSync(ENVIRONMENT_TEMPLATE, 'utf8'),
): Promise<PlannedChanges> {
  const { appName, stage, developerCidr, instanceClass } = environment;
  const name = environmentStackName(environment);
  const before = await findStack(name);
  const former = Object.fromEntries(
    (before?.Parameters ?? []).map(({ ParameterKey, ParameterValue }) => [
      ParameterKey,
      ParameterValue ?? '',
    ]),
  );
  return planChanges(
    {
      name,
      template: { text },
      parameters: {
        ...former,
        AppName: appName,
        Stage: stage,
        ...(developerCidr !== undefined && { DeveloperCidr: developerCidr }),
        ...(instanceClass !== undefined && { DatabaseInstanceClass: instanceClass }),
      },
      tags: { project: appName, env: stage },
    },
    progress,
  );
}

/** Text of the stage's file, from the outputs of the environment's stack. @throws StageInvalid if one is missing */
export function stageFileOf(stack: Stack, place: { appName: string; region: string }): string {
  const outputs = Object.fromEntries(
    (stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey as string, OutputValue ?? '']),
  );
  return stageFileText(outputs, place);
}

/**
 * Removes an environment with everything in it: photos, models and the database.
 *
 * @returns how many objects were deleted
 * @throws StackFailed while the pipeline is deployed into it
 */
export async function removeEnvironment(
  environment: Environment,
  progress: StackProgress & { onEmptying?: (bucket: string) => void } = {},
): Promise<number> {
  const pipeline = stackName(environment);
  if (await findStack(pipeline))
    throw new StackFailed(
      `The pipeline is still deployed into this environment (${pipeline}). To fix: npm run remove -- --stage ${environment.stage} --yes, then remove the environment.`,
    );
  const name = environmentStackName(environment);
  const stack = await findStack(name);
  if (!stack) return 0;
  let deleted = 0;
  for (const { OutputKey, OutputValue: bucket } of stack.Outputs ?? []) {
    if (!bucket || !['StorageBucket', 'ModelBucket'].includes(OutputKey as string)) continue;
    progress.onEmptying?.(bucket);
    deleted += await emptyBucket(bucket);
  }
  await removeStack(name, progress);
  return deleted;
}

/** CloudFormation deletes only empty buckets. */
async function emptyBucket(bucket: string): Promise<number> {
  let count = 0;
  await pMap(
    listObjects(bucket, ''),
    async ({ key }) => {
      await deleteObject({ bucket, key });
      count += 1;
    },
    { concurrency: DELETIONS_AT_ONCE },
  );
  return count;
}
