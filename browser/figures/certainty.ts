import { calibration } from '../../shared/predictions/pair-accuracy.ts';
import { comparePrevious } from '../../shared/report/data/comparison.ts';
import {
  STRATA_TITLES,
  STRATIFICATIONS,
  type Stratification,
  type Stratum,
} from '../../shared/report/data/strata.ts';
import { shownInterval, shownTau } from '../../shared/report/data/text-tables.ts';
import { whereEnough } from '../../shared/report/data/too-few.ts';
import { type About, type Box, box, type Point, Sheet } from '../sheet.ts';
import { shownStrata } from '../shown-strata.ts';
import type { Theme } from '../theme.ts';
import { tauAxis } from '../value-scale.ts';
import { photosBySplit, photosOfPeriod, type View } from '../view.ts';
import { drawRankSquare } from './panels.ts';
import { type Actions, aboutPhotos } from './photos.ts';

const share = (value: number | null) => (value === null ? 'NA' : `${(100 * value).toFixed(0)} %`);

/** How often annotators agree with the model, by how sure it is. */
export function calibrationFigure(view: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const bins = calibration(view.page.pairs, photosOfPeriod(view).scores, 'val');
  const side = Math.min(380, width - 96);
  const panel = sheet.panel(
    box(sheet, side * 0.8, { left: 72, top: 16, bottom: 46 }, side),
    sheet.percentAxis('Confidence of the model', 28, { min: 0.5, max: 1, interval: 0.1 }),
    sheet.percentAxis('Annotator agrees', 50),
  );
  sheet.guide(
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
  for (const [index, { n, confidence, agreed, interval }] of bins.entries()) {
    const told = whereEnough(n, interval);
    if (confidence === null || !told) continue;
    points.push([confidence, agreed, index]);
    sheet.line(
      panel,
      [
        [confidence, told.low],
        [confidence, told.high],
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

/** Where there is room, seasons, period and tenths share a row, and so do months and hours: shares of its width. */
const STRATA_ROWS: [Stratification, number][][] = [
  [
    ['season', 0.27],
    ['period', 0.23],
    ['value', 0.5],
  ],
  [
    ['month', 0.38],
    ['hour', 0.62],
  ],
];

const MIDDLE_ROWS: [Stratification, number][][] = [
  [
    ['season', 0.5],
    ['period', 0.5],
  ],
  [['value', 1]],
  [['month', 1]],
  [['hour', 1]],
];

/** Kendall tau by season, annotation period, observed value, month and hour, with its interval and how many photos it is from. */
export function tauStrata(view: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const strata = shownStrata(view);
  sheet.emptyPanel = 'Too few photos';
  const least = STRATIFICATIONS.flatMap((by) => strata[by]).reduce(
    (lowest, { tau, interval }) => Math.min(lowest, interval?.low ?? tau ?? 0),
    0,
  );
  const rows = sheet.isNarrow
    ? STRATIFICATIONS.map((by): [Stratification, number][] => [[by, 1]])
    : sheet.isMiddle
      ? MIDDLE_ROWS
      : STRATA_ROWS;
  // Labels stand upright where panels are narrow, and need room below.
  const margins = { left: 44, right: 12, top: 34, bottom: sheet.isNarrow ? 70 : 52 };
  const height = 180;
  for (const [row, panels] of rows.entries()) {
    let left = 0;
    for (const [by, share] of panels) {
      const area = {
        left: left * width + margins.left,
        top: row * (height + margins.top + margins.bottom) + margins.top,
        width: share * width - margins.left - margins.right,
        height,
      };
      drawStrata(sheet, area, STRATA_TITLES[by], strata[by], least);
      left += share;
    }
  }
  sheet.height = rows.length * (height + margins.top + margins.bottom);
  return sheet;
}

function drawStrata(sheet: Sheet, area: Box, title: string, strata: readonly Stratum[], least: number): void {
  const { theme } = sheet;
  const panel = sheet.panel(
    area,
    sheet.categoryAxis(strata.map(stratumLabel), {
      read: (place: number) => (strata[place] as Stratum).label,
      axisLabel: { color: theme.muted, interval: 0, fontSize: 10, lineHeight: 13, ...crowded(area, strata) },
      axisTick: { show: false },
    }),
    sheet.numberAxis('', 0, { scale: false, ...tauAxis(least) }),
    title,
  );
  const about: About = {
    describe: (at) => {
      const { label, n, tau, interval } = strata[at] as Stratum;
      return [
        ['Photos of', label],
        ['n', n.toLocaleString('en-US')],
        ['tau', shownTau({ n, tau })],
        ['95 %', shownInterval({ n, tau, interval })],
      ];
    },
  };
  sheet.bars(
    panel,
    strata.map(({ tau }) => tau),
    {
      name: title,
      // Faint where nobody can tell how far it may be off.
      color: ({ dataIndex }) => `${theme.accent}${strata[dataIndex]?.interval === null ? '66' : ''}`,
    },
    about,
  );
  sheet.line(
    panel,
    strata.flatMap(({ interval }, at): [number, number | null][] =>
      interval
        ? [
            [at, interval.low],
            [at, interval.high],
            [at, null],
          ]
        : [],
    ),
    { name: '95 %', color: theme.ink, width: 1.5 },
  );
}

/** Name of a stratum, and below it how many photos it has. */
const stratumLabel = ({ label, n }: Stratum): string =>
  `${label.replace(/:00$/, '').replace(' tenth', '')}\n${n}`;

/** Of the labels, with the gap to the next one; pixels. */
const CHARACTER_WIDTH = 6.2;

/** Labels that would lie on each other stand upright, in one line. */
function crowded({ width }: Box, strata: readonly Stratum[]): object {
  const lines = strata.flatMap((stratum) => stratumLabel(stratum).split('\n'));
  const widest = lines.reduce((most, { length }) => Math.max(most, length), 3) * CHARACTER_WIDTH;
  if (width / Math.max(1, strata.length) > widest) return {};
  return { rotate: 90, formatter: (label: string) => label.replace('\n', ': ') };
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
