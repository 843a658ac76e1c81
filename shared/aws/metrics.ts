import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Predictions } from '../execution-state.ts';

/**
 * Metrics as lines of the log, in CloudWatch's embedded metric format: no call, no right and no network are needed.
 * Namespace and the dimension `service` come from the environment; resources/alarms.yml and dashboard.yml read them.
 */
const metrics = new Metrics();

/** PhotosScored and PhotosUnreadable (counts), UnreadableShare (percent of the run's photos). */
export function publishScoring({ images, scored, unreadable }: Predictions): void {
  metrics.addMetric('PhotosScored', MetricUnit.Count, scored);
  metrics.addMetric('PhotosUnreadable', MetricUnit.Count, unreadable);
  metrics.addMetric('UnreadableShare', MetricUnit.Percent, images > 0 ? (100 * unreadable) / images : 0);
  metrics.publishStoredMetrics();
}

/** As `publishScoring`, without a share: a few new photos say little of a station's. */
export function publishScoredPhotos({ scored, unreadable }: { scored: number; unreadable: number }): void {
  metrics.addMetric('PhotosScored', MetricUnit.Count, scored);
  metrics.addMetric('PhotosUnreadable', MetricUnit.Count, unreadable);
  metrics.publishStoredMetrics();
}

/** KendallTau of scores and observed values over all photos of a station's model; nothing where there is none. */
export function publishKendallTau(stationId: number, tau: number | null): void {
  if (tau === null) return;
  const ofStation = metrics.singleMetric();
  ofStation.addDimension('station_id', String(stationId));
  ofStation.addMetric('KendallTau', MetricUnit.NoUnit, tau);
}
