import { formatShare } from '../shared/formats/numbers.ts';
import { INTERVAL_LEVEL } from '../shared/predictions/score-intervals.ts';
import { SPLIT_GROUPS } from '../shared/report/data/split-groups.ts';
import { withUnit } from '../shared/variables.ts';
import type { Facts } from './figure-data.ts';
import { formatValue } from './value-scale.ts';
import type { View } from './view.ts';

const percent = (share: number): string => (Number.isNaN(share) ? 'NA' : `${(share * 100).toFixed(1)} %`);
const score = (value: number): string => (Number.isNaN(value) ? 'NA' : value.toFixed(3));

/** yyyy-mm-dd hh:mm of wall-clock milliseconds. */
export const wallTime = (wallMs: number): string =>
  new Date(wallMs).toISOString().slice(0, 16).replace('T', ' ');

export const splitLabel = (id: string): string => SPLIT_GROUPS.find((group) => group.id === id)?.label ?? id;

/** The value of a photo where nothing beside it tells the unit. */
export function observedValue({ page, photos }: View, row: number): string {
  const value = photos.values[row] as number;
  return Number.isNaN(value) ? formatValue(value) : withUnit(formatValue(value), page.variable);
}

/** What there is to say of a photo. */
export function photoFacts({ page, photos, ranks, residuals }: View, row: number): Facts {
  const facts: Facts = [['Time', wallTime(photos.timestamps[row] as number)]];
  if (page.kind !== 'dataset') facts.push(['Split', splitLabel(photos.splits[row] as string)]);
  facts.push([`Obs. ${page.variable.label}`, formatValue(photos.values[row] as number)]);
  if (page.kind !== 'report') return facts;
  return [
    ...facts,
    ['Score', score(photos.scores[row] as number)],
    ['Obs. rank', percent(ranks.observed[row] as number)],
    ['Pred. rank', percent(ranks.predicted[row] as number)],
    ['Residual', percent(residuals[row] as number)],
  ];
}

/** The 90 % intervals of a photo's score, and of its rank among all photos with a score. */
export function intervalFacts({ page, photos, scoreIntervals }: View, row: number): Facts {
  const value = photos.scores[row] as number;
  if (page.kind !== 'report' || scoreIntervals === null || Number.isNaN(value)) return [];
  const { halfWidth, ranks } = scoreIntervals;
  const level = formatShare(INTERVAL_LEVEL);
  return [
    [`Score, ${level}`, `${score(value - halfWidth)} to ${score(value + halfWidth)}`],
    [
      `Rank among all, ${level}`,
      `${percent(ranks.low[row] as number)} to ${percent(ranks.high[row] as number)}`,
    ],
  ];
}

export function dayFacts({ page, days, overlap }: View, day: number): Facts {
  return [
    ['Day', days.dates[day] as string],
    ['Split', splitLabel(days.splits[day] as string)],
    [`Mean obs. ${page.variable.label}`, formatValue(days.values[day] as number)],
    ['Mean score', score(days.scores[day] as number)],
    ['Obs. rank', percent(overlap.observed[day] as number)],
    ['Pred. rank', percent(overlap.predicted[day] as number)],
  ];
}

const CHOICES: Record<string, string> = { '1': 'left shows more', '-1': 'right shows more', '0': 'the same' };

export function pairFacts(view: View, pair: number): Facts {
  const { page, photos } = view;
  const { left, right, choices, annotators } = page.pairs;
  const photo = (row: number) => `${wallTime(photos.timestamps[row] as number)}, ${observedValue(view, row)}`;
  return [
    ['Left', photo(left[pair] as number)],
    ['Right', photo(right[pair] as number)],
    ['Annotator', `${annotators[pair]}: ${CHOICES[String(choices[pair])]}`],
  ];
}
