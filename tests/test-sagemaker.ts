import { ApiError, type ApiOptions, type JsonApi, startJsonApi } from '../local/json-api.ts';

export type TestSageMaker = JsonApi & {
  /** Names of the jobs that are in progress, and of those that were told to stop. */
  running: string[];
  stopped: string[];
};

/** SageMaker as far as functions ask it, for clients of this process: lists jobs in progress and stops them. */
export async function startTestSageMaker(options: ApiOptions = {}): Promise<TestSageMaker> {
  const jobs = { running: [] as string[], stopped: [] as string[] };
  const list = (kind: string) => (request: Record<string, unknown>) => ({
    [`${kind}JobSummaries`]: jobs.running
      .filter((name) => name.includes(String(request.NameContains)) && request.StatusEquals === 'InProgress')
      .map((name) => ({ [`${kind}JobName`]: name })),
  });
  const stop = (name: unknown) => {
    if (!jobs.running.includes(String(name))) throw new ApiError('ValidationException', `${name} has ended`);
    jobs.running = jobs.running.filter((running) => running !== name);
    jobs.stopped.push(String(name));
    return {};
  };
  const api = await startJsonApi(
    { target: 'SageMaker', version: '1.1' },
    {
      ListTrainingJobs: list('Training'),
      ListTransformJobs: list('Transform'),
      StopTrainingJob: ({ TrainingJobName }) => stop(TrainingJobName),
      StopTransformJob: ({ TransformJobName }) => stop(TransformJobName),
    },
    options,
  );
  Object.assign(process.env, {
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: api.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: api.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_SAGEMAKER: api.endpoint,
  });
  return Object.assign(jobs, api);
}
