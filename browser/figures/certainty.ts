import { calibration } from '../../shared/predictions/pair-accuracy.ts';
import { comparePrevious } from '../../shared/report/data/comparison.ts';
import { type Stratum, tauByHour, tauByMonth, tauByValue } from '../../shared/report/data/strata.ts';
import { type About, box, boxes, type Point, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { photosBySplit, photosOfPeriod, type View } from '../view.ts';
import { drawRankSquare } from './panels.ts';
import { type Actions, aboutPhotos } from './photos.ts';

const share = (value: number | null) => (value === null ? 'NA' : `${(100 * value).toFixed(0)} %`);

/** How often annotators agree with the model, by how sure it is. */
export function calibrationFigure(view: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const bins = calibration(view.page.pairs, photosOfPeriod(view).scores, 'val');
  const side = Math.min(380, width - 90);
  const panel = sheet.panel(
    box(sheet, side * 0.8, { left: 66, right: 18, top: 16, bottom: 46 }, side),
    sheet.percentAxis('Confidence of the model', 28, { min: 0.5, max: 1, interval: 0.1 }),
    sheet.percentAxis('Annotator agrees', 46),
  );
  sheet.line(
    panel,
    [
      [0.5, 0.5],
      [1, 1],
    ],
    { name: 'Calibrated', color: theme.muted, dashed: true },
  );
  const about: About = {
    describe: (index) => {
      const bin = bins[index] as (typeof bins)[number];
      return [
        ['Confidence', `${share(bin.from)} – ${share(bin.to)}`],
        ['Pairs', String(bin.n)],
        ['Mean confidence', share(bin.confidence)],
        ['Annotator agrees', share(bin.agreed)],
      ];
    },
  };
  const points: Point[] = [];
  for (const [index, { confidence, agreed, interval }] of bins.entries()) {
    if (confidence === null || !interval) continue;
    points.push([confidence, agreed, index]);
    sheet.line(
      panel,
      [
        [confidence, interval.low],
        [confidence, interval.high],
      ],
      { name: '95 %', color: theme.splits.val, width: 2 },
    );
  }
  sheet.points(
    panel,
    points,
    { name: 'Held-out pairs', color: theme.splits.val, size: 11, opacity: 1 },
    about,
  );
  return sheet;
}

/** Kendall tau by hour, by month and by observed value. */
export function tauStrata(view: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const photos = photosOfPeriod(view);
  const groups: { title: string; strata: Stratum[] }[] = [
    { title: 'By hour', strata: tauByHour(photos, view.photos.timestamps) },
    { title: 'By month', strata: tauByMonth(photos, view.photos.timestamps) },
    { title: `By obs. ${view.page.variable.label}`, strata: tauByValue(photos) },
  ];
  const columns = sheet.isNarrow ? 1 : 3;
  const areas = boxes(sheet, 3 / columns, columns, 180, { left: 54, right: 12, top: 34, bottom: 58 });
  const least = groups
    .flatMap(({ strata }) => strata)
    .reduce((least, { tau }) => Math.min(least, tau ?? 0), 0);
  for (const [index, { title, strata }] of groups.entries()) {
    const panel = sheet.panel(
      areas[index] as (typeof areas)[number],
      sheet.categoryAxis(
        strata.map(({ label }) => label.replace(/:00$/, '').replace(' fifth', '')),
        {
          axisLabel: {
            color: theme.muted,
            rotate: index === 2 ? 30 : 0,
            ...(index === 2 && { interval: 0 }),
          },
        },
      ),
      sheet.numberAxis('tau', 32, {
        scale: false,
        min: least < 0 ? -1 : 0,
        max: 1,
        interval: least < 0 ? 0.5 : 0.25,
      }),
      title,
    );
    const about: About = {
      describe: (at) => {
        const { label, n, tau } = strata[at] as Stratum;
        return [
          ['Photos of', label],
          ['n', n.toLocaleString('en-US')],
          ['tau', tau === null ? 'NA' : tau.toFixed(2)],
        ];
      },
    };
    sheet.bars(
      panel,
      strata.map(({ tau }) => tau),
      { name: title, color: theme.accent },
      about,
    );
  }
  return sheet;
}

/** Ranks by this model against those by the one before. */
export function previousRanks(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { page, photos } = view;
  if (!page.previous) return sheet;
  const { ranks } = comparePrevious(photos, page.previous);
  drawRankSquare(
    sheet,
    photosBySplit(view, (row) => !Number.isNaN(ranks.now[row] as number)),
    { name: 'Rank by the model before', ranks: ranks.before },
    { name: 'Rank by this model', ranks: ranks.now },
    aboutPhotos(view, actions),
  );
  return sheet;
}
