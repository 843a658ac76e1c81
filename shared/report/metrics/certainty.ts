import { formatShare } from '../../formats/numbers.ts';
import { INTERVAL_LEVEL, LEAST_DECIDED } from '../../predictions/score-intervals.ts';
import { LEAST_WEEKS } from '../../predictions/weeks.ts';
import type { Interval } from '../../statistics/tau-bootstrap.ts';
import type { ReportData } from '../data/report-data.ts';
import { LEAST_ROWS, whereEnough } from '../data/too-few.ts';
import { type Metric, metric } from './metric.ts';

const SHARE = 'fraction, 0 to 1';
const TAU = 'dimensionless, -1 to 1';

/** How intervals of taus come about. */
export const TAU_BOOTSTRAP = `a cluster bootstrap over weeks; null for fewer than ${LEAST_WEEKS}`;

/** Both ends of an interval, named after its number. */
export const intervalMetrics = (
  name: string,
  interval: Interval | null | undefined,
  method: string,
): Metric[] =>
  (['low', 'high'] as const).map((end) => ({
    name: `${name}.${end}`,
    label: '95 % interval',
    value: interval?.[end] ?? null,
    unit: 'as the number itself',
    definition: `${end === 'low' ? 'lower' : 'upper'} end of the 95 % interval of ${name}, from ${method}`,
  }));

/** Accuracy on annotation pairs, calibration of their probabilities, how far scores may be off, and agreement of annotators. */
export const pairMetrics = (data: ReportData): Metric[] => [
  ...accuracyMetrics(data),
  ...calibrationMetrics(data),
  ...scoreIntervalMetrics(data),
  ...agreementMetrics(data),
];

const TOO_FEW = `null for fewer than ${LEAST_ROWS}`;

const accuracyMetrics = ({ accuracy }: ReportData): Metric[] =>
  (['train', 'val'] as const).flatMap((split) => {
    const { n, share, interval, brier } = accuracy[split];
    const pairs = split === 'train' ? 'training pairs' : 'validation pairs, which are held out of training';
    return [
      metric(
        `pair_accuracy.${split}`,
        'Pair accuracy',
        whereEnough(n, share),
        SHARE,
        `share of ${pairs} with a decision that the scores put in the annotator's order; ${TOO_FEW}`,
      ),
      metric(
        `pair_accuracy_n.${split}`,
        'Pairs',
        n,
        'annotation pairs',
        `${pairs}, with a decision and two scores`,
      ),
      ...intervalMetrics(`pair_accuracy.${split}`, whereEnough(n, interval), "Wilson's formula"),
      metric(
        `brier_score.${split}`,
        'Brier score',
        whereEnough(n, brier),
        'dimensionless, 0 to 1',
        `mean squared distance of sigmoid(score − score) and choice (SAME as 1/2) over ${pairs}; ${TOO_FEW} with a decision`,
      ),
    ];
  });

const calibrationMetrics = ({ calibration }: ReportData): Metric[] =>
  calibration.flatMap(({ from, to, n, confidence, agreed, interval }) => {
    const bin = `${Math.round(from * 100)}_${Math.round(to * 100)}`;
    const pairs = `validation pairs of which the model is ${Math.round(from * 100)} to ${Math.round(to * 100)} % sure`;
    return [
      metric(`calibration_n.${bin}`, 'Pairs', n, 'annotation pairs', `${pairs}, with a decision`),
      metric(
        `calibration_confidence.${bin}`,
        'Confidence',
        whereEnough(n, confidence),
        SHARE,
        `mean confidence over ${pairs}; ${TOO_FEW}`,
      ),
      metric(
        `calibration_agreed.${bin}`,
        'Annotator agrees',
        whereEnough(n, agreed),
        SHARE,
        `share of ${pairs} where the annotator chose the same photo; ${TOO_FEW}`,
      ),
      ...intervalMetrics(`calibration_agreed.${bin}`, whereEnough(n, interval), "Wilson's formula"),
    ];
  });

function scoreIntervalMetrics({ scoreError, rankWidth }: ReportData): Metric[] {
  const level = `${formatShare(INTERVAL_LEVEL)} interval`;
  return [
    metric(
      'score_interval.pairs',
      'Pairs',
      scoreError?.n ?? null,
      'annotation pairs',
      `validation pairs with a decision from which it is told how far scores may be off; not available from fewer than ${LEAST_DECIDED}, or where scores contradict annotators as often as not`,
    ),
    metric(
      'score_interval.temperature',
      'Temperature',
      scoreError?.temperature ?? null,
      'as the scores',
      'number by which a difference of scores is divided to be the log-odds of an annotator’s choice; more than 1: the network is too sure of itself',
    ),
    metric(
      'score_interval.half_width',
      `Half of the ${level}`,
      scoreError?.halfWidth ?? null,
      'as the scores',
      `half the width of the ${level} of a score, 1.645 π / √6 times the temperature`,
    ),
    metric(
      'score_interval.rank_width',
      `Width of the ${level} of a rank`,
      rankWidth,
      'fraction of all ranks, 0 to 1',
      `median width of the ${level} of a photo's percentile rank among all scored photos`,
    ),
  ];
}

function agreementMetrics({ annotators }: ReportData): Metric[] {
  const { repeatedPairs, between, within } = annotators;
  return [
    metric(
      'annotators.repeated_pairs',
      'Repeated pairs',
      repeatedPairs,
      'annotation pairs',
      'sets of two photos that were judged more than once',
    ),
    ...(
      [
        ['between', between, 'by two annotators'],
        ['within', within, 'by one annotator twice'],
      ] as const
    ).flatMap(([name, { n, same, opposite }, who]) => [
      metric(
        `annotators.${name}.comparisons`,
        'Comparisons',
        n,
        'comparisons',
        `comparisons of two judgments of the same photos ${who}`,
      ),
      metric(
        `annotators.${name}.same`,
        'Same',
        same,
        'comparisons',
        `comparisons with the same answer, ${who}`,
      ),
      metric(
        `annotators.${name}.opposite`,
        'Opposite',
        opposite,
        'comparisons',
        `comparisons with the opposite answer, ${who}`,
      ),
    ]),
  ];
}

/** This model beside the one before; nothing without one. */
export function comparisonMetrics({ comparison, differences, previous, variable }: ReportData): Metric[] {
  if (!comparison || !differences || !previous) return [];
  const before = previous.model_code;
  const taus = (
    name: string,
    { n, now, before: then }: typeof comparison.all,
    difference: Interval | null,
    photos: string,
  ): Metric[] => [
    metric(`previous.${name}.n`, 'Photos', n, 'photos', photos),
    metric(
      `previous.${name}.kendall_tau`,
      'Kendall tau',
      whereEnough(n, now),
      TAU,
      `Kendall's tau-b of this model's score and observed ${variable.noun}, ${photos}; ${TOO_FEW}`,
    ),
    metric(
      `previous.${name}.kendall_tau_before`,
      'Kendall tau before',
      whereEnough(n, then),
      TAU,
      `the same of ${before}`,
    ),
    ...intervalMetrics(
      `previous.${name}.kendall_tau_difference`,
      whereEnough(n, difference),
      `a bootstrap by weeks of both models together; null for fewer than ${LEAST_WEEKS}`,
    ),
  ];
  return [
    metric(
      'previous.photos',
      'Photos',
      comparison.n,
      'photos',
      `photos that both this model and ${before} scored`,
    ),
    metric(
      'previous.kendall_tau_of_scores',
      'Tau of scores',
      whereEnough(comparison.n, comparison.tauOfScores),
      TAU,
      `Kendall's tau-b of both models' scores; ${TOO_FEW} photos`,
    ),
    metric(
      'previous.mean_rank_change',
      'Mean rank change',
      whereEnough(comparison.n, comparison.meanRankChange),
      'fraction of all ranks, 0 to 1',
      `mean change of the percentile rank of a photo among those that both scored; ${TOO_FEW}`,
    ),
    ...taus('all', comparison.all, differences.all, 'photos that both scored, with an observed value'),
    ...taus(
      'same_test',
      comparison.sameTest,
      differences.sameTest,
      'of them, photos in no annotation pair of either model',
    ),
  ];
}
