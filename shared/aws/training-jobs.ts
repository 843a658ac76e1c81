import { DescribeTrainingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

let client: SageMakerClient | undefined;

/** Latest value of each metric that the job has printed; empty before the first. */
export async function trainingMetrics(trainingJobName: string): Promise<Map<string, number>> {
  client ??= serviceClient(SageMakerClient, { patienceMs: SHORT_PATIENCE_MS });
  const job = await client.send(new DescribeTrainingJobCommand({ TrainingJobName: trainingJobName }));
  return new Map(
    (job.FinalMetricDataList ?? []).map((metric) => [metric.MetricName as string, metric.Value as number]),
  );
}
