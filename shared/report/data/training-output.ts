import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { FileInvalid } from '../../errors.ts';
import type { Learnt } from '../../execution/train-station-state.ts';
import { readArchive, TEXT_LIMITS } from '../../formats/archive-entries.ts';
import { numberCell, parseCsv } from '../../formats/csv.ts';
import { parseJsonAs } from '../../formats/json.ts';
import type { ObjectLocation } from '../../formats/object-location.ts';
import type { Computation, TrainingOutput } from './epochs.ts';
import { type LearningCurve, NO_CURVE } from './learning-curve.ts';

/** A number as Python prints it: `nan` and `inf` are no loss to be shown. */
const loss = z
  .string()
  .nullable()
  .transform((cell) => (cell === null || !Number.isFinite(Number(cell)) ? null : Number(cell)));
const metricsRow = z
  .object({ epoch: numberCell, train_loss: loss, val_loss: loss })
  .transform(({ epoch, train_loss, val_loss }) => ({ epoch: epoch + 1, train: train_loss, val: val_loss }));

/** `lr` is upstream's name (contract 5.3). */
const argumentsFile = z
  .looseObject({
    learning_rate: z.coerce.number().optional(),
    lr: z.coerce.number().optional(),
    recipe: z.string().optional(),
  })
  .transform(({ learning_rate, lr, recipe = null }) => ({
    learningRate: learning_rate ?? lr ?? null,
    recipe,
  }));

/** What train.py tells of the photos that it has opened; trainings by other code write no such file. */
const trainingFacts = z
  .looseObject({ pairs_train: z.int().min(0), pairs_val: z.int().min(0), photos_unreadable: z.int().min(0) })
  .transform(
    ({ pairs_train, pairs_val, photos_unreadable }): Learnt => ({
      train: pairs_train,
      val: pairs_val,
      photos_unreadable,
    }),
  );

/**
 * Where SageMaker puts what the training wrote besides the model: next to model.tar.gz.
 *
 * @param artifact S3 URI of model.tar.gz, as the training job reports it
 */
export function trainingOutputLocation(artifact: string): ObjectLocation {
  const match = /^s3:\/\/([^/]+)\/(.+\/)model\.tar\.gz$/.exec(artifact);
  if (match) return { bucket: match[1] as string, key: `${match[2]}output.tar.gz` };
  throw new FileInvalid({
    what: 'The training job’s artifact is not where it should be',
    where: 'training.artifact of the state',
    found: JSON.stringify(artifact),
    expected: 's3://bucket/…/output/model.tar.gz',
    fix: 'start a new execution, so that the model is trained again',
  });
}

/**
 * Reads metrics.csv, args.json and, where there is one, training.json from output.tar.gz, at its root or in a folder.
 *
 * @param archive bytes of output.tar.gz
 * @param where names the archive in errors, e.g. its S3 URI
 * @throws ArchiveInvalid when it is no archive, FileInvalid when it lacks either file or they are not what train.py writes
 */
export async function readTrainingOutput(
  archive: AsyncIterable<Uint8Array>,
  where: string,
): Promise<TrainingOutput> {
  const files = await unpack(archive, where);
  const metrics = parseCsv(files.get('metrics.csv') as string, metricsRow, `metrics.csv in ${where}`);
  if (metrics.length === 0) throw invalid(`metrics.csv in ${where}`, 'no epoch');
  const facts = files.get('training.json');
  return {
    epochs: metrics.sort((a, b) => a.epoch - b.epoch),
    ...parse(files.get('args.json') as string, argumentsFile, `args.json in ${where}`),
    learnt: facts === undefined ? null : parse(facts, trainingFacts, `training.json in ${where}`),
    computation: parse(facts ?? '{}', computation, `training.json in ${where}`),
    learningCurve: parse(facts ?? '{}', curveFacts, `training.json in ${where}`),
  };
}

const computation = z
  .looseObject({
    device: z.string().optional(),
    threads: z.number().optional(),
    torch: z.string().optional(),
    resumed_after_epochs: z.number().optional(),
  })
  .transform(
    ({ device = null, threads = null, torch = null, resumed_after_epochs = 0 }): Computation => ({
      device,
      threads,
      torch,
      resumedAfterEpochs: resumed_after_epochs,
    }),
  );

/** Results of learning from fewer pairs; trainings of earlier versions made none. */
const curveFacts = z
  .looseObject({
    learning_curve: z
      .union([
        z.object({
          pairs_val: z.int().min(0),
          points: z.array(
            z.object({
              pairs: z.int().min(1),
              accuracy: z.array(z.number().min(0).max(1).nullable()),
              loss: z.array(z.number()),
            }),
          ),
        }),
        z.object({ skipped: z.string() }),
      ])
      .optional(),
  })
  .transform(({ learning_curve: curve }): LearningCurve => {
    if (!curve) return NO_CURVE;
    if ('skipped' in curve) return { valPairs: 0, points: [], missing: curve.skipped };
    const points = curve.points
      .map((point) => ({ ...point, accuracy: point.accuracy.filter((value) => value !== null) }))
      .sort((a, b) => a.pairs - b.pairs);
    return { valPairs: curve.pairs_val, points, missing: null };
  });

/** By the training.json of output.tar.gz. @throws as `readTrainingOutput` */
export async function readComputation(
  archive: AsyncIterable<Uint8Array>,
  where: string,
): Promise<Computation> {
  const facts = (await unpack(archive, where)).get('training.json');
  return parse(facts ?? '{}', computation, `training.json in ${where}`);
}

const NEEDED = ['metrics.csv', 'args.json'];

async function unpack(archive: AsyncIterable<Uint8Array>, where: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  await readArchive(archive, { where, limits: TEXT_LIMITS }, ({ name: path, body }) => {
    const name = path.split('/').at(-1) as string;
    if (!NEEDED.includes(name) && name !== 'training.json') return null;
    if (files.has(name)) throw invalid(where, `${name} twice`);
    return text(body).then((content) => void files.set(name, content));
  });
  const missing = NEEDED.filter((name) => !files.has(name));
  if (missing.length > 0) throw invalid(where, `no ${missing.join(' and no ')} among its files`);
  return files;
}

function parse<Value>(json: string, schema: z.ZodType<Value>, where: string): Value {
  try {
    return parseJsonAs(json, schema);
  } catch (error) {
    throw invalid(where, (error as Error).message);
  }
}

const invalid = (where: string, found: string, cause?: unknown): FileInvalid =>
  new FileInvalid(
    {
      what: 'The output of the training cannot be read',
      where,
      found,
      expected:
        'output.tar.gz with metrics.csv (epoch, train_loss, val_loss) and args.json, as train.py writes them',
      fix: 'check the log of the training job, then start a new execution',
    },
    { cause },
  );
