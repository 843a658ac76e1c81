import { axisStyle, type ChartSize, COLOURS, chart } from './chart.ts';
import type { Figure } from './figures.ts';
import { formatCount, formatLoss } from './formats.ts';
import { type Html, html, NOTHING } from './html.ts';
import { type EpochLoss, finalEpochs } from './training-output.ts';

/** Above this, points would hide the line. */
const MAX_POINTS = 60;

/** Loss over epochs; a circle marks the epoch, or the epochs, whose network became the model (contract 8.3, figure 5). */
export const lossCurve: Figure = {
  id: 'loss-function',
  title: 'Loss function',
  draw({ training: { epochs } }) {
    const final = finalEpochs(epochs);
    return {
      drawing: chart('loss-function', describe(epochs, final), (size) => lossOption(epochs, final, size)),
      caption: html`Mean RankNet loss over the pairs after each epoch; a model that orders all pairs alike has a loss of
0.69. ${final.length === 0 ? 'There is no validation loss, so no epoch is marked.' : 'The final model is the network after the epoch with the least validation loss.'}`,
      numbers: lossTable(epochs, final),
    };
  },
};

function describe(epochs: readonly EpochLoss[], [final]: readonly EpochLoss[]): string {
  const last = epochs.at(-1) as EpochLoss;
  const course = `Line chart of the loss over ${formatCount(epochs.length)} epochs. Last epoch: training ${formatLoss(last.train)}, validation ${formatLoss(last.val)}.`;
  return final
    ? `${course} Final model: epoch ${final.epoch}, training ${formatLoss(final.train)}, validation ${formatLoss(final.val)}.`
    : course;
}

function lossOption(epochs: readonly EpochLoss[], final: readonly EpochLoss[], size: ChartSize) {
  const line = (name: string, colour: string, loss: (epoch: EpochLoss) => number | null) => ({
    type: 'line',
    name,
    data: epochs.map(loss),
    symbol: 'circle',
    symbolSize: 6,
    showSymbol: epochs.length <= MAX_POINTS,
    showAllSymbol: true,
    lineStyle: { color: colour, width: 2 },
    itemStyle: { color: colour },
  });
  const circles = final.flatMap(({ epoch, train, val }) =>
    [train, val].filter((loss) => loss !== null).map((loss) => [String(epoch), loss]),
  );
  return {
    grid: { left: size === 'wide' ? 56 : 46, right: 12, top: 40, bottom: 44 },
    legend: {
      top: 0,
      left: size === 'wide' ? 48 : 0,
      itemGap: size === 'wide' ? 24 : 12,
      itemWidth: 22,
      textStyle: { color: COLOURS.ink, fontSize: 13 },
      data: ['Train', 'Val', ...(circles.length > 0 ? ['Final Model'] : [])],
    },
    xAxis: {
      type: 'category',
      data: epochs.map(({ epoch }) => String(epoch)),
      boundaryGap: epochs.length === 1,
      ...axisStyle('Epoch', 28),
    },
    yAxis: { type: 'value', min: 0, ...axisStyle('Loss', size === 'wide' ? 40 : 32) },
    series: [
      line('Train', COLOURS.train, ({ train }) => train),
      line('Val', COLOURS.val, ({ val }) => val),
      {
        type: 'scatter',
        name: 'Final Model',
        data: circles,
        symbol: 'circle',
        symbolSize: 18,
        itemStyle: { color: 'transparent', borderColor: COLOURS.ink, borderWidth: 1.5 },
        z: 3,
      },
    ],
  };
}

const lossTable = (epochs: readonly EpochLoss[], final: readonly EpochLoss[]): Html => html`<table>
<thead><tr><th scope="col">Epoch</th><th scope="col">Train</th><th scope="col">Val</th><th></th></tr></thead>
<tbody>${epochs.map(
  (loss) =>
    html`<tr${final.includes(loss) ? html` class="total"` : NOTHING}><th scope="row">${loss.epoch}</th><td>${formatLoss(loss.train)}</td><td>${formatLoss(loss.val)}</td><td class="mark">${final.includes(loss) ? 'Final Model' : ''}</td></tr>
`,
)}</tbody>
</table>`;
