import type { Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import type { View } from '../view.ts';
import { calibrationFigure, previousRanks, tauStrata } from './certainty.ts';
import { dailyOverlap, dailyRankScatter, dailyRanks, dailyScores } from './daily.ts';
import { imagesMonths, imagesPerDay, observedValues } from './data-pages.ts';
import { imagesTimeseries, valueDistributions, valueFrequencies } from './images.ts';
import { learningCurve } from './learning-curve.ts';
import { annotationPairs, pairDifferences } from './pairs.ts';
import type { Actions } from './photos.ts';
import { predictionsTimeseries, residualsTimeseries, scatterPlots } from './predictions.ts';
import { residualPatterns } from './residual-patterns.ts';
import { lossFunction } from './training.ts';

type FigureDrawing = (view: View, width: number, theme: Theme, actions: Actions) => Sheet;

/** Every figure by its anchor in the page; the words around it are in `shared/report/page/sections/`. */
export const FIGURES: Readonly<Record<string, FigureDrawing>> = {
  'images-timeseries': imagesTimeseries,
  'value-distributions': valueDistributions,
  'value-frequencies': valueFrequencies,
  'annotation-pairs': annotationPairs,
  'loss-function': lossFunction,
  'predictions-timeseries': predictionsTimeseries,
  'scatter-plots': scatterPlots,
  'residuals-timeseries': residualsTimeseries,
  'residual-patterns': residualPatterns,
  'daily-scores': dailyScores,
  'daily-ranks': dailyRanks,
  'daily-overlap': dailyOverlap,
  'daily-rank-scatter': dailyRankScatter,
  calibration: calibrationFigure,
  'tau-strata': tauStrata,
  'previous-ranks': previousRanks,
  'learning-curve': learningCurve,
  'images-per-day': imagesPerDay,
  'images-months': imagesMonths,
  'observed-values': observedValues,
  'pair-differences': pairDifferences,
};
