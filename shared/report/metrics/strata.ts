import type { ReportData } from '../data/report-data.ts';
import { SPLIT_GROUPS } from '../data/split-groups.ts';
import { STRATIFICATIONS, type Stratification } from '../data/strata.ts';
import { LEAST_ROWS } from '../data/too-few.ts';
import { intervalMetrics, TAU_BOOTSTRAP } from './certainty.ts';
import { type Metric, metric } from './metric.ts';

/** Kendall tau in every stratum, of all photos under its name alone and of each split with the split's id behind it. */
export function strataMetrics({ strata, variable }: ReportData): Metric[] {
  const photosOf: Record<Stratification, (label: string) => string> = {
    season: (label) => `photos taken in ${label}, station time,`,
    period: (label) => `photos taken ${label} the dates of the annotated photos`,
    value: (label) => `photos with observed ${variable.noun} in the ${label} of all photos with both`,
    month: (label) => `photos taken in the month ${label}, station time,`,
    hour: (label) => `photos taken in the hour ${label}, station time,`,
  };
  return SPLIT_GROUPS.flatMap((group) =>
    STRATIFICATIONS.flatMap((by) =>
      strata[group.id][by].flatMap(({ id, label, n, tau, interval }) => {
        const name = `by_${by}.${id}${group.id === 'overall' ? '' : `.${group.id}`}`;
        const photos = `${photosOf[by](label)} ${group.meaning}`;
        return [
          metric(
            `kendall_tau.${name}`,
            label,
            tau,
            'dimensionless, -1 to 1',
            `Kendall's tau-b of score and observed ${variable.noun}, ${photos}; null for fewer than ${LEAST_ROWS}`,
          ),
          metric(
            `kendall_tau_n.${name}`,
            label,
            n,
            'photos',
            `photos with both a score and an observed value behind kendall_tau.${name}`,
          ),
          ...intervalMetrics(`kendall_tau.${name}`, interval, TAU_BOOTSTRAP),
        ];
      }),
    ),
  );
}
