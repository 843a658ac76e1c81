import { Readable } from 'node:stream';
import * as z from 'zod';
import { pageScript } from '../browser/script.ts';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { publishKendallTau, publishLeftOut } from '../shared/aws/metrics.ts';
import {
  findJson,
  HTML_TYPE,
  readAllRows,
  readJson,
  readRows,
  readStream,
  writeCsv,
  writeJson,
  writeObject,
} from '../shared/aws/object-store.ts';
import { photoBase, readThumbnails } from '../shared/aws/photos.ts';
import type { Report } from '../shared/execution/train-station-state.ts';
import { objectsIn, s3Uri } from '../shared/formats/object-location.ts';
import { findPreviousModel } from '../shared/model-bucket/previous-model.ts';
import { fileChecksums } from '../shared/model-bucket/report-files.ts';
import { misreadWindows } from '../shared/model-input/model-windows.ts';
import { prediction, unclearName, unclearPhoto } from '../shared/predictions/columns.ts';
import { intervalFile } from '../shared/predictions/interval-file.ts';
import { decisionsOf, judgedPairs, judgment, pairSplitRow } from '../shared/predictions/judged-pairs.ts';
import { collectPhotos } from '../shared/predictions/scored-photos.ts';
import { qualityRemarks, reportChecks } from '../shared/quality/dataset-quality.ts';
import { countFindings, qualityFile } from '../shared/quality/finding.ts';
import { galleryPhotos } from '../shared/report/data/gallery-photos.ts';
import { remarks } from '../shared/report/data/remarks.ts';
import {
  type ReportState,
  rankInputSummary,
  reportData,
  reportState,
} from '../shared/report/data/report-data.ts';
import { jobCosts } from '../shared/report/data/run-cost.ts';
import { JOB_PLACES } from '../shared/report/data/run-facts.ts';
import { forEachGroup } from '../shared/report/data/split-groups.ts';
import { readTrainingOutput, trainingOutputLocation } from '../shared/report/data/training-output.ts';
import { REPORTS } from '../shared/report/reports.ts';

/** With them, the page of a station of 30,000 photos stays below 3 MB; a third is added by base64. */
const THUMBNAILS_BYTES = 1_100_000;

/** Compares scores with observed values, and writes the report for people, and its numbers and the scores' intervals for programs to read. */
export const handler = lambdaHandler(reportState, async (state): Promise<Report> => {
  const { keys, buckets } = state.run;
  const inModelBucket = objectsIn(buckets.model);

  const summary = await readJson(inModelBucket(keys.input.summary), rankInputSummary);
  const output = trainingOutputLocation(state.training.artifact);
  const training = await readTrainingOutput(await readStream(output), s3Uri(output));
  const photos = await collectPhotos(readRows(inModelBucket(keys.transform.predictions), prediction));
  const judgments = await readAllRows(inModelBucket(keys.input.annotations), judgment);
  const pairs = judgedPairs(
    judgments,
    await readAllRows(inModelBucket(keys.input.pairs), pairSplitRow),
    photos.imageIds,
  );
  const files = await fileChecksums(state);
  const jobPlace = z.enum(JOB_PLACES).parse(optionalSetting('JOB_PLACE') ?? 'SageMaker');
  const report = reportData({
    state,
    summary,
    training,
    photos,
    pairs,
    previous: await findPreviousModel(state.run, photos.imageIds),
    files,
    cost: jobPlace === 'SageMaker' ? jobCosts(state, files) : null,
    jobPlace,
    checks: reportChecks((await findJson(inModelBucket(keys.dataset.quality), qualityFile))?.checks ?? [], {
      decisions: decisionsOf(judgments),
      photos,
      light: await readLight(state),
      timezone: state.run.station.timezone,
    }),
    photoBase: photoBase(buckets.storage),
    version: optionalSetting('PIPELINE_VERSION') ?? null,
  });
  const { page, metrics, note } = REPORTS[state.run.parameters.model_type];
  const thumbnails = await readThumbnails(buckets.storage, galleryPhotos(report), THUMBNAILS_BYTES);
  await writeObject(inModelBucket(keys.report), page(report, pageScript(), thumbnails), HTML_TYPE);
  await writeJson(inModelBucket(keys.metrics), metrics(report));
  await writeCsv(
    inModelBucket(keys.transform.intervals),
    Readable.from(intervalFile(photos, report.scoreError)),
  );
  const { photos: byPhoto, days } = report.agreement;
  publishKendallTau(state.run.station.id, byPhoto.overall.tau);
  publishLeftOut({
    Photos: [state.export.images_excluded, state.predictions.faults],
    Pairs: [state.export.pairs_excluded],
    Values: [state.export.values_excluded],
  });
  const warnings = misreadWindows(state.run.parameters);
  const said = [...warnings, ...qualityRemarks(report.checks), ...remarks(report)];
  return {
    note: note(report),
    remarks: said.map((remark) => `\n${remark}`).join(''),
    warnings,
    data_findings: countFindings(report.checks),
    learnt: training.learnt,
    kendall_tau: forEachGroup(({ id }) => byPhoto[id].tau),
    kendall_tau_daily: forEachGroup(({ id }) => days[id].tau),
  };
});

/** Null if FPE's row is no longer of the same kind. */
const stationPosition = z.object({ latitude: z.number(), longitude: z.number() }).nullable().catch(null);

/** The light in the photos that were scored. */
async function readLight({ run, predictions }: ReportState) {
  const key = `${run.keys.transform.run_prefix}/${unclearName()}`;
  const { images, scored, unclear, unmeasured } = predictions;
  const photos = unclear > 0 ? await readAllRows({ bucket: run.buckets.model, key }, unclearPhoto) : [];
  const station = await findJson(
    { bucket: run.buckets.model, key: run.keys.dataset.station },
    stationPosition,
  );
  return { measured: scored - unmeasured, photos, images, position: station };
}
