import { countOf, formatCount, formatShare, formatTau } from '../../../formats/numbers.ts';
import type { AnnotatorAgreement } from '../../../predictions/pair-accuracy.ts';
import { INTERVAL_LEVEL, LEAST_DECIDED } from '../../../predictions/score-intervals.ts';
import { LEAST_WEEKS } from '../../../predictions/weeks.ts';
import type { ReportData } from '../../data/report-data.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../../data/split-groups.ts';
import { STRATA_TITLES, STRATIFICATIONS } from '../../data/strata.ts';
import { calibrationTable, shownAccuracy, strataTable } from '../../data/text-tables.ts';
import { LEAST_ROWS, whereEnough } from '../../data/too-few.ts';
import { figureMarkup, hasValues } from '../figure.ts';
import { type Html, html, NOTHING, scrollRegion, wholeRunNote } from '../html.ts';
import type { Section } from '../page.ts';
import { tableMarkup } from '../table-markup.ts';

/** How sure the numbers are: held-out pairs, calibration, annotators, and tau by hour, month and value. */
export const certaintySection = (data: ReportData): Section => ({
  id: 'certainty',
  title: 'How sure the numbers are',
  content: certainty(data),
  entries: [
    { id: 'pair-accuracy', title: 'Accuracy on pairs' },
    { id: 'calibration', title: 'Calibration' },
    { id: 'score-intervals', title: 'Intervals of scores' },
    { id: 'annotator-agreement', title: 'Annotators' },
    ...(hasValues(data) ? [{ id: 'tau-strata', title: 'Season, value, hour' }] : []),
  ],
});

function certainty(data: ReportData): Html {
  const { accuracy } = data;
  const { calibration, strata } = certaintyFigures(data);
  const rows = [
    { label: 'Train', of: accuracy.train, key: 'train' },
    { label: 'Val (held out)', of: accuracy.val, key: 'val' },
  ].map(({ label, of, key }) => ({ label, n: of.n, shown: shownAccuracy(of), key }));
  return html`<section id="pair-accuracy"><h3>Accuracy on annotation pairs</h3>
${scrollRegion(
  'Accuracy on annotation pairs',
  html`<table>
<thead><tr><th scope="col" class="split">Pairs</th><th scope="col">with a decision</th><th scope="col">ordered right</th><th scope="col">95 %</th><th scope="col">Brier score</th></tr></thead>
<tbody>${rows.map(
    ({ label, n, shown, key }) =>
      html`<tr><th scope="row">${label}</th><td data-accuracy-n="${key}">${formatCount(n)}</td><td class="tau" data-accuracy="${key}">${shown.share}</td><td data-accuracy-interval="${key}">${shown.interval}</td><td data-brier="${key}">${shown.brier}</td></tr>
`,
  )}</tbody></table>`,
)}
<p>Pairs that annotators called the same are no decision, and count for the Brier score only: the mean squared distance of
the model’s probability and the annotator’s choice, 0 at best, 0.25 for a coin.</p></section>
${calibration}
<section id="score-intervals"><h3>How far a score may be off</h3>
<p>${describeScoreError(data)}</p>${wholeRunNote('These intervals are')}</section>
<section id="annotator-agreement"><h3>Agreement of annotators</h3>
<p>${describeAgreement(data.annotators)}</p>${wholeRunNote('This agreement is')}</section>
${strata}`;
}

function describeScoreError({ scoreError, rankWidth }: ReportData): string {
  if (scoreError === null)
    return `Fewer than ${LEAST_DECIDED} held-out pairs have a decision, or annotators contradict the scores as often as not: nothing can be said.`;
  const { n, halfWidth } = scoreError;
  return `Annotators contradict the scores in some held-out pairs, the more often the nearer two scores are to each other. Judged by ${countOf(n, 'held-out pair')} with a decision, the ${formatShare(INTERVAL_LEVEL)} interval of a score is ± ${formatTau(halfWidth)}. For half of the photos it spans at most ${formatShare(rankWidth)} of all ranks. It is as wide where the model is weak, so scores of such photos may be off by more, and those unlike the annotated ones as well. The panel of a photo shows its intervals, predictions-intervals.csv those of all photos.`;
}

/** Of too few, a share tells no more than the numbers themselves. */
const percent = (n: number, same: number): string => whereEnough(n, ` (${formatShare(same / n)})`) ?? '';

function describeAgreement({ repeatedPairs, between, within }: AnnotatorAgreement): string {
  if (repeatedPairs === 0)
    return 'No two photos were compared more than once, so nothing can be said of how far annotators agree.';
  const sentence = (who: string, { n, same, opposite }: AnnotatorAgreement['between']) =>
    n === 0
      ? ''
      : ` ${who} gave the same answer in ${formatCount(same)} of ${countOf(n, 'comparison')}${percent(n, same)}, the opposite one in ${formatCount(opposite)}.`;
  return `${countOf(repeatedPairs, 'pair')} of photos ${repeatedPairs === 1 ? 'was' : 'were'} compared more than once.${sentence('Two annotators', between)}${sentence('One annotator, asked again,', within)} Where annotators contradict each other, no model agrees with all of them.`;
}

function photosWords(id: SplitGroup['id']): string {
  const { label, meaning } = SPLIT_GROUPS.find((group) => group.id === id) as SplitGroup;
  return `${label}: ${meaning}`;
}

/** Which photos the bars are of: those that the model has not seen unless a reader asks for others. */
const CHOICES = ['test-all', 'test-in', 'test-out', 'val', 'train', 'overall'] as const;
const splitChoice = html`<p class="on-paper">Photos: <span data-strata-photos>${photosWords('test-all')}</span></p><label class="choice">Photos <select name="strata-split">${CHOICES.map(
  (id) => html`<option value="${id}">${photosWords(id)}</option>`,
)}</select></label>`;

/** How far probabilities can be trusted, and where tau is high and low. */
function certaintyFigures(data: ReportData): { calibration: Html; strata: Html } {
  const { strata } = data;
  return {
    calibration: figureMarkup({
      id: 'calibration',
      title: 'Calibration of Pair Probabilities',
      caption: `Held-out pairs by how sure the model is of the photo that shows more, and how often the annotator chose the same one. On the line the model is as sure as it may be; below it, it is too sure. Bars are 95 % intervals; fewer than ${LEAST_ROWS} pairs are too few to tell, and have no point.`,
      numbers: tableMarkup(calibrationTable(data.calibration), 'calibration'),
    }),
    strata: hasValues(data)
      ? figureMarkup({
          id: 'tau-strata',
          title: `Kendall Tau by Season, Period, Observed ${data.variable.label}, Month and Hour`,
          caption: `Bars are taus, lines their 95 % intervals, and the number below each is how many photos it comes from; fewer than ${LEAST_ROWS} are too few to tell, and have no bar; where they are of fewer than ${LEAST_WEEKS} weeks, no interval can be told, and the bar is faint and has no line. Photos that the model has seen look better than others will. Within one hour or one month, light and season are alike; within a tenth of the observed values the order is harder to tell, so these taus are mostly lower than that of all photos. Where lines overlap, the difference may be chance: of many bars, one is always the highest. The tenths are those of the whole run; the annotation period goes from the first to the last day with an annotated photo.`,
          control: splitChoice,
          numbers: html`${STRATIFICATIONS.map((by) => tableMarkup(strataTable(strata['test-all'][by]), `strata.${by}`, STRATA_TITLES[by]))}`,
        })
      : NOTHING,
  };
}
