import { EXTREME_SHARES, type Precision } from '../data/measures.ts';
import type { ReportData } from '../data/report-data.ts';
import { SPLIT_GROUPS } from '../data/split-groups.ts';
import { LEAST_ROWS, whereEnough } from '../data/too-few.ts';
import { type Metric, metric } from './metric.ts';

const PRECISION = 'fraction, 0 to 1';

/** What FPE's team compares models by, for each split; `rank_error` alone is that of all photos. */
export const measureMetrics = ({ measures, variable }: ReportData): Metric[] =>
  SPLIT_GROUPS.flatMap(({ id, meaning }) => {
    const { n, rho, rankError, high, low } = measures[id];
    const photos = `photos ${meaning}; null for fewer than ${LEAST_ROWS}`;
    const error = (name: string) =>
      metric(
        name,
        'Mean rank difference',
        whereEnough(n, rankError),
        'fraction of all ranks, 0 to 1',
        `mean of |percentile rank of the observed value − percentile rank of the score|, ${photos}; 1/3 is chance`,
      );
    return [
      metric(
        `spearman_rho.${id}`,
        "Spearman's rho",
        whereEnough(n, rho),
        'dimensionless, -1 to 1',
        `Spearman's rho of score and observed ${variable.noun}, ${photos}`,
      ),
      ...(id === 'overall' ? [error('rank_error')] : []),
      error(`rank_error.${id}`),
      ...precisionMetrics('high', id, whereEnough(n, high), `highest observed ${variable.noun}, ${photos}`),
      ...precisionMetrics('low', id, whereEnough(n, low), `lowest observed ${variable.noun}, ${photos}`),
    ];
  });

function precisionMetrics(
  end: 'high' | 'low',
  group: string,
  precision: Precision | null,
  photos: string,
): Metric[] {
  const percent = EXTREME_SHARES.map((share) => Math.round(100 * share));
  const order = end === 'high' ? 'highest score first' : 'lowest score first';
  return [
    metric(
      `average_precision_${end}.${group}`,
      'Mean average precision',
      precision?.mean ?? null,
      PRECISION,
      `mean of the average precisions of the ${percent.join(', ')} % of photos with the ${photos}`,
    ),
    ...percent.map((share, index) =>
      metric(
        `average_precision_${end}_${share}.${group}`,
        'Average precision',
        precision?.byShare[index] ?? null,
        PRECISION,
        `average precision, ${order}, of finding the ${share} % of photos with the ${photos}; ${share / 100} is about chance`,
      ),
    ),
  ];
}
