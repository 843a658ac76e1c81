import {
  DescribeTrainingJobCommand,
  ListTrainingJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

let client: SageMakerClient | undefined;

const sageMaker = (): SageMakerClient => {
  client ??= serviceClient(SageMakerClient, { patienceMs: SHORT_PATIENCE_MS });
  return client;
};

/** Latest value of each metric that the job has printed; empty before the first. */
export async function trainingMetrics(trainingJobName: string): Promise<Map<string, number>> {
  const job = await sageMaker().send(new DescribeTrainingJobCommand({ TrainingJobName: trainingJobName }));
  return new Map(
    (job.FinalMetricDataList ?? []).map((metric) => [metric.MetricName as string, metric.Value as number]),
  );
}

export type TrainingJob = {
  name: string;
  /** InProgress, Completed, Failed, Stopping or Stopped. */
  status: string;
  instanceType: string;
  /** S3 URI of model.tar.gz; empty until it exists. */
  artifact: string;
};

export async function trainingJob(name: string): Promise<TrainingJob> {
  const job = await sageMaker().send(new DescribeTrainingJobCommand({ TrainingJobName: name }));
  return {
    name,
    status: job.TrainingJobStatus ?? '',
    instanceType: job.ResourceConfig?.InstanceType ?? '',
    artifact: job.ModelArtifacts?.S3ModelArtifacts ?? '',
  };
}

const JOBS_LOOKED_AT = 20;

/** The newest completed trainings whose names contain a text, newest first. */
export async function completedTrainings(nameContains: string): Promise<TrainingJob[]> {
  const { TrainingJobSummaries = [] } = await sageMaker().send(
    new ListTrainingJobsCommand({
      NameContains: nameContains,
      StatusEquals: 'Completed',
      SortBy: 'CreationTime',
      SortOrder: 'Descending',
      MaxResults: JOBS_LOOKED_AT,
    }),
  );
  return Promise.all(
    TrainingJobSummaries.map(({ TrainingJobName }) => trainingJob(TrainingJobName as string)),
  );
}
