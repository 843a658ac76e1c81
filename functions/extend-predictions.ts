import pMap from 'p-map';
import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { publishScoredPhotos } from '../shared/aws/metrics.ts';
import { csvUpload, findVersion, readAllRows, readJson, writeCsv } from '../shared/aws/object-store.ts';
import { imagesetUuidOf } from '../shared/dataset/photo-key.ts';
import {
  type Counts,
  leftOutPhrases,
  PHOTO_EXCLUSIONS,
  PHOTO_FAULTS,
  type PhotoFault,
  sumCounts,
} from '../shared/dataset/reasons.ts';
import { PredictionsIncomplete } from '../shared/errors.ts';
import { imagesetPredictionsKey } from '../shared/execution/keys.ts';
import {
  type Corrections,
  corrections,
  type Extension,
  type ScoringRun,
  type Selection,
  scoringRun,
  selection,
} from '../shared/execution/score-station-state.ts';
import { stationInWords } from '../shared/execution/station.ts';
import { type MergedBatch, mergedBatch } from '../shared/execution/train-station-state.ts';
import { csvHeader, csvRows, formatCsv } from '../shared/formats/csv.ts';
import { inUtc, type StationClock, stationClock } from '../shared/formats/local-time.ts';
import { formatCount } from '../shared/formats/numbers.ts';
import { readSortedPredictions } from '../shared/model-bucket/model-files.ts';
import { assertClaimHeld } from '../shared/model-bucket/run-claim.ts';
import {
  chunkName,
  IMAGESET_PREDICTION_COLUMNS,
  imagesetLine,
  PREDICTION_COLUMNS,
  type PredictedPhoto,
  predictedPhoto,
} from '../shared/predictions/columns.ts';
import { byInstant, extendPredictions } from '../shared/predictions/extended-predictions.ts';
import { publicColumns, publicLines } from '../shared/predictions/public-predictions.ts';

const FILES_AT_ONCE = 10;

/**
 * Adds the new scores to the predictions in one pass: afterward, a copy of the model's own predictions, one for the website and
 * one for each imageset with new scores are ready.
 */
export const handler = lambdaHandler(
  z.object({ run: scoringRun, selection, merged: z.array(mergedBatch) }),
  async ({ run, selection, merged }): Promise<Extension> => {
    await assertClaimHeld(run, run.keys.claim);
    // Before the predictions are read: any change of the public file from now on is detected when it is replaced.
    const published_etag = await findVersion({
      bucket: run.buckets.storage,
      key: run.keys.published.predictions,
    });
    const added = await readNewScores(run, selection, merged);
    const clock = stationClock(run.station.timezone);
    const { imagesets } = await readCorrections(run, selection);
    const withAdded = added.flatMap(({ filename }) => imagesetUuidOf(filename) ?? []);
    const ofImagesets = new Map([...imagesets, ...withAdded].map((uuid) => [uuid, [] as PredictedPhoto[]]));
    const images = await writeExtended(
      run,
      extendPredictions(readSortedPredictions(selection.predictions, selection.is_sorted), added),
      (row) => ofImagesets.get(imagesetUuidOf(row.filename) ?? '')?.push(row),
    );
    await pMap(ofImagesets, ([uuid, rows]) => writeImageset(run, uuid, rows, clock), {
      concurrency: FILES_AT_ONCE,
    });
    const scored = added.filter(({ score }) => score !== null).length;
    const counts = { images, scored, unreadable: added.length - scored };
    publishScoredPhotos(counts);
    const faults = sumCounts(
      PHOTO_FAULTS,
      merged.map((batch) => batch.faults),
    );
    return {
      ...counts,
      faults,
      remarks: remarksOf(faults, selection),
      imagesets: ofImagesets.size,
      published_etag,
    };
  },
);

function remarksOf(
  faults: Counts<PhotoFault>,
  { left_out, corrected, outside, elsewhere }: Selection,
): string {
  const sentence = (begin: string, phrases: string[]) =>
    phrases.length > 0 ? `\n${begin}: ${phrases.join(', ')}.` : '';
  return (
    sentence('Photos without a score', leftOutPhrases(PHOTO_FAULTS, faults, formatCount)) +
    sentence('Photos left out', leftOutPhrases(PHOTO_EXCLUSIONS, left_out, formatCount)) +
    (corrected + outside > 0
      ? `\nTimes corrected since, as of the database: ${formatCount(corrected)} photos stay, ${formatCount(outside)} are outside the hours and months of the model and go.`
      : '') +
    (elsewhere > 0
      ? `\nTaken over from FPE’s own tools: the scores of ${formatCount(elsewhere)} photos.`
      : '')
  );
}

/** @returns number of rows for the website */
async function writeExtended(
  run: ScoringRun,
  extended: AsyncIterable<PredictedPhoto[]>,
  onRow: (row: PredictedPhoto) => void,
): Promise<number> {
  const clock = stationClock(run.station.timezone);
  const { predictions, published } = run.keys.extended;
  const own = csvUpload(inModelBucket(run, predictions), csvHeader(PREDICTION_COLUMNS));
  const website = csvUpload(inModelBucket(run, published), csvHeader(publicColumns(run.smoothing_hours)));
  let images = 0;
  async function* scoredRows() {
    for await (const rows of extended) {
      rows.forEach(onRow);
      await own.write(csvRows(PREDICTION_COLUMNS, rows.map(inUtc)));
      const scored = rows.filter(({ score }) => score !== null);
      images += scored.length;
      yield scored;
    }
  }
  try {
    for await (const lines of publicLines(scoredRows(), clock, run.smoothing_hours))
      await website.write(lines);
    await Promise.all([own.end(), website.end()]);
  } catch (error) {
    await Promise.all([own.discard(), website.discard()]);
    throw error;
  }
  return images;
}

const inModelBucket = (run: ScoringRun, key: string) => ({ bucket: run.buckets.model, key });

/** None if the predictions were not rewritten. */
const readCorrections = async (
  run: ScoringRun,
  { corrected, outside, elsewhere }: Selection,
): Promise<Corrections> =>
  corrected + outside + elsewhere > 0
    ? readJson(inModelBucket(run, run.keys.extended.corrections), corrections)
    : { imagesets: [] };

/** Rows of all chunks: each new photo has one, otherwise the run fails (Q-M2). */
async function readNewScores(
  run: ScoringRun,
  { transform_photos }: Selection,
  merged: readonly MergedBatch[],
): Promise<PredictedPhoto[]> {
  const chunks = await pMap(
    merged,
    (batch) =>
      readAllRows(inModelBucket(run, `${run.keys.transform.run_prefix}/${chunkName(batch)}`), predictedPhoto),
    { concurrency: FILES_AT_ONCE },
  );
  const rows = chunks.flat();
  if (rows.length === transform_photos) return rows.sort(byInstant);
  throw new PredictionsIncomplete({
    what: 'The new predictions are not complete',
    where: `${stationInWords(run.station)}, model ${run.model_code}`,
    found: `${rows.length} rows in ${merged.length} chunks`,
    expected: `${transform_photos} rows`,
    fix: 'check the log of the transform job, then start a new execution',
  });
}

/** All predictions of an imageset, and nothing else: SelectPhotos has adopted what another tool wrote there. */
async function writeImageset(
  run: ScoringRun,
  uuid: string,
  rows: readonly PredictedPhoto[],
  clock: StationClock,
): Promise<void> {
  await writeCsv(
    inModelBucket(run, imagesetPredictionsKey(run.keys.extended.imagesets, uuid)),
    formatCsv(IMAGESET_PREDICTION_COLUMNS, rows.map(imagesetLine(clock))),
  );
}
