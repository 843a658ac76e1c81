import { countOf, formatTau } from '../../formats/numbers.ts';
import type { ReportData } from '../data/report-data.ts';

/** How well scores and observed values agree, in one sentence; for the report's head and for the notification. */
export function agreementNote({ agreement, photos, variable }: ReportData): string {
  const { overall, train } = agreement.photos;
  const observed = `observed ${variable.noun}`;
  if (photos.values.every(Number.isNaN))
    return 'There are no observed values at this station to compare the scores with.';
  if (overall.tau === null)
    return `The scores cannot be compared with ${observed}: ${
      overall.n < 2
        ? `${countOf(overall.n, 'photo')} with both, two are needed.`
        : `all ${countOf(overall.n, 'photo')} with both have the same value or the same score.`
    }`;
  const unseen = agreement.photos['test-all'];
  const test =
    unseen.tau === null || train.n === 0
      ? ''
      : `, and of ${formatTau(unseen.tau)} over the ${countOf(unseen.n, 'photo')} in no annotation pair`;
  return `Scores and ${observed} agree with a Kendall tau of ${formatTau(overall.tau)} over ${countOf(overall.n, 'photo')}${test}.`;
}
