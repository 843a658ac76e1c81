import { countOf, formatCount, formatShare, formatTau } from '../../formats/numbers.ts';
import type { AnnotatorAgreement } from '../../predictions/pair-accuracy.ts';
import type { ReportData } from '../data/report-data.ts';
import { certaintyFigures, figureMarkup, hasValues } from './figures.ts';
import { gallery, type Html, html, NOTHING } from './html.ts';

/** How sure the numbers are: held-out pairs, calibration, annotators, and tau by hour, month and value. */
export function certainty(data: ReportData): Html {
  const { accuracy } = data;
  const { calibration, strata } = certaintyFigures(data);
  const rows = [
    { label: 'Train', of: accuracy.train, key: 'train' },
    { label: 'Val (held out)', of: accuracy.val, key: 'val' },
  ];
  return html`<section id="pair-accuracy"><h3>Accuracy on annotation pairs</h3>
<div class="scroll"><table>
<thead><tr><th scope="col" class="split">Pairs</th><th scope="col">with a decision</th><th scope="col">ordered right</th><th scope="col">95 %</th><th scope="col">Brier score</th></tr></thead>
<tbody>${rows.map(
    ({ label, of, key }) =>
      html`<tr><th scope="row">${label}</th><td data-accuracy-n="${key}">${formatCount(of.n)}</td><td class="tau" data-accuracy="${key}">${formatShare(of.share)}</td><td data-accuracy-interval="${key}">${of.interval ? `${formatShare(of.interval.low)} – ${formatShare(of.interval.high)}` : ''}</td><td data-brier="${key}">${formatTau(of.brier)}</td></tr>
`,
  )}</tbody></table></div>
<p>Pairs that annotators called the same are no decision, and count for the Brier score only: the mean squared distance of
the model’s probability and the annotator’s choice, 0 at best, 0.25 for a coin.</p></section>
${calibration}
<section id="annotator-agreement"><h3>Agreement of annotators</h3>
<p>${describeAgreement(data.annotators)}</p></section>
${strata}`;
}

function describeAgreement({ repeatedPairs, between, within }: AnnotatorAgreement): string {
  if (repeatedPairs === 0)
    return 'No two photos were compared more than once, so nothing can be said of how far annotators agree.';
  const sentence = (who: string, { n, same, opposite }: AnnotatorAgreement['between']) =>
    n === 0
      ? ''
      : ` ${who} gave the same answer in ${formatCount(same)} of ${countOf(n, 'comparison')} (${formatShare(same / n)}), the opposite one in ${formatCount(opposite)}.`;
  return `${countOf(repeatedPairs, 'pair')} of photos ${repeatedPairs === 1 ? 'was' : 'were'} compared more than once.${sentence('Two annotators', between)}${sentence('One annotator, asked again,', within)} A model cannot be expected to agree with annotators more than they do with each other.`;
}

/** This model beside the station's one before it, over the same photos. */
export function comparisonMarkup(data: ReportData): Html {
  const { comparison, previous, variable } = data;
  if (!comparison || !previous)
    return html`<p>The station has no earlier model of this variable to compare with.</p>`;
  const rows = [
    { label: 'Photos that both scored', taus: comparison.all },
    { label: 'Of them, in no annotation pair of either', taus: comparison.sameTest },
  ];
  return html`<p>The model before this one is <b>${previous.model_code}</b>. Both scored ${countOf(comparison.n, 'photo')} of this
run; Kendall tau between their scores is ${formatTau(comparison.tauOfScores)}, and the percentile rank of a photo changed by
${comparison.meanRankChange === null ? 'NA' : `${(100 * comparison.meanRankChange).toFixed(1)} percentage points`} on average.</p>
${
  hasValues(data)
    ? html`<div class="scroll"><table>
<thead><tr><th scope="col" class="split">Kendall tau with observed ${variable.noun}</th><th scope="col">n</th><th scope="col">${previous.model_code}</th><th scope="col">this model</th></tr></thead>
<tbody>${rows.map(
        ({ label, taus }) =>
          html`<tr><th scope="row">${label}</th><td>${formatCount(taus.n)}</td><td>${formatTau(taus.before)}</td><td class="tau">${formatTau(taus.now)}</td></tr>
`,
      )}</tbody></table></div>`
    : NOTHING
}
${figureMarkup({
  id: 'previous-ranks',
  title: 'Percentile Ranks of This Model and of the One Before',
  caption:
    'Photos that both models scored; away from the line the models place a photo differently. Click one to see why.',
})}
${gallery('moved-photos', 'The photos whose rank changed most:')}`;
}
