import { countOf, formatCount, formatTau, NOT_AVAILABLE } from '../../../formats/numbers.ts';
import { verdictOf } from '../../../publication/model-comparison.ts';
import type { Interval } from '../../../statistics/tau-bootstrap.ts';
import type { PreviousComparison, TauPair } from '../../data/comparison.ts';
import type { ReportData } from '../../data/report-data.ts';
import { shownTau } from '../../data/text-tables.ts';
import { TOO_FEW, TOO_FEW_WEEKS, whereEnough } from '../../data/too-few.ts';
import { figureMarkup, hasValues } from '../figure.ts';
import { gallery, type Html, html, NOTHING, scrollRegion, wholeRunNote } from '../html.ts';
import type { Section } from '../page.ts';

/** This model beside the station's one before it. */
export const previousModelSection = (data: ReportData): Section => ({
  id: 'previous-model',
  title: 'Previous model',
  content: comparisonMarkup(data),
});

/** How far both models agree, unless it is over too few photos. */
const likeness = ({ n, tauOfScores, meanRankChange }: PreviousComparison): string =>
  whereEnough(
    n,
    `; Kendall tau between their scores is ${formatTau(tauOfScores)}, and the percentile rank of a photo changed by ${meanRankChange === null ? NOT_AVAILABLE : `${(100 * meanRankChange).toFixed(1)} percentage points`} on average`,
  ) ?? ', too few to tell how far they agree';

/** Which of both is better, where the interval of their difference tells. */
function shownDifference({ n, now, before }: TauPair, difference: Interval | null): string {
  const areTold = now !== null && before !== null;
  if (difference === null) return whereEnough(n, areTold ? TOO_FEW_WEEKS : NOT_AVAILABLE) ?? TOO_FEW;
  const verdict = verdictOf({ now, before, difference });
  return `${verdict === 'unclear' ? 'no clear difference' : verdict} (${formatTau(difference.low)} to ${formatTau(difference.high)})`;
}

/** Why photos are missing from the second row; nothing where none are. */
const untoldNote = ({ comparison, previous }: ReportData): Html =>
  comparison && previous && comparison.untold > 0
    ? html`<p>Of ${countOf(comparison.untold, 'photo')} it is not known whether ${previous.model_code} has learned from ${comparison.untold === 1 ? 'it' : 'them'}, as its
file does not say. The second row leaves ${comparison.untold === 1 ? 'it' : 'them'} out; in the first, they may favor that model.</p>`
    : NOTHING;

/** This model beside the station's one before it, over the same photos. */
function comparisonMarkup(data: ReportData): Html {
  const { comparison, differences, previous, variable } = data;
  if (!comparison || !differences || !previous)
    return html`<p>The station has no earlier model of this variable to compare with.</p>`;
  const rows = [
    { label: 'Photos that both scored', taus: comparison.all, difference: differences.all },
    {
      label: 'Of them, in no annotation pair of either',
      taus: comparison.sameTest,
      difference: differences.sameTest,
    },
  ];
  return html`<p>The model before this one is <b>${previous.model_code}</b>. Both scored ${countOf(comparison.n, 'photo')} of this
run${likeness(comparison)}.</p>
${wholeRunNote('These numbers are')}
${
  hasValues(data)
    ? scrollRegion(
        'Kendall tau of both models',
        html`<table>
<thead><tr><th scope="col" class="split">Kendall tau with observed ${variable.noun}</th><th scope="col">n</th><th scope="col">${previous.model_code}</th><th scope="col">this model</th><th scope="col" class="split">Difference (95 %)</th></tr></thead>
<tbody>${rows.map(
          ({ label, taus, difference }) =>
            html`<tr><th scope="row">${label}</th><td>${formatCount(taus.n)}</td><td>${shownTau({ n: taus.n, tau: taus.before })}</td><td class="tau">${shownTau({ n: taus.n, tau: taus.now })}</td><td class="text">${shownDifference(taus, difference)}</td></tr>
`,
        )}</tbody></table>`,
      )
    : NOTHING
}
${untoldNote(data)}
${figureMarkup({
  id: 'previous-ranks',
  title: 'Percentile Ranks of This Model and of the One Before',
  caption: 'Photos that both models scored; away from the line the models place a photo differently.',
  hint: 'Select one to see why.',
})}
${gallery('moved-photos', 'The photos whose rank changed most:')}`;
}
