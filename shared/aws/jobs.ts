import {
  paginateListTrainingJobs,
  paginateListTransformJobs,
  SageMakerClient,
  StopTrainingJobCommand,
  StopTransformJobCommand,
} from '@aws-sdk/client-sagemaker';
import { RequestRefused } from '../errors.ts';
import { serviceClient } from './service-client.ts';

let client: SageMakerClient | undefined;

export type JobKind = 'training' | 'transform';

/**
 * Stops what still runs of the jobs whose names begin so: Step Functions says of executions that are stopped that it ends their jobs,
 * and not of states whose time is over.
 *
 * @returns names of those that were told to stop
 * @throws ServiceUnreachable, ServiceThrottled, AccessDenied
 */
export async function stopJobs(kind: JobKind, prefix: string): Promise<string[]> {
  const stopped: string[] = [];
  for (const name of await runningJobs(kind, prefix)) if (await stopJob(kind, name)) stopped.push(name);
  return stopped;
}

async function runningJobs(kind: JobKind, prefix: string): Promise<string[]> {
  const found: (string | undefined)[] = [];
  const input = { NameContains: prefix, StatusEquals: 'InProgress' } as const;
  if (kind === 'training')
    for await (const page of paginateListTrainingJobs({ client: sageMaker() }, input))
      for (const { TrainingJobName } of page.TrainingJobSummaries ?? []) found.push(TrainingJobName);
  else
    for await (const page of paginateListTransformJobs({ client: sageMaker() }, input))
      for (const { TransformJobName } of page.TransformJobSummaries ?? []) found.push(TransformJobName);
  return found.filter((name) => name?.startsWith(prefix)) as string[];
}

/** @returns false for one that has ended meanwhile */
async function stopJob(kind: JobKind, name: string): Promise<boolean> {
  try {
    if (kind === 'training') await sageMaker().send(new StopTrainingJobCommand({ TrainingJobName: name }));
    else await sageMaker().send(new StopTransformJobCommand({ TransformJobName: name }));
    return true;
  } catch (error) {
    if (error instanceof RequestRefused && error.code === 'ValidationException') return false;
    throw error;
  }
}

function sageMaker(): SageMakerClient {
  client ??= serviceClient(SageMakerClient);
  return client;
}
