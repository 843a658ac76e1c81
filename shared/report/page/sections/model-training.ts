import { formatCount, formatLoss, formatShare } from '../../../formats/numbers.ts';
import { type EpochLoss, finalEpochs } from '../../data/epochs.ts';
import { curveAdvice, type LearningCurve, meanAndRange } from '../../data/learning-curve.ts';
import type { ReportData } from '../../data/report-data.ts';
import { TOO_FEW } from '../../data/too-few.ts';
import { trainingAdvice } from '../../data/training-advice.ts';
import { absent, type Figure, figureMarkup } from '../figure.ts';
import { type Html, html, NOTHING } from '../html.ts';
import type { Section } from '../page.ts';

/** Figure 5 of upstream's report: how the loss fell. */
export const modelTrainingSection = (data: ReportData): Section => ({
  id: 'model-training',
  title: 'Model training',
  content: html`${figureMarkup(lossFigure(data))}${advice(data)}`,
  entries: [
    { id: 'more-training', title: 'More epochs or annotations?' },
    { id: 'learning-curve', title: 'Learning curve' },
  ],
});

/** What a single training can say of it, and what it cannot. */
const advice = (
  data: ReportData,
): Html => html`<section id="more-training"><h3>More epochs or annotations?</h3>
${[...trainingAdvice(data), ...curveAdvice(data.training.learningCurve, data.accuracy.val.n)].map(
  (sentence) => html`<p>${sentence}</p>
`,
)}<p class="note">Where the learning curve says otherwise than the sentences before it, those speak of the model itself, and the curve of features that
have not learned the station. How much better a model of more pairs would be cannot be seen from one training.</p>
${learningCurveFigure(data.training.learningCurve)}</section>
`;

const CURVE = { id: 'learning-curve', title: 'Learning curve' };

/** What fewer pairs would have taught, and what that can and cannot show. */
function learningCurveFigure(curve: LearningCurve): Html {
  if (curve.missing !== null)
    return absent(CURVE.id, CURVE.title, `There is no learning curve: ${curve.missing}.`);
  return figureMarkup({
    ...CURVE,
    caption: `Share of the held-out pairs with a decision that are ordered as the annotators did, and the loss over all ${formatCount(curve.valPairs)}, by the number of training pairs; each number is about twice the one before. Points are means over shuffles of the training pairs, bars the range; all pairs have one value. It is not the model that is shown but a linear score of what the network saw before it was trained, learned with the same loss: such features have not learned the station, so the values of the model are others. What the curve can show is whether more pairs still helped where it ends, for pairs of this kind; neither how far it goes on nor what pairs of other seasons or values would bring.`,
    numbers: curveTable(curve),
  });
}

function curveTable({ points }: LearningCurve): Html {
  const cells = (values: readonly number[], format: (value: number | null) => string): Html => {
    const spread = meanAndRange(values);
    if (!spread) return html`<td>${TOO_FEW}</td><td></td>`;
    const range = values.length > 1 ? `${format(spread.low)} – ${format(spread.high)}` : '';
    return html`<td>${format(spread.mean)}</td><td class="interval">${range}</td>`;
  };
  return html`<table>
<thead><tr><th scope="col">Training pairs</th><th scope="col">Shuffles</th><th scope="col">Ordered right</th><th scope="col">from – to</th><th scope="col">Loss</th><th scope="col">from – to</th></tr></thead>
<tbody>${points.map(
    ({ pairs, accuracy, loss }) =>
      html`<tr><th scope="row">${formatCount(pairs)}</th><td>${loss.length}</td>${cells(accuracy, formatShare)}${cells(loss, formatLoss)}</tr>
`,
  )}</tbody>
</table>`;
}

function lossFigure({ training: { epochs } }: ReportData): Figure {
  const [final] = finalEpochs(epochs);
  return {
    id: 'loss-function',
    title: 'Loss function',
    caption: `Mean RankNet loss over the pairs after each epoch; a model that gives all photos the same score has a loss of 0.69. ${final ? `The final model is the network after the epoch with the least validation loss, epoch ${final.epoch}.` : 'There is no validation loss, so no epoch is marked.'}`,
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
