import { createHash } from 'node:crypto';
import { Command } from 'commander';
import { LOCAL_STAGE_NAME, readStage } from '../config/stage.ts';
import { setting } from '../shared/aws/configuration.ts';
import { writeObject } from '../shared/aws/object-store.ts';
import { type ObjectLocation, s3Uri } from '../shared/formats/object-location.ts';
import { findWeights, IMAGENET_WEIGHTS, weightsFault } from '../shared/model-bucket/imagenet-weights.ts';
import { readGivenBytes } from './given-file.ts';
import { printText } from './print.ts';
import { connectToData, optionalStageOption } from './stage.ts';
import { UsageError } from './usage-error.ts';

/** The command's effects. */
const EFFECTS = {
  connect: connectToData,
  modelBucket: (): string => setting('MODEL_BUCKET'),
  findWeights,
  writeObject: (to: ObjectLocation, bytes: Uint8Array): Promise<unknown> =>
    writeObject(to, bytes, 'application/octet-stream'),
  fetch,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe weights`: the ImageNet weights that trainings start from, once for a model bucket. */
export function weightsCommand(effects: Effects = EFFECTS): Command {
  return new Command('weights')
    .argument(
      '[file]',
      `${IMAGENET_WEIGHTS.file}; if left out, it is downloaded from ${IMAGENET_WEIGHTS.url}`,
    )
    .addOption(optionalStageOption())
    .addHelpText(
      'after',
      `
Checks size and SHA-256 before anything is uploaded. Uses the local stack while it is running, unless --stage names another place.
Weights that are there already and sound are left as they are.`,
    )
    .action(async (file: string | undefined, { stage }: { stage?: string }, command: Command) => {
      const given = file === undefined ? null : requireWeights(file, readWeights(file));
      await effects.connect(stage, command);
      const to = { bucket: effects.modelBucket(), key: readStage(stage ?? LOCAL_STAGE_NAME).weightsKey };
      effects.print(await supplyWeights(given, to, effects));
    });
}

async function supplyWeights(
  given: Uint8Array | null,
  to: ObjectLocation,
  {
    findWeights,
    writeObject,
    fetch,
    print,
  }: Pick<Effects, 'findWeights' | 'writeObject' | 'fetch' | 'print'>,
): Promise<string> {
  if ((await findWeights(to)).state === 'sound')
    return `The ImageNet weights are already there: ${s3Uri(to)}`;
  if (given === null) print(`Downloading ${IMAGENET_WEIGHTS.url}, 47 MB …`);
  const bytes = given ?? requireWeights(IMAGENET_WEIGHTS.url, await download(fetch));
  await writeObject(to, bytes);
  return `Uploaded the ImageNet weights to ${s3Uri(to)}, sha256 ${IMAGENET_WEIGHTS.sha256.slice(0, 8)}…`;
}

/** @param from file or address @throws UsageError if these are not the weights */
function requireWeights(from: string, bytes: Uint8Array): Uint8Array {
  const fault = weightsFault({
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  if (fault === null) return bytes;
  throw new UsageError(
    `These are not the ImageNet weights: ${from} ${fault}. Download ${IMAGENET_WEIGHTS.url} again. Nothing was uploaded.`,
  );
}

const readWeights = (file: string): Uint8Array =>
  readGivenBytes(file, `Give ${IMAGENET_WEIGHTS.file}, from ${IMAGENET_WEIGHTS.url}`);

async function download(get: typeof fetch): Promise<Uint8Array> {
  try {
    const answer = await get(IMAGENET_WEIGHTS.url);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    const { message, cause } = error as Error;
    throw new UsageError(
      `The weights cannot be downloaded from ${IMAGENET_WEIGHTS.url}: ${[message, (cause as Error)?.message].filter(Boolean).join(', ')}. Download them where there is a way to the internet, then give the file: ./fpe weights ${IMAGENET_WEIGHTS.file}`,
    );
  }
}
