import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { MODEL_LIMITS, readArchive } from '../../shared/formats/archive-entries.ts';
import { objectOf } from '../../shared/formats/object-location.ts';
import { packSource } from '../../shared/formats/source-archive.ts';
import type { Objects } from './objects.ts';

/**
 * What SageMaker and SNS would do, at once: a training leaves an archive that no other training leaves, a transform gives every
 * photo of its manifest a score that tells which archive it is from.
 */
export async function runInstantJob(work: string, parameters: unknown, objects: Objects): Promise<unknown> {
  switch (work) {
    case 'createTrainingJob.sync':
      return train(parameters as TrainingJob, objects);
    case 'createModel': {
      const { ModelName, PrimaryContainer } = parameters as Model;
      artifacts.set(ModelName, PrimaryContainer.ModelDataUrl);
      return { ModelArn: `arn:aws:sagemaker:us-west-2:000000000000:model/${ModelName}` };
    }
    case 'createTransformJob.sync':
      return score(parameters as TransformJob, objects);
    default: // deleteModel, publish
      return {};
  }
}

type TrainingJob = { TrainingJobName: string; OutputDataConfig: { S3OutputPath: string } };
type Model = { ModelName: string; PrimaryContainer: { ModelDataUrl: string } };
type TransformJob = {
  TransformJobName: string;
  ModelName: string;
  TransformInput: { DataSource: { S3DataSource: { S3Uri: string } } };
  TransformOutput: { S3OutputPath: string };
};

/** Archive of each model, by its name. */
const artifacts = new Map<string, string>();

/** Whole part of all scores of a model: 16 bits of its archive's checksum, as float32 holds the score exactly. */
export const scoreOfArchive = (archive: string): number =>
  createHash('sha256').update(archive).digest().readUInt16BE();

/** Half of the models order photos the other way round, so that one can be worse than another. */
const scoreOf = (whole: number, index: number): number =>
  whole + (whole % 2 === 0 ? index % 64 : 63 - (index % 64)) / 64;

async function train({ TrainingJobName, OutputDataConfig }: TrainingJob, objects: Objects) {
  const output = `${OutputDataConfig.S3OutputPath}/${TrainingJobName}/output`;
  const write = (name: string, body: Uint8Array) => objects.write(objectOf(`${output}/${name}`), body);
  write('model.tar.gz', await packSource(entries({ 'model.pth': TrainingJobName, 'code/inference.py': '' })));
  write(
    'output.tar.gz',
    await packSource(
      entries({
        'args.json': '{"learning_rate": 0.001}',
        'metrics.csv': 'epoch,train_loss,val_loss\n0,0.69,0.68\n',
      }),
    ),
  );
  return {
    TrainingJobName,
    TrainingJobStatus: 'Completed',
    ModelArtifacts: { S3ModelArtifacts: `${output}/model.tar.gz` },
  };
}

async function score(
  { TransformJobName, ModelName, TransformInput, TransformOutput }: TransformJob,
  objects: Objects,
) {
  const { S3Uri } = TransformInput.DataSource.S3DataSource;
  const { S3OutputPath } = TransformOutput;
  const [, ...keys] = JSON.parse(String(objects.findText(objectOf(S3Uri)))) as [object, ...string[]];
  const whole = scoreOfArchive(await readModelFile(objects, artifacts.get(ModelName) as string));
  for (const [index, key] of keys.entries())
    objects.write(objectOf(`${S3OutputPath}/${key}.out`), JSON.stringify({ score: scoreOf(whole, index) }));
  return { TransformJobName, TransformJobStatus: 'Completed' };
}

/** model.pth of an archive, by whose text archives are told apart, also where code was added. */
export async function readModelFile(objects: Objects, uri: string): Promise<string> {
  const packed = objects.find(objectOf(uri));
  if (!packed) throw new Error(`there is no ${uri}`);
  let found: string | null = null;
  const keep = async (body: Readable) => {
    found = await text(body);
  };
  await readArchive(Readable.from([packed]), { where: uri, limits: MODEL_LIMITS }, ({ name, body }) =>
    name === 'model.pth' ? keep(body) : null,
  );
  if (found === null) throw new Error(`${uri} has no model.pth`);
  return found;
}

const entries = (files: Record<string, string>): Map<string, Uint8Array> =>
  new Map(Object.entries(files).map(([name, body]) => [name, Buffer.from(body)]));
