import pMap from 'p-map';
import * as z from 'zod';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readText, readTextRange, writeCsv } from '../shared/aws/object-store.ts';
import { aboveZero, noneOf, PHOTO_FAULTS, sumOf } from '../shared/dataset/reasons.ts';
import { FileInvalid, ObjectNotFound } from '../shared/errors.ts';
import { mergeBatch, type mergedBatch, transformRun } from '../shared/execution/train-station-state.ts';
import { csvHeader, formatCsv, parseCsv } from '../shared/formats/csv.ts';
import { inUtc } from '../shared/formats/local-time.ts';
import { type ObjectLocation, objectsIn, s3Uri } from '../shared/formats/object-location.ts';
import { readsAtOnce } from '../shared/limits/merge-batches.ts';
import { INPUT_IMAGE_COLUMNS, inputImage } from '../shared/model-input/rank-input.ts';
import {
  chunkName,
  faultOf,
  type ModelAnswer,
  PREDICTION_COLUMNS,
  parseModelAnswer,
  UNCLEAR_COLUMNS,
  unclearName,
} from '../shared/predictions/columns.ts';
import { unclearBy } from '../shared/quality/darkness.ts';

/**
 * Joins one batch of photos with the scores that the transform job left for them, one object per photo. If S3 asks to slow down,
 * the client does (shared/aws/pace.ts), and only time is lost.
 *
 * Settings: MERGE_CONCURRENCY, how many batches are merged at once, 10 by default.
 */
export const handler = lambdaHandler(
  z.object({ run: transformRun, batch: mergeBatch }),
  async ({ run, batch }): Promise<z.input<typeof mergedBatch>> => {
    const inModelBucket = objectsIn(run.buckets.model);
    const { images, run_prefix } = run.keys.transform;
    const lines = await readTextRange(inModelBucket(images), batch.first_byte, batch.last_byte);
    const where = `${s3Uri(inModelBucket(images))} from row ${batch.skip + 1}`;
    const rows = parseCsv(csvHeader(INPUT_IMAGE_COLUMNS) + lines, inputImage, where);

    const faults = noneOf(PHOTO_FAULTS);
    const lumas = new Array<ModelAnswer['luma']>(rows.length);
    let missing = 0;
    const predictions = await pMap(
      rows,
      async (row, index) => {
        const answer = await readAnswer(inModelBucket(`${run_prefix}/${row.filename}.out`));
        lumas[index] = answer?.luma;
        if (answer === null) missing += 1;
        else if (answer.score === null) faults[faultOf(answer)] += 1;
        return { ...inUtc(row), score: answer?.score ?? null };
      },
      { concurrency: readsAtOnce(Number(optionalSetting('MERGE_CONCURRENCY') ?? 10)) },
    );
    const chunk = inModelBucket(`${run_prefix}/${chunkName(batch)}`);
    await writeCsv(chunk, formatCsv(PREDICTION_COLUMNS, predictions));
    const unclear = unclearPhotos(predictions, lumas);
    if (unclear.length > 0)
      await writeCsv(
        inModelBucket(`${run_prefix}/${unclearName(batch)}`),
        formatCsv(UNCLEAR_COLUMNS, unclear),
      );
    const unmeasured = predictions.filter(({ score }, index) => score !== null && !lumas[index]).length;
    const { skip, size } = batch;
    const n = rows.length;
    const unreadable = sumOf(faults);
    return {
      skip,
      n,
      size,
      scored: n - unreadable - missing,
      unreadable,
      faults: aboveZero(faults),
      missing,
      ...(unclear.length > 0 && { unclear: unclear.length }),
      ...(unmeasured > 0 && { unmeasured }),
    };
  },
);

type ScoredPhoto = { image_id: number; timestamp: string; filename: string; score: number | null };

/** Photos with a score that show nothing discernible. */
const unclearPhotos = (photos: readonly ScoredPhoto[], lumas: readonly ModelAnswer['luma'][]) =>
  photos.flatMap(({ image_id, timestamp, filename, score }, index) => {
    const luma = lumas[index];
    if (!luma || score === null) return [];
    const [low, high] = luma;
    return unclearBy({ low, high }) === null ? [] : [{ image_id, timestamp, filename, low, high }];
  });

/** Null if the job left nothing for this photo: its score stays blank and is counted (Q-M1). */
async function readAnswer(location: ObjectLocation): Promise<ModelAnswer | null> {
  let text: string;
  try {
    text = await readText(location);
  } catch (error) {
    if (error instanceof ObjectNotFound) return null;
    throw error;
  }
  try {
    return parseModelAnswer(text);
  } catch (error) {
    throw new FileInvalid({
      what: 'The answer of the model for a photo cannot be read',
      where: s3Uri(location),
      found: (error as Error).message,
      expected: 'JSON such as {"score": 0.0754} or {"score": null}',
      fix: 'check that the serving image answers as model/inference.py does, then start a new execution',
    });
  }
}
