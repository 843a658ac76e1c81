import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import * as z from 'zod';
import { numberCell, parseCsv } from '../csv.ts';
import { FileInvalid } from '../errors.ts';
import type { ObjectLocation } from '../object-location.ts';
import type { TrainingOutput } from './epochs.ts';

/** A number as Python prints it: `nan` and `inf` are no loss to be shown. */
const loss = z
  .string()
  .nullable()
  .transform((text) => (text === null || !Number.isFinite(Number(text)) ? null : Number(text)));
const metricsRow = z
  .object({ epoch: numberCell, train_loss: loss, val_loss: loss })
  .transform(({ epoch, train_loss, val_loss }) => ({ epoch: epoch + 1, train: train_loss, val: val_loss }));

/** `lr` is upstream's name (contract 5.3). */
const argumentsFile = z
  .looseObject({ learning_rate: z.coerce.number().optional(), lr: z.coerce.number().optional() })
  .transform(({ learning_rate, lr }) => learning_rate ?? lr ?? null);

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
 * Reads metrics.csv and args.json from output.tar.gz, at its root or in a folder.
 *
 * @param archive bytes of output.tar.gz
 * @param where names the archive in errors, e.g. its S3 URI
 * @throws FileInvalid when it is no archive, lacks either file, or they are not what train.py writes
 */
export async function readTrainingOutput(
  archive: AsyncIterable<Uint8Array>,
  where: string,
): Promise<TrainingOutput> {
  const files = await unpack(archive, ['metrics.csv', 'args.json'], where);
  const metrics = parseCsv(files.get('metrics.csv') as string, metricsRow, `metrics.csv in ${where}`);
  if (metrics.length === 0) throw invalid(`metrics.csv in ${where}`, 'no epoch');
  return {
    epochs: metrics.sort((a, b) => a.epoch - b.epoch),
    learningRate: parseArguments(files.get('args.json') as string, `args.json in ${where}`),
  };
}

async function unpack(
  archive: AsyncIterable<Uint8Array>,
  names: readonly string[],
  where: string,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  try {
    const source = Readable.from(archive);
    const gunzip = createGunzip();
    const entries = extract();
    // pipe() does not hand on errors, and a source that fails would be waited for without end.
    source.on('error', (error) => gunzip.destroy(error)).pipe(gunzip);
    gunzip.on('error', (error) => entries.destroy(error)).pipe(entries);
    for await (const entry of entries) {
      const name = entry.header.name.split('/').at(-1) as string;
      if (names.includes(name)) files.set(name, (await buffer(entry)).toString('utf8'));
      else entry.resume();
    }
  } catch (cause) {
    if (!isArchiveFault(cause)) throw cause;
    throw invalid(where, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const missing = names.filter((name) => !files.has(name));
  if (missing.length > 0) throw invalid(where, `no ${missing.join(' and no ')} among its files`);
  return files;
}

/** Faults of the bytes, as opposed to a connection that breaks off, which is worth another try. */
const isArchiveFault = (error: unknown): boolean => {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return code.startsWith('Z_') || /tar header|Unexpected end|Invalid tar/.test(message);
};

function parseArguments(text: string, where: string): number | null {
  try {
    return argumentsFile.parse(JSON.parse(text));
  } catch (cause) {
    throw invalid(where, cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause), cause);
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
      fix: 'look into the log of the training job, then start a new execution',
    },
    { cause },
  );
