import { meanAndRange } from '../data/learning-curve.ts';
import type { ReportData } from '../data/report-data.ts';
import { LEAST_ROWS } from '../data/too-few.ts';
import { type Metric, metric } from './metric.ts';

const NOT_THE_MODEL =
  'of a linear score of the features of the network before its training (model/learning_curve.py), not of the model';

/** The points of the learning curve, counted from 1 for the fewest pairs; none where the training made no curve. */
export const learningCurveMetrics = ({ training: { learningCurve } }: ReportData): Metric[] =>
  learningCurve.points.flatMap(({ pairs, accuracy, loss }, index) => {
    const after = `over the held-out pairs, after learning from ${pairs} training pairs; null for fewer than ${LEAST_ROWS}`;
    return [
      metric(
        `learning_curve.pairs.${index + 1}`,
        'Training pairs',
        pairs,
        'annotation pairs',
        `training pairs of point ${index + 1} of the learning curve`,
      ),
      ...spreadMetrics(`learning_curve.accuracy.${index + 1}`, accuracy, {
        label: 'Pair accuracy',
        unit: 'fraction, 0 to 1',
        definition: `pair accuracy ${NOT_THE_MODEL}, ${after}`,
      }),
      ...spreadMetrics(`learning_curve.loss.${index + 1}`, loss, {
        label: 'Loss',
        unit: 'dimensionless',
        definition: `mean RankNet loss ${NOT_THE_MODEL}, ${after}`,
      }),
    ];
  });

function spreadMetrics(
  name: string,
  values: readonly number[],
  { label, unit, definition }: Pick<Metric, 'label' | 'unit' | 'definition'>,
): Metric[] {
  const spread = meanAndRange(values);
  const of = (end: 'low' | 'high', word: string) =>
    metric(
      `${name}.${end}`,
      'Range',
      spread?.[end] ?? null,
      unit,
      `${word} value of ${name} over its shuffles of the training pairs`,
    );
  return [
    metric(name, label, spread?.mean ?? null, unit, `mean over shuffles of the ${definition}`),
    of('low', 'lowest'),
    of('high', 'highest'),
  ];
}
