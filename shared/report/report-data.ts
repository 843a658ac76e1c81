import * as z from 'zod';
import { executionState } from '../execution-state.ts';
import { stationClock } from '../local-time.ts';
import { isVariableCode, VARIABLES } from '../variables.ts';
import { dailyMeans, type ScoredDays, type ScoredPhotos } from './scored-photos.ts';
import type { ByGroup } from './split-groups.ts';
import { type Agreement, agreements, meanRankError } from './statistics.ts';
import type { TrainingOutput } from './training-output.ts';

/** The part of the machine's state that the report is made from. */
export const reportState = executionState.pick({
  run: true,
  export: true,
  observations: true,
  dataset: true,
  split: true,
  training: true,
  predictions: true,
});
export type ReportState = z.output<typeof reportState>;

/** What the report takes from rank-input.json (contract 5.2, 8.2); periods are station-local. */
export const rankInputSummary = z.object({
  pairs: z.object({ source: z.string(), start: z.string(), end: z.string() }),
  notes: z.string().nullish(),
});
export type RankInputSummary = z.output<typeof rankInputSummary>;

/** Everything that header, figures and metrics.json show. */
export type ReportData = {
  state: ReportState;
  summary: RankInputSummary;
  training: TrainingOutput;
  photos: ScoredPhotos;
  days: ScoredDays;
  /** The variable in words, with its unit (Q-R5) and without. */
  variable: { label: string; noun: string };
  /** Agreement of scores and observed values, by photo and by day. */
  agreement: { photos: ByGroup<Agreement>; days: ByGroup<Agreement> };
  rankError: number | null;
};

export function reportData(
  state: ReportState,
  summary: RankInputSummary,
  photos: ScoredPhotos,
  training: TrainingOutput,
): ReportData {
  const clock = stationClock(state.run.station.timezone);
  const days = dailyMeans(photos, (epochMs) => clock.calendar(epochMs).date);
  return {
    state,
    summary,
    training,
    photos,
    days,
    variable: variableWords(state.run.parameters.variable_code),
    agreement: { photos: agreements(photos), days: agreements(days) },
    rankError: meanRankError(photos),
  };
}

function variableWords(code: string): ReportData['variable'] {
  const label = isVariableCode(code) ? VARIABLES[code].label : code;
  const noun = label.replace(/ \[.*\]$/, '');
  return { label, noun: noun === 'Other' ? 'values' : noun.charAt(0).toLowerCase() + noun.slice(1) };
}
