import { formatLoss } from '../../shared/formats/numbers.ts';
import type { EpochLoss } from '../../shared/report/data/epochs.ts';
import { finalEpochs } from '../../shared/report/data/epochs.ts';
import { type About, box, type Point, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import type { View } from '../view.ts';

const LOSSES = [
  { key: 'train', label: 'Train' },
  { key: 'val', label: 'Val' },
] as const;
/** Above this, points would hide the line. */
const MOST_EPOCHS_WITH_POINTS = 60;

/** Figure 5: loss after each epoch; circles mark the network that became the model. */
export function lossFunction({ page: { epochs } }: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const last = epochs.at(-1)?.epoch ?? 1;
  const panel = sheet.panel(
    box(sheet, 280, { left: 60, top: 34, bottom: 46 }),
    sheet.numberAxis('Epoch', 28, {
      scale: false,
      min: Math.min(1, last - 1),
      max: Math.max(2, last),
      minInterval: 1,
      splitNumber: Math.min(last, 10),
      splitLine: { show: false },
    }),
    sheet.numberAxis('Loss', 40, { scale: false, min: 0 }),
  );
  const about: About = {
    describe: (index) => {
      const { epoch, train, val } = epochs[index] as EpochLoss;
      return [
        ['Epoch', String(epoch)],
        ['Train', formatLoss(train)],
        ['Val', formatLoss(val)],
      ];
    },
  };
  const final = new Set(finalEpochs(epochs));
  const pointsOf = (key: 'train' | 'val', keep: (loss: EpochLoss) => boolean): Point[] =>
    epochs.flatMap((loss, index): Point[] =>
      loss[key] === null || !keep(loss) ? [] : [[loss.epoch, loss[key], index]],
    );
  for (const { key, label } of LOSSES) {
    const points = pointsOf(key, () => true);
    sheet.line(panel, points, { name: label, color: theme.splits[key], width: 2 });
    if (epochs.length <= MOST_EPOCHS_WITH_POINTS)
      sheet.points(panel, points, { name: label, color: theme.splits[key], size: 7, opacity: 1 }, about);
  }
  const circles = LOSSES.flatMap(({ key }) => pointsOf(key, (loss) => final.has(loss)));
  sheet.points(panel, circles, { name: 'Final Model', color: 'transparent', size: 18, opacity: 1 }, about);
  const marks = sheet.option.series.at(-1) as { itemStyle: object };
  marks.itemStyle = { color: 'transparent', borderColor: theme.ink, borderWidth: 1.6 };
  sheet.legend(
    [
      ...LOSSES.filter(({ key }) => pointsOf(key, () => true).length > 0).map(({ key, label }) => ({
        name: label,
        color: theme.splits[key],
        symbol: 'line',
      })),
      ...(circles.length > 0 ? [{ name: 'Final Model (circled)', color: theme.ink }] : []),
    ],
    60,
  );
  return sheet;
}
