import {
  type Counts,
  codesOf,
  PAIR_EXCLUSIONS,
  PHOTO_EXCLUSIONS,
  PHOTO_FAULTS,
  type Reason,
  sumOf,
  VALUE_EXCLUSIONS,
} from '../../dataset/reasons.ts';
import { IMAGE_FILTERS } from '../../filters/image-filters.ts';
import { PAIR_FILTERS } from '../../filters/pair-filters.ts';
import { stationClock } from '../../formats/local-time.ts';
import { countWithValue } from '../../predictions/scored-photos.ts';
import { CHECKS, countFindings } from '../../quality/finding.ts';
import { durations } from '../data/durations.ts';
import { finalEpochs } from '../data/epochs.ts';
import type { ReportData } from '../data/report-data.ts';
import { totalCost } from '../data/run-facts.ts';
import { SPLIT_GROUPS } from '../data/split-groups.ts';
import { LEAST_ROWS } from '../data/too-few.ts';
import { comparisonMetrics, intervalMetrics, pairMetrics, TAU_BOOTSTRAP } from './certainty.ts';
import { learningCurveMetrics } from './learning-curve.ts';
import { measureMetrics } from './measures.ts';
import type { Metric } from './metric.ts';
import { strataMetrics } from './strata.ts';

/** A line of the tables of counts: what is there at a step, what is left out on the way to it, or a part of it. */
export type Count = Metric & { value: number; kind: 'total' | 'left-out' | 'part' };

/** Photos on their way from the database to a score: found − left out = in the run = scored + unreadable + missing. */
export function photoCounts({ state }: ReportData): Count[] {
  const { export: exported, split, predictions } = state;
  const { total, leftOut, leftOutBy } = counts('photos', 'photos');
  return [
    total('found', 'Found at the station', exported.images_found, 'rows of the station in the images table'),
    ...leftOutBy('excluded', PHOTO_EXCLUSIONS, exported.images_excluded),
    total(
      'in_dataset',
      'In the dataset',
      exported.images,
      'photos found that nothing of the above leaves out',
    ),
    ...leftOutBy('filtered', IMAGE_FILTERS, split.images_filtered),
    total('in_run', 'In this run', split.images, 'photos of the dataset that pass the filters of the input'),
    ...leftOutBy('unreadable', PHOTO_FAULTS, predictions.faults),
    leftOut(
      'missing',
      'No answer',
      predictions.missing,
      'photos of the run without a score because the scoring job left no answer',
    ),
    total('scored', 'Scored', predictions.scored, 'photos of the run with a score'),
  ];
}

/** Annotation pairs on their way from the annotators to training and validation, and what the training made of them. */
export function pairCounts({ state, training: { learnt } }: ReportData): Count[] {
  const { export: exported, dataset, split } = state;
  const { total, leftOut, leftOutBy, part } = counts('pairs', 'annotation pairs');
  return [
    total(
      'found',
      'Found at the station',
      exported.annotation_pairs,
      'elements of the annotation files of the station for this variable',
    ),
    ...leftOutBy('excluded', PAIR_EXCLUSIONS, exported.pairs_excluded),
    total('in_dataset', 'In the dataset', dataset.pairs, 'pairs with both photos in the dataset'),
    ...leftOutBy('filtered', PAIR_FILTERS, split.pairs_filtered),
    total(
      'in_run',
      'In this run',
      split.pairs,
      'pairs of the dataset that pass the filters, before mirroring',
    ),
    part('train', 'Train', split.pair_splits.train, 'pairs that the network is to learn from'),
    part('val', 'Val', split.pair_splits.val, 'pairs that are to choose the best epoch'),
    ...(learnt === null
      ? []
      : [
          leftOut(
            'photo_unreadable',
            'Photo unreadable',
            split.pairs - learnt.train - learnt.val,
            'pairs of the run that the training left out because it could not read one of their photos',
          ),
          part(
            'learnt.train',
            'Really learned from: train',
            learnt.train,
            'pairs that the network really learned from',
          ),
          part(
            'learnt.val',
            'Really learned from: val',
            learnt.val,
            'pairs that really chose the best epoch',
          ),
        ]),
  ];
}

/** Values of the station's own datasets on their way to the dataset; those of USGS are chosen by USGS. */
export function valueCounts({ state: { export: exported } }: ReportData): Count[] {
  const { total, leftOutBy } = counts('fpe_values', 'values');
  const { fpe_values: kept, values_excluded } = exported;
  return [
    total(
      'found',
      'Found at the station',
      kept + sumOf(values_excluded),
      'values of the variable in the processed datasets of the station',
    ),
    ...leftOutBy('excluded', VALUE_EXCLUSIONS, values_excluded),
    total('in_dataset', 'Usable', kept, 'values found that nothing of the above leaves out'),
  ];
}

/** Findings on the data; null of a check that was not made. */
function qualityMetrics({ checks }: ReportData): Metric[] {
  const counts = countFindings(checks);
  const made = new Set(checks.map(({ check }) => check));
  return [
    {
      name: 'quality.findings',
      label: 'Findings on the data',
      value: sumOf(counts),
      unit: 'findings',
      definition: 'what all checks of the data found; see “Data quality” in the report',
    },
    ...CHECKS.map((name) => ({
      name: `quality.${name}.findings`,
      label: 'Findings on the data',
      value: made.has(name) ? counts[name] : null,
      unit: 'findings',
      definition: `what the check “${name}” of the data found`,
    })),
  ];
}

function counts(group: string, unit: string) {
  const count =
    (kind: Count['kind']) =>
    (name: string, label: string, value: number, definition: string): Count => ({
      name: `${group}.${name}`,
      label,
      value,
      unit,
      definition,
      kind,
    });
  const leftOut = count('left-out');
  return {
    total: count('total'),
    leftOut,
    part: count('part'),
    leftOutBy: <Code extends string>(step: string, reasons: Record<Code, Reason>, found: Counts<Code>) =>
      codesOf(reasons).map((code) =>
        leftOut(`${step}.${code}`, reasons[code].label, found[code], reasons[code].definition),
      ),
  };
}

/** Every number of the report with its definition: metrics.json. */
export function metricsFile(data: ReportData) {
  const { run } = data.state;
  const metrics = [
    ...photoCounts(data),
    ...pairCounts(data),
    ...valueCounts(data),
    ...qualityMetrics(data),
    ...splitCounts(data),
    ...trainingMetrics(data),
    ...learningCurveMetrics(data),
    ...agreementMetrics(data),
    ...smoothedMetrics(data),
    ...measureMetrics(data),
    ...strataMetrics(data),
    ...pairMetrics(data),
    ...comparisonMetrics(data),
    ...runMetrics(data),
  ];
  return {
    station_id: run.station.id,
    synthetic: run.station.synthetic,
    model_code: run.model_code,
    run_id: run.id,
    variable_id: run.parameters.variable_code,
    created_at: stationClock(run.station.timezone).iso(Date.parse(run.started_at)),
    metrics: metrics.map(({ name, value, unit, definition }) => ({ name, value, unit, definition })),
    files: data.files,
  };
}

function splitCounts({ state: { split, dataset }, photos, days }: ReportData): Metric[] {
  const { image_splits } = split;
  return [
    ...SPLIT_GROUPS.filter(({ splits }) => splits.length === 1).map(({ id, label, splits, meaning }) => ({
      name: `photos.split.${id}`,
      label,
      value: image_splits[splits[0]],
      unit: 'photos',
      definition: `photos of the run ${meaning}`,
    })),
    {
      name: 'photos.leaked',
      label: 'Leaked',
      value: split.leaked_images,
      unit: 'photos',
      definition:
        'photos in both training and validation pairs; 0 unless the pairs had to be split at random',
    },
    {
      name: 'values.found',
      label: 'Observed values',
      value: dataset.values,
      unit: 'values',
      definition: 'observed values in the dataset, from which those of the photos are interpolated',
    },
    {
      name: 'photos.with_value',
      label: 'With an observed value',
      value: countWithValue(photos),
      unit: 'photos',
      definition: 'photos of the run with an observed value, interpolated to the time of the photo',
    },
    {
      name: 'days.scored',
      label: 'Days',
      value: days.dates.length,
      unit: 'days',
      definition: 'days, station time, with at least one scored photo',
    },
  ];
}

function trainingMetrics({ training: { epochs, learningRate } }: ReportData): Metric[] {
  const final = finalEpochs(epochs);
  return [
    {
      name: 'training.epochs',
      label: 'Epochs',
      value: epochs.length,
      unit: 'epochs',
      definition: 'passes over the training pairs',
    },
    {
      name: 'training.learning_rate',
      label: 'Learning rate',
      value: learningRate,
      unit: 'dimensionless',
      definition: 'learning rate of the optimizer at the start',
    },
    {
      name: 'training.final_epoch',
      label: 'Final model',
      value: final[0]?.epoch ?? null,
      unit: 'epoch, counted from 1',
      definition: 'first epoch with the least validation loss: its network is the model',
    },
    {
      name: 'training.epochs_after_final',
      label: 'Epochs after the final model',
      value: final[0] ? (epochs.at(-1)?.epoch ?? 0) - final[0].epoch : null,
      unit: 'epochs',
      definition: 'epochs that did not lower the validation loss; with 0 it was still falling at the end',
    },
    {
      name: 'training.final_train_loss',
      label: 'Training loss',
      value: final[0]?.train ?? null,
      unit: 'dimensionless',
      definition: 'mean RankNet loss over the training pairs at the final epoch',
    },
    {
      name: 'training.final_val_loss',
      label: 'Validation loss',
      value: final[0]?.val ?? null,
      unit: 'dimensionless',
      definition: 'mean RankNet loss over the validation pairs at the final epoch',
    },
    ...epochs.flatMap(({ epoch, train, val }) => [
      lossMetric('train', epoch, train),
      lossMetric('val', epoch, val),
    ]),
  ];
}

const lossMetric = (of: 'train' | 'val', epoch: number, value: number | null): Metric => ({
  name: `training.${of}_loss.${epoch}`,
  label: 'Loss',
  value,
  unit: 'dimensionless',
  definition: `mean RankNet loss over the ${of === 'train' ? 'training' : 'validation'} pairs after epoch ${epoch}`,
});

/** What the run took: time, and money if somebody has worked it out. */
function runMetrics({ state, files, cost }: ReportData): Metric[] {
  const { preparation, training, scoring } = durations(state, files);
  const seconds = (name: string, value: number | null, definition: string): Metric => ({
    name: `durations.${name}`,
    label: 'Duration',
    value,
    unit: 's',
    definition,
  });
  return [
    seconds('preparation', preparation, 'from the start of the run until its input was written'),
    seconds('training', training, 'from then until the model was written, with waiting for a machine'),
    seconds(
      'scoring',
      scoring,
      'from then until all predictions were put together, with waiting for a machine',
    ),
    ...(cost
      ? [
          {
            name: 'cost',
            label: 'Cost',
            value: totalCost(cost),
            unit: 'US$',
            definition: `estimate. ${cost.assumptions}`,
          },
        ]
      : []),
  ];
}

function smoothedMetrics({ smoothed, variable }: ReportData): Metric[] {
  if (smoothed === null) return [];
  return SPLIT_GROUPS.map(({ id, label, meaning }) => ({
    name: `kendall_tau_smoothed.${id}`,
    label,
    value: smoothed.agreement[id].tau,
    unit: 'dimensionless, -1 to 1',
    definition: `Kendall's tau-b of smoothed_score (standard deviation ${smoothed.hours} h) and observed ${variable.noun}, photos ${meaning}; null for fewer than ${LEAST_ROWS}`,
  }));
}

function agreementMetrics({ agreement, intervals, variable }: ReportData): Metric[] {
  const blocks = [
    { by: 'photos', name: 'kendall_tau', of: 'photos' },
    { by: 'days', name: 'kendall_tau_daily', of: 'daily means of photos' },
  ] as const;
  return blocks.flatMap(({ by, name, of }) =>
    SPLIT_GROUPS.flatMap(({ id, label, meaning }) => [
      {
        name: `${name}.${id}`,
        label,
        value: agreement[by][id].tau,
        unit: 'dimensionless, -1 to 1',
        definition: `Kendall's tau-b of score and observed ${variable.noun}, ${of} ${meaning}; null for fewer than ${LEAST_ROWS}`,
      },
      {
        name: `${name}_n.${id}`,
        label,
        value: agreement[by][id].n,
        unit: by,
        definition: `${by} with both a score and an observed value behind ${name}.${id}`,
      },
      ...intervalMetrics(`${name}.${id}`, intervals[by][id], TAU_BOOTSTRAP),
    ]),
  );
}
