import { formatLoss } from '../../../formats/numbers.ts';
import { type EpochLoss, finalEpochs } from '../../data/epochs.ts';
import type { ReportData } from '../../data/report-data.ts';
import { trainingAdvice } from '../../data/training-advice.ts';
import { type Figure, figureMarkup } from '../figure.ts';
import { type Html, html, NOTHING } from '../html.ts';
import type { Section } from '../page.ts';

/** Figure 5 of upstream's report: how the loss fell. */
export const modelTrainingSection = (data: ReportData): Section => ({
  id: 'model-training',
  title: 'Model training',
  content: html`${figureMarkup(lossFigure(data))}${advice(data)}`,
  entries: [{ id: 'more-training', title: 'More epochs or annotations?' }],
});

/** What a single training can say of it, and what it cannot. */
const advice = (
  data: ReportData,
): Html => html`<section id="more-training"><h3>More epochs or annotations?</h3>
${trainingAdvice(data).map(
  (sentence) => html`<p>${sentence}</p>
`,
)}<p class="note">How much better a model of more pairs would be cannot be seen from one training.</p></section>
`;

function lossFigure({ training: { epochs } }: ReportData): Figure {
  const [final] = finalEpochs(epochs);
  return {
    id: 'loss-function',
    title: 'Loss function',
    caption: `Mean RankNet loss over the pairs after each epoch; a model that orders all pairs alike has a loss of 0.69. ${final ? `The final model is the network after the epoch with the least validation loss, epoch ${final.epoch}.` : 'There is no validation loss, so no epoch is marked.'}`,
    numbers: lossTable(epochs),
  };
}

/** Numbers of the loss curve; the final model is marked. */
export function lossTable(epochs: readonly EpochLoss[]): Html {
  const final = finalEpochs(epochs);
  return html`<table>
<thead><tr><th scope="col">Epoch</th><th scope="col">Train</th><th scope="col">Val</th><td></td></tr></thead>
<tbody>${epochs.map(
    (loss) =>
      html`<tr${final.includes(loss) ? html` class="total"` : NOTHING}><th scope="row">${loss.epoch}</th><td>${formatLoss(loss.train)}</td><td>${formatLoss(loss.val)}</td><td class="mark">${final.includes(loss) ? 'Final Model' : ''}</td></tr>
`,
  )}</tbody>
</table>`;
}
