import type { ObservedSeries } from '../dataset/observations.ts';
import { stationClock } from '../formats/local-time.ts';
import { countOf } from '../formats/numbers.ts';
import { checkAnnotators, type Decision } from './annotators.ts';
import { checkClocks, withPossibleTimes } from './clock.ts';
import { checkDarkness, type Light } from './darkness.ts';
import { checkDuplicates } from './duplicates.ts';
import type { CheckResult, FormatTime } from './finding.ts';
import { checkGaps } from './gaps.ts';
import type { DatasetPhoto } from './imagesets.ts';
import { checkValues } from './values.ts';

export type DatasetSources = {
  /** By time. */
  photos: readonly (DatasetPhoto & { value: number | null })[];
  sameBytes: readonly (readonly string[])[] | null;
  series: ObservedSeries;
  decisions: readonly Decision[];
  timezone: string;
  waterbodyType: string | null;
  variableCode: string;
  maxGapMs: number;
  startedAt: number;
};

/** All that can be checked of a dataset before any photo is opened. */
export function checkDataset(sources: DatasetSources): CheckResult[] {
  const { photos, sameBytes, decisions, timezone, startedAt } = sources;
  const clock = stationClock(timezone);
  const at = timeFormat(timezone);
  return [
    checkClocks(photos, { clock, at, now: startedAt }),
    checkDuplicates(photos, sameBytes, at),
    // Otherwise one photo dated 1970 would cause a gap of fifty years.
    checkGaps({ ...sources, photos: withPossibleTimes(photos, { clock, now: startedAt }) }, at),
    checkValues(sources, at),
    checkAnnotators(decisions, new Map(photos.map((photo) => [photo.image_id, photo])), at),
  ];
}

type RunSources = {
  /** Decisions of the run. Its annotators are numbered anew, because the input may leave some annotators of the dataset out. */
  decisions: readonly Decision[];
  /** Of the run; columns. */
  photos: { imageIds: ArrayLike<number>; timestamps: ArrayLike<number>; keys: readonly string[] };
  /** Of the photos that were scored. */
  light: Light;
  timezone: string;
};

/** The checks of the dataset for the report of a run, with the annotators of the run instead of those of the dataset. */
export function reportChecks(
  ofDataset: readonly CheckResult[],
  { decisions, photos, light, timezone }: RunSources,
): CheckResult[] {
  const at = timeFormat(timezone);
  const byId = new Map(
    photos.keys.map((filename, row) => {
      const image_id = photos.imageIds[row] as number;
      return [image_id, { image_id, timestamp: photos.timestamps[row] as number, filename }];
    }),
  );
  return [
    ...ofDataset.filter(({ check }) => check !== 'annotators'),
    ...(light.measured > 0 ? [checkDarkness(light, at)] : []),
    checkAnnotators(decisions, byId, at),
  ];
}

/** An instant as the clock at the station shows it: yyyy-mm-dd hh:mm. */
export function timeFormat(timezone: string): FormatTime {
  const clock = stationClock(timezone);
  return (epochMs) => clock.iso(epochMs).slice(0, 16).replace('T', ' ');
}

/** How much was found, in a few words for the notification; empty if nothing was found. */
export function qualityRemarks(checks: readonly CheckResult[]): string[] {
  const count = checks.reduce((sum, { findings }) => sum + findings.length, 0);
  return count === 0 ? [] : [`${countOf(count, 'finding')} on the data: see “Data quality” in the report.`];
}
