import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { sumOf } from '../dataset/reasons.ts';
import type { Predictions } from '../execution/train-station-state.ts';

/**
 * Metrics as lines of the log, in CloudWatch's embedded metric format: they need no call, no permission and no network. Namespace
 * and the dimension `service` come from the environment; resources/alarms.yml and dashboard.yml read them.
 */
const metrics = new Metrics();

/** PhotosScored and PhotosUnreadable (counts), UnreadableShare (percent of the run's photos). */
export function publishScoring({ images, scored, unreadable }: Predictions): void {
  metrics.addMetric('PhotosScored', MetricUnit.Count, scored);
  metrics.addMetric('PhotosUnreadable', MetricUnit.Count, unreadable);
  metrics.addMetric('UnreadableShare', MetricUnit.Percent, images > 0 ? (100 * unreadable) / images : 0);
  metrics.publishStoredMetrics();
}

/** As `publishScoring`, but without a share: a few new photos say little about a station. */
export function publishScoredPhotos({ scored, unreadable }: { scored: number; unreadable: number }): void {
  metrics.addMetric('PhotosScored', MetricUnit.Count, scored);
  metrics.addMetric('PhotosUnreadable', MetricUnit.Count, unreadable);
  metrics.publishStoredMetrics();
}

/** OldestExecutionHours: how long the oldest running execution has been running; 0 if none is running. */
export function publishOldestExecution(hours: number): void {
  metrics.addMetric('OldestExecutionHours', MetricUnit.NoUnit, hours);
  metrics.publishStoredMetrics();
}

/** KendallTau of scores and observed values over all photos of a station's model; nothing if there is none. */
export function publishKendallTau(stationId: number, tau: number | null): void {
  if (tau === null) return;
  const ofStation = metrics.singleMetric();
  ofStation.addDimension('station_id', String(stationId));
  ofStation.addMetric('KendallTau', MetricUnit.NoUnit, tau);
}

/** PhotosLeftOut, PairsLeftOut and ValuesLeftOut of a run: in all, and by the reasons of shared/dataset/reasons.ts that applied. */
export function publishLeftOut(
  parts: Record<'Photos' | 'Pairs' | 'Values', readonly Readonly<Record<string, number>>[]>,
): void {
  for (const [things, counts] of Object.entries(parts)) {
    const name = `${things}LeftOut`;
    metrics.addMetric(
      name,
      MetricUnit.Count,
      counts.map(sumOf).reduce((sum, part) => sum + part, 0),
    );
    for (const [reason, count] of counts.flatMap((part) => Object.entries(part))) {
      if (count === 0) continue;
      const ofReason = metrics.singleMetric();
      ofReason.addDimension('reason', reason);
      ofReason.addMetric(name, MetricUnit.Count, count);
    }
  }
  metrics.publishStoredMetrics();
}
