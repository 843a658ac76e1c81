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
 * Stops the jobs with this name prefix that are still running: Step Functions documents that it ends the jobs of stopped
 * executions, but not those of states that timed out.
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

/** @returns false if it has ended in the meantime */
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
