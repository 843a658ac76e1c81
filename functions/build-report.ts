import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { publishKendallTau } from '../shared/aws/metrics.ts';
import { readJson, readRows, readStream, writeJson, writeObject } from '../shared/aws/object-store.ts';
import type { Report } from '../shared/execution-state.ts';
import { s3Uri } from '../shared/object-location.ts';
import { prediction } from '../shared/predictions.ts';
import { metricsFile } from '../shared/report/metrics.ts';
import { agreementNote } from '../shared/report/note.ts';
import { reportPage } from '../shared/report/page.ts';
import { rankInputSummary, reportData, reportState } from '../shared/report/report-data.ts';
import { collectPhotos } from '../shared/report/scored-photos.ts';
import { forEachGroup } from '../shared/report/split-groups.ts';
import { readTrainingOutput, trainingOutputLocation } from '../shared/report/training-output.ts';

/** Compares scores with observed values, and writes the report for people and its numbers for programs. */
export const handler = lambdaHandler(reportState, async (state): Promise<Report> => {
  const { keys, buckets } = state.run;
  const inModelBucket = (key: string) => ({ bucket: buckets.model, key });

  const summary = await readJson(inModelBucket(keys.input.summary), rankInputSummary);
  const output = trainingOutputLocation(state.training.artifact);
  const training = await readTrainingOutput(await readStream(output), s3Uri(output));
  const rows = readRows(inModelBucket(keys.transform.predictions), prediction);

  const report = reportData(state, summary, await collectPhotos(rows), training);
  await writeObject(inModelBucket(keys.report), reportPage(report), 'text/html; charset=utf-8');
  await writeJson(inModelBucket(keys.metrics), metricsFile(report));
  const { photos, days } = report.agreement;
  publishKendallTau(state.run.station.id, photos.overall.tau);
  return {
    note: agreementNote(report),
    kendall_tau: forEachGroup(({ id }) => photos[id].tau),
    kendall_tau_daily: forEachGroup(({ id }) => days[id].tau),
  };
});
