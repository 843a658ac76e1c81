import { randomBytes } from 'node:crypto';
import { TaskFailure } from '../../local/task.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import { objectOf } from '../../shared/formats/object-location.ts';
import { packSource } from '../../shared/formats/source-archive.ts';
import { chunkName } from '../../shared/predictions/columns.ts';
import { insertStations, LargeStation, type Scale, scoreOf } from './large-station.ts';
import { functionKeyOf, type Measured } from './measured-lambda.ts';
import { type ExecutionMeasure, Workplace } from './workplace.ts';

export type ScaleMeasures = {
  functions: { name: string; limits: { seconds: number; megabytes: number }; measured: Measured }[];
  executions: ({ name: string } & ExecutionMeasure)[];
  /** Why not everything was measured; null where it was. */
  failed: string | null;
};

type Batch = {
  run: Run;
  batch: { skip: number; n: number; size: number; first_byte: number; last_byte: number };
};
type Request = Record<string, never> & {
  TrainingJobName: string;
  TransformJobName: string;
  ModelName: string;
  OutputDataConfig: { S3OutputPath: string };
};

export type ScaleOptions = {
  say: (line: string) => void;
  /** The function to stop after, as its row is named; null for all of it. */
  until: string | null;
};

/** Runs the machines over stations of that scale, and every function of theirs with the memory that it has on AWS. */
export async function measureScale(scale: Scale, options: ScaleOptions): Promise<ScaleMeasures> {
  const workplace = await Workplace.open(scale.values);
  const measures: Measures = { executions: [], names: new Map() };
  let failed: string | null = null;
  try {
    await measure(workplace, scale, measures, options).catch((error: Error) => {
      failed = error.message;
    });
    const functions = [...workplace.lambda.measured].map(([name, measured]) => ({
      name,
      limits: workplace.lambda.limitsOf(measures.names.get(name) ?? name),
      measured,
    }));
    return { functions, executions: measures.executions, failed };
  } finally {
    await workplace.close();
  }
}

/** Executions that have ended, and the functions of rows that have another name. */
type Measures = { executions: ScaleMeasures['executions']; names: Map<string, string> };

async function measure(
  workplace: Workplace,
  scale: Scale,
  { executions, names }: Measures,
  { say, until }: ScaleOptions,
): Promise<void> {
  const { lambda, database, s3, buckets, template } = workplace;
  const invoke = async <Result = unknown>(key: string, event: unknown, as = key): Promise<Result> => {
    say(`${as} …`);
    if (as !== key) names.set(as, key);
    const result = await lambda.invoke<Result>(key, event, as).catch((error: Error) => {
      say(`${as}: ${error.message}`);
      throw error;
    });
    // Told at once, as a run that is cut off prints no table.
    const { seconds, megabytes } = lambda.measured.get(as) as Measured;
    say(`${as}: ${seconds.toFixed(1)} s, ${megabytes} MB`);
    if (as === until) throw new TaskFailure('Enough', `it was to end after ${as}`);
    return result;
  };

  say('Inserting photos …');
  const station = await LargeStation.insert(database, scale);
  await station.annotate(s3.store, scale.annotationFiles);
  station.standIn(s3.store, buckets.storage);
  const put = (uri: string, body: Uint8Array) => {
    const { bucket, key } = objectOf(uri);
    s3.store.putObject(bucket, key, Buffer.from(body), 'application/gzip');
  };
  const archives = {
    'model.tar.gz': await packSource(new Map([['model.pth', randomBytes(scale.modelBytes)]])),
    'output.tar.gz': await packSource(
      new Map([
        ['args.json', Buffer.from('{"learning_rate": 0.001}')],
        ['metrics.csv', Buffer.from('epoch,train_loss,val_loss\n0,0.69,0.68\n')],
      ]),
    ),
  };

  /** What a batch would be merged to: its rows with their scores. */
  const putChunk = ({ run, batch }: Batch) => {
    const { images, run_prefix } = run.keys.transform;
    const text = s3.store
      .getObject(buckets.model, images)
      .body.subarray(batch.first_byte, batch.last_byte + 1);
    const lines = text.toString().trimEnd().split('\n');
    const scored = lines.map((line, row) => `${line},${scoreOf(batch.skip + row)}\n`).join('');
    const header = 'split,image_id,timestamp,filename,url,value,score\n';
    s3.store.putObject(
      buckets.model,
      `${run_prefix}/${chunkName(batch)}`,
      Buffer.from(header + scored),
      'text/csv',
    );
    return { skip: batch.skip, n: batch.n, size: batch.size, scored: batch.n, unreadable: 0, missing: 0 };
  };

  /** The state that the last function of the machine was given: all that the machine knows of the run. */
  let state: Record<string, unknown> = {};
  const runTask = async (resource: string, parameters: unknown): Promise<unknown> => {
    if (resource.includes(':function:')) {
      const key = functionKeyOf(resource);
      if (
        key === 'merge-predictions' &&
        (parameters as Batch).batch.skip / (parameters as Batch).batch.size >= scale.merged
      )
        return putChunk(parameters as Batch);
      if (key === 'build-report') state = parameters as Record<string, unknown>;
      return invoke(key, parameters);
    }
    const request = parameters as Request;
    switch (resource.slice(resource.lastIndexOf(':') + 1)) {
      case 'createTrainingJob.sync': {
        const output = `${request.OutputDataConfig.S3OutputPath}/${request.TrainingJobName}/output`;
        for (const [name, body] of Object.entries(archives)) put(`${output}/${name}`, body);
        const artifact = `${output}/model.tar.gz`;
        return {
          TrainingJobName: request.TrainingJobName,
          TrainingJobStatus: 'Completed',
          ModelArtifacts: { S3ModelArtifacts: artifact },
        };
      }
      case 'createModel':
        return { ModelArn: `arn:aws:sagemaker:us-west-2:000000000000:model/${request.ModelName}` };
      case 'createTransformJob.sync':
        return { TransformJobName: request.TransformJobName, TransformJobStatus: 'Completed' };
      default: // deleteModel, publish
        return {};
    }
  };
  const machines = await workplace.startMachines(template.machines, runTask, 'executions');
  const batches = { merge_batch_size: scale.mergeBatch };
  const input = {
    station_id: station.id,
    pretrained: false,
    min_hour: 0,
    max_hour: 23,
    model_code: 'A',
    ...batches,
  };
  const trained = await machines.run('train-station', input);
  executions.push({ name: 'train-station', ...trained });
  const job = { job: 'train', status: 'Stopped', redrive_count: 0 };
  await invoke('resume-job', { kind: 'training', job, redrive_count: 1, max_hours: 24 });
  await invoke('notify-failure', failureOf(trained.output));
  const stations = template.machines.filter(({ name }) => name.endsWith('-station'));
  await invoke('watch-executions', { machines: stations.map(({ arn }) => arn) });

  // What a second training has to do as well, which is compared with the first one.
  const { run } = state as { run: Run };
  const second: Run = {
    ...run,
    model_code: 'B',
    started_at: new Date(Date.now() + 1000).toISOString(),
    parameters: { ...run.parameters, promote: 'if_better' },
  };
  await invoke('decide-promotion', { run: second }, 'decide-promotion, against a default');
  await invoke('build-report', { ...state, run: second }, 'build-report, with a model before');

  say('Inserting new photos …');
  await station.addPhotos();
  const scored = await machines.run('score-station', { station_id: station.id, ...batches });
  executions.push({ name: 'score-station', ...scored });

  say('One annotation file, and uploaded values …');
  await station.removeNewPhotos();
  await station.annotate(s3.store, 1);
  await station.uploadValues();
  await measureOneFile(invoke, run, station.id);

  say('Inserting stations …');
  await insertStations(database, scale);
  executions.push({ name: 'refresh-stations', ...(await measureRefresh(workplace, trained.output, invoke)) });
}

/** What EventBridge tells of an execution that ends with as long an error, and as long an input, as it may have. */
const failureOf = (output: unknown) => ({
  time: '2026-11-26T22:45:37Z',
  region: 'us-west-2',
  detail: {
    executionArn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-local-train-station:one',
    stateMachineArn: 'arn:aws:states:us-west-2:000000000000:stateMachine:fpe-local-train-station',
    name: 'one',
    status: 'FAILED',
    input: JSON.stringify({ output }).padEnd(200_000),
    error: 'NoImages',
    cause: 'x'.repeat(32_768),
  },
});

type Invoke = <Result = unknown>(key: string, event: unknown, as?: string) => Promise<Result>;

/** The steps that read annotation files and uploaded values, with all pairs in one file. */
async function measureOneFile(invoke: Invoke, former: Run, stationId: number): Promise<void> {
  const execution = {
    arn: `${former.execution_arn}-one-file`,
    name: 'one-file',
    started_at: new Date().toISOString(),
  };
  const input = { station_id: stationId, pretrained: false, min_hour: 0, max_hour: 23, model_code: 'ONE' };
  const as = (key: string) => `${key}, one annotation file and uploaded values`;
  const run = await invoke<Run>('prepare-run', { input, execution });
  const exported = await invoke('export-station', { run }, as('export-station'));
  await invoke('build-dataset', { run, export: exported }, as('build-dataset'));
  await invoke('split-pairs', { run }, as('split-pairs'));
}

/** The machine of refreshes with stations whose executions are instant and end with the output of a real one. */
async function measureRefresh(
  workplace: Workplace,
  output: unknown,
  invoke: Invoke,
): Promise<ExecutionMeasure> {
  const machines = workplace.template.machines.map(({ name, arn, definition }) =>
    name.endsWith('-refresh-stations') ? { name, arn, definition } : { name, arn, definition: ONE_STATE },
  );
  const refreshes = await workplace.startMachines(
    machines,
    async (resource, parameters) => {
      if (!resource.includes(':function:')) return {};
      const key = functionKeyOf(resource);
      if (key !== 'station') return invoke(key, parameters);
      // One in ten fails, with as many words as there may be.
      const { station_id } = parameters as { station_id: number };
      if (station_id % 10 === 0) throw new TaskFailure('NoImages', 'x'.repeat(30_000));
      return output;
    },
    'refreshes',
  );
  return refreshes.run('refresh-stations', {
    max_training_jobs: 200,
    concurrency: 40,
    min_new_pairs: 500,
  });
}

const ONE_STATE = JSON.stringify({
  StartAt: 'Work',
  States: {
    Work: { Type: 'Task', Resource: 'arn:aws:lambda:us-west-2:000000000000:function:station', End: true },
  },
});
