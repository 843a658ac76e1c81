import { formatLoss } from '../../formats/numbers.ts';
import { type EpochLoss, finalEpochs } from '../data/epochs.ts';
import { type Html, html, NOTHING } from './html.ts';

/** Numbers of the loss curve; the final model is marked. */
export function lossTable(epochs: readonly EpochLoss[]): Html {
  const final = finalEpochs(epochs);
  return html`<table>
<thead><tr><th scope="col">Epoch</th><th scope="col">Train</th><th scope="col">Val</th><th></th></tr></thead>
<tbody>${epochs.map(
    (loss) =>
      html`<tr${final.includes(loss) ? html` class="total"` : NOTHING}><th scope="row">${loss.epoch}</th><td>${formatLoss(loss.train)}</td><td>${formatLoss(loss.val)}</td><td class="mark">${final.includes(loss) ? 'Final Model' : ''}</td></tr>
`,
  )}</tbody>
</table>`;
}
