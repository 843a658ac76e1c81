import * as z from 'zod';
import { executionState } from '../../execution/train-station-state.ts';
import { stationClock } from '../../formats/local-time.ts';
import {
  type AnnotatorAgreement,
  annotatorAgreement,
  type CalibrationBin,
  calibration,
  type JudgedPairs,
  type PairAccuracy,
  type PairSplitName,
  pairAccuracy,
} from '../../predictions/pair-accuracy.ts';
import { medianRankWidth, type ScoreError, scoreErrorOf } from '../../predictions/score-intervals.ts';
import { dailyMeans, type NamedPhotos, type ScoredDays, wallDate } from '../../predictions/scored-photos.ts';
import { smoothedScores } from '../../predictions/smoothed-scores.ts';
import { weekOf, weeksOfDays } from '../../predictions/weeks.ts';
import type { CheckResult } from '../../quality/finding.ts';
import type { Interval } from '../../statistics/tau-bootstrap.ts';
import { type VariableWords, variableWords } from '../../variables.ts';
import {
  comparePrevious,
  type PreviousComparison,
  type PreviousModel,
  type TauDifferences,
  tauDifferences,
} from './comparison.ts';
import type { TrainingOutput } from './epochs.ts';
import { toldCurve } from './learning-curve.ts';
import { type Measures, measures } from './measures.ts';
import type { CostEstimate, FileChecksum, JobPlace } from './run-facts.ts';
import { type ByGroup, forEachGroup } from './split-groups.ts';
import { type Agreement, agreements, intervalsByWeeks, tauInterval } from './statistics.ts';
import { type Strata, strataOfGroup, stratumOfRows } from './strata.ts';

/** The part of the machine's state that the report is made from. */
export const reportState = executionState.pick({
  run: true,
  export: true,
  observations: true,
  dataset: true,
  split: true,
  training: true,
  scoring: true,
  predictions: true,
  promotion: true,
});
export type ReportState = z.output<typeof reportState>;

/** What the report takes from rank-input.json (contract 5.2, 8.2); periods are station-local. */
export const rankInputSummary = z.object({
  pairs: z.object({ source: z.string(), start: z.string(), end: z.string() }),
  notes: z.string().nullish(),
});
export type RankInputSummary = z.output<typeof rankInputSummary>;

/** What BuildReport has read. */
export type ReportSources = {
  state: ReportState;
  summary: RankInputSummary;
  training: TrainingOutput;
  photos: NamedPhotos;
  pairs: JudgedPairs;
  previous: PreviousModel | null;
  /** Files of the run with their checksums. */
  files: readonly FileChecksum[];
  cost: CostEstimate | null;
  jobPlace: JobPlace;
  /** What was checked of the data, and found. */
  checks: readonly CheckResult[];
  /** Address below which a browser finds photos by key, with a slash at its end. */
  photoBase: string;
  /** Of this pipeline; null where nobody says. */
  version: string | null;
};

/** Everything that header, figures and metrics.json show. */
export type ReportData = ReportSources & {
  /** Wall-clock time of each photo; see `StationClock.wallMs`. */
  wallMs: Float64Array;
  days: ScoredDays;
  /** The variable in words, with its unit (Q-R5) and without. */
  variable: VariableWords;
  /** Agreement of scores and observed values, by photo and by day. */
  agreement: { photos: ByGroup<Agreement>; days: ByGroup<Agreement> };
  /** That of the photos' smoothed scores, if the run smooths them. */
  smoothed: { hours: number; agreement: ByGroup<Agreement> } | null;
  intervals: { photos: ByGroup<Interval | null>; days: ByGroup<Interval | null> };
  /** By photo: what FPE's team compares models by. */
  measures: ByGroup<Measures>;
  /** Where tau is high and low, by split. */
  strata: ByGroup<Strata>;
  accuracy: Record<PairSplitName, PairAccuracy>;
  calibration: CalibrationBin[];
  /** How far scores may be off; null if too few held-out pairs tell. */
  scoreError: ScoreError | null;
  /** Median width of the intervals of ranks that this gives, 0 … 1. */
  rankWidth: number | null;
  annotators: AnnotatorAgreement;
  comparison: PreviousComparison | null;
  differences: TauDifferences | null;
};

/** Enough for two digits of an interval; those of 30,000 photos and all their parts take three seconds. */
export const RESAMPLES = 150;

export function reportData(sources: ReportSources): ReportData {
  const { state, photos, pairs, previous, training } = sources;
  const { parameters, station } = state.run;
  const clock = stationClock(station.timezone);
  const wallMs = photos.timestamps.map(clock.wallMs);
  const days = dailyMeans({ ...photos, timestamps: wallMs }, wallDate);
  const bootstrap = { resamples: RESAMPLES, seed: parameters.seed };
  const weeks = wallMs.map(weekOf);
  const ofPhotos = intervalsByWeeks(weeks, bootstrap);
  const ofDays = intervalsByWeeks(weeksOfDays(days), bootstrap);
  const scoreError = scoreErrorOf(pairs, photos.scores, 'val');
  const strata = stratumOfRows({ ...photos, timestamps: wallMs });
  const accuracy = {
    train: pairAccuracy(pairs, photos.scores, 'train'),
    val: pairAccuracy(pairs, photos.scores, 'val'),
  };
  return {
    ...sources,
    training: { ...training, learningCurve: toldCurve(training.learningCurve, accuracy.val.n) },
    wallMs,
    days,
    variable: variableWords(parameters.variable_code),
    agreement: { photos: agreements(photos), days: agreements(days) },
    smoothed:
      parameters.smoothing_hours === null ? null : smoothedAgreement(photos, parameters.smoothing_hours),
    intervals: {
      photos: forEachGroup((group) => tauInterval(photos, group, ofPhotos)),
      days: forEachGroup((group) => tauInterval(days, group, ofDays)),
    },
    measures: measures(photos),
    strata: forEachGroup((group) => strataOfGroup(photos, strata, group, ofPhotos)),
    accuracy,
    calibration: calibration(pairs, photos.scores, 'val'),
    scoreError,
    rankWidth: scoreError && medianRankWidth(photos.scores, scoreError.halfWidth),
    annotators: annotatorAgreement(pairs),
    comparison: previous && comparePrevious(photos, previous),
    differences: previous && tauDifferences(photos, previous, weeks),
  };
}

/** Of the column smoothed_score of the published predictions, which have no row of a photo without a score. */
function smoothedAgreement(photos: NamedPhotos, hours: number) {
  const rows = Array.from(photos.timestamps, (timestamp, row) => {
    const score = photos.scores[row] as number;
    return { timestamp, score: Number.isNaN(score) ? null : score };
  });
  const smoothed = smoothedScores(rows, hours);
  const scores = photos.scores.map((score, row) =>
    Number.isNaN(score) ? score : (smoothed[row] ?? Number.NaN),
  );
  return { hours, agreement: agreements({ ...photos, scores }) };
}
