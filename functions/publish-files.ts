import { Readable } from 'node:stream';
import * as z from 'zod';
import { setting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { copyObject, readAllRows, readRows, writeCsv } from '../shared/aws/object-store.ts';
import { assertClaimHeld } from '../shared/aws/run-claim.ts';
import { csvHeader, csvPieces, csvRows } from '../shared/csv.ts';
import { ANNOTATION_COLUMNS, annotationLine, annotationRow } from '../shared/dataset-files.ts';
import { type Published, type Run, run, training } from '../shared/execution-state.ts';
import { publishedKeys } from '../shared/keys.ts';
import { stationClock } from '../shared/local-time.ts';
import { type ObjectLocation, objectOf, regionalUrl } from '../shared/object-location.ts';
import { PREDICTION_COLUMNS, prediction } from '../shared/predictions.ts';
import { withoutPeople } from '../shared/public-annotations.ts';

/** Puts the five public files in a folder of their own; nothing on the website names it before InsertModel. */
export const handler = lambdaHandler(
  z.object({ run, training }),
  async ({ run, training }): Promise<Published> => {
    await assertClaimHeld(run);
    const keys = publishedKeys(run.model_uuid, run.model_code);
    const inPublic = (key: string) => ({ bucket: run.buckets.storage, key });
    const inModelBucket = (key: string) => ({ bucket: run.buckets.model, key });

    const [images] = await Promise.all([
      publishPredictions(run, inPublic(keys.predictions)),
      copyObject(inModelBucket(run.keys.report), inPublic(keys.report), 'text/html; charset=utf-8'),
      copyObject(objectOf(training.artifact), inPublic(keys.model), 'application/gzip'),
      copyObject(inModelBucket(run.keys.input.images), inPublic(keys.images), 'text/csv; charset=utf-8'),
      publishAnnotations(run, inPublic(keys.annotations)),
    ]);
    const urlOf = (key: string) => regionalUrl(inPublic(key), setting('AWS_REGION'));
    return { diagnostics_url: urlOf(keys.report), predictions_url: urlOf(keys.predictions), images };
  },
);

/**
 * The copy that the website reads: by time, without rows that have no score, as it would take them for 0 (Q-P1), and with
 * station-local timestamps, as it takes the date from their first ten characters (Q-P2, Q-P3).
 *
 * @returns number of rows
 */
async function publishPredictions(run: Run, to: ObjectLocation): Promise<number> {
  const from = { bucket: run.buckets.model, key: run.keys.transform.predictions };
  const clock = stationClock(run.station.timezone);
  let count = 0;
  async function* lines() {
    yield csvHeader(PREDICTION_COLUMNS);
    for await (const rows of readRows(from, prediction)) {
      const scored = rows.filter(({ score }) => score !== null);
      count += scored.length;
      if (scored.length > 0)
        yield csvRows(
          PREDICTION_COLUMNS,
          scored.map((row) => ({ ...row, timestamp: clock.iso(row.timestamp) })),
        );
    }
  }
  await writeCsv(to, Readable.from(lines()));
  return count;
}

async function publishAnnotations(run: Run, to: ObjectLocation): Promise<void> {
  const from = { bucket: run.buckets.model, key: run.keys.input.annotations };
  const rows = withoutPeople(await readAllRows(from, annotationRow));
  await writeCsv(to, Readable.from(csvPieces(ANNOTATION_COLUMNS, rows, annotationLine, 'NA')));
}
