import { countOf, formatCount, formatInterval, formatShare, formatTau } from '../../../formats/numbers.ts';
import type { AnnotatorAgreement } from '../../../predictions/pair-accuracy.ts';
import type { ReportData } from '../../data/report-data.ts';
import type { Stratum } from '../../data/strata.ts';
import { figureMarkup, hasValues } from '../figure.ts';
import { type Html, html, NOTHING } from '../html.ts';
import type { Section } from '../page.ts';

/** How sure the numbers are: held-out pairs, calibration, annotators, and tau by hour, month and value. */
export const certaintySection = (data: ReportData): Section => ({
  id: 'certainty',
  title: 'How sure the numbers are',
  content: certainty(data),
  entries: [
    { id: 'pair-accuracy', title: 'Accuracy on pairs' },
    { id: 'calibration', title: 'Calibration' },
    { id: 'annotator-agreement', title: 'Annotators' },
    ...(hasValues(data) ? [{ id: 'tau-strata', title: 'Hour, month, value' }] : []),
  ],
});

function certainty(data: ReportData): Html {
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

/** How far probabilities can be trusted, and where tau is high and low. */
function certaintyFigures(data: ReportData): { calibration: Html; strata: Html } {
  const { strata } = data;
  return {
    calibration: figureMarkup({
      id: 'calibration',
      title: 'Calibration of Pair Probabilities',
      caption:
        'Held-out pairs by how sure the model is of the photo that shows more, and how often the annotator chose the same one. On the line the model is as sure as it may be; below it, it is too sure. Bars are 95 % intervals.',
      numbers: calibrationTable(data),
    }),
    strata: hasValues(data)
      ? figureMarkup({
          id: 'tau-strata',
          title: `Kendall Tau by Hour, by Month and by Observed ${data.variable.label}`,
          caption:
            'Within one hour or one month, light and season are alike. Within a fifth of the observed values the order is harder to tell, so these taus are lower than that of all photos.',
          numbers: html`${[strata.hour, strata.month, strata.value].map(strataTable)}`,
        })
      : NOTHING,
  };
}

const calibrationTable = ({ calibration }: ReportData): Html => html`<table>
<thead><tr><th scope="col" class="split">Confidence</th><th scope="col">Pairs</th><th scope="col">Mean confidence</th><th scope="col">Annotator agrees</th></tr></thead>
<tbody>${calibration.map(
  ({ from, to, n, confidence, agreed }) =>
    html`<tr><th scope="row">${from.toFixed(1)} – ${to.toFixed(1)}</th><td>${n}</td><td>${formatTau(confidence)}</td><td>${formatTau(agreed)}</td></tr>
`,
)}</tbody></table>`;

const strataTable = (strata: readonly Stratum[]): Html => html`<table class="apart">
<thead><tr><th scope="col" class="split">Photos of</th><th scope="col">n</th><th scope="col">tau</th><th scope="col">95 %</th></tr></thead>
<tbody>${strata.map(
  ({ label, n, tau, interval }) =>
    html`<tr><th scope="row">${label}</th><td>${formatCount(n)}</td><td>${formatTau(tau)}</td><td class="interval">${formatInterval(interval)}</td></tr>
`,
)}</tbody></table>`;
