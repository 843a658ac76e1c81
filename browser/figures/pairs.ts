import { thin } from '../../shared/report/data/decimation.ts';
import { pairFacts } from '../descriptions.ts';
import { type About, type Box, box, boxes, type Point, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { pairsOfPeriod, type View } from '../view.ts';
import { MOST_POINTS } from './panels.ts';
import type { Actions } from './photos.ts';

const choiceStyles = ({ choices }: Theme) => [
  { choice: 1, name: 'Left shows more', color: choices.left },
  { choice: -1, name: 'Right shows more', color: choices.right },
  { choice: 0, name: 'The same', color: choices.same },
];

const aboutPairs = (view: View, { openPhoto }: Actions): About => ({
  describe: (pair) => pairFacts(view, pair),
  open: (pair, at) => openPhoto(view.page.pairs.left[pair] as number, at),
});

/** Choices that no pair of the period has are not named. */
function shownStyles(view: View, styles: ReturnType<typeof choiceStyles>) {
  const made = new Set(pairsOfPeriod(view).map((pair) => view.page.pairs.choices[pair]));
  return styles.filter(({ choice }) => made.has(choice));
}

/** Where a pair is drawn. */
type PairPlaces = { x: (pair: number) => number; y: (pair: number) => number };

/** Figure 4: left photo against right photo, by time and by observed value. */
export function annotationPairs(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { hasValues } = view;
  const columns = sheet.isNarrow || !hasValues ? 1 : 2;
  const side = Math.min(420, width / columns - 120);
  const areas = boxes(sheet, hasValues ? 2 / columns : 1, columns, side, {
    left: 96,
    top: 62,
    bottom: 46,
  });
  const styles = choiceStyles(theme);
  const about = aboutPairs(view, actions);
  const pairs = pairsOfPeriod(view);
  const { choices } = view.page.pairs;
  const square = (index: number) => ({ ...(areas[index] as (typeof areas)[number]), width: side });
  const draw = (panel: number, { x, y }: PairPlaces) => {
    for (const { choice, name, color } of styles) {
      const points = thin(
        pairs.filter((pair) => choices[pair] === choice && !Number.isNaN(x(pair) + y(pair))),
        MOST_POINTS,
      ).map((pair): Point => [x(pair), y(pair), pair]);
      sheet.points(
        panel,
        points,
        { name, color, opacity: points.length > 1000 ? 0.35 : 0.6, size: 5 },
        about,
      );
    }
  };
  draw(timePanel(sheet, view, theme, square(0)), placesBy(view, view.photos.timestamps));
  if (hasValues) {
    const byValue = valuePanel(sheet, view, square(1));
    draw(byValue, placesBy(view, view.photos.values.map(view.scale.place)));
    const [low, high] = view.scale.range;
    const equal: [number, number][] = [
      [low, low],
      [high, high],
    ];
    sheet.guide(byValue, equal, { name: 'Equal', color: theme.muted, dashed: true });
  }
  sheet.legend(shownStyles(view, styles), 12);
  return sheet;
}

/** The right photo's number gives x, the left photo's gives y. */
function placesBy({ page }: View, numbers: ArrayLike<number>): PairPlaces {
  const { left, right } = page.pairs;
  return {
    x: (pair) => numbers[right[pair] as number] as number,
    y: (pair) => numbers[left[pair] as number] as number,
  };
}

function timePanel(sheet: Sheet, { selection }: View, theme: Theme, square: Box): number {
  const time = (name: string, gap: number, labels = {}) =>
    sheet.timeAxis(
      selection.from,
      selection.to,
      {
        splitNumber: 3,
        // A month and the days around it would lie on each other.
        minInterval: (selection.to - selection.from) / 5,
        name,
        nameLocation: 'middle',
        nameGap: gap,
        nameTextStyle: { color: theme.ink },
      },
      labels,
    );
  return sheet.panel(
    square,
    time('Right photo', 28),
    time('Left photo', 74, { showMinLabel: false, showMaxLabel: false }),
    'By timestamp',
  );
}

function valuePanel(sheet: Sheet, { page, scale }: View, square: Box): number {
  const { label } = page.variable;
  const axis = (name: string, gap: number) => sheet.valueAxis(scale, name, 5, gap);
  return sheet.panel(
    square,
    axis(`Right photo: ${label}`, 28),
    axis(`Left photo: ${label}`, 52),
    `By obs. ${label}`,
  );
}

/** Difference of the observed values of a pair against their mean: what the annotator had to see. */
export function pairDifferences(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, scale, page } = view;
  const { left, right, choices } = page.pairs;
  const panel = sheet.panel(
    box(sheet, 320, { left: 80, top: 40, bottom: 46 }),
    sheet.valueAxis(scale, `Mean of both: ${page.variable.label}`, 8, 28),
    sheet.percentAxis('(Left − right) / sum', 58, { min: -1, max: 1, interval: 0.5 }),
  );
  const value = (row: number | undefined) => photos.values[row as number] as number;
  const sum = (pair: number) => value(left[pair]) + value(right[pair]);
  const styles = choiceStyles(theme);
  for (const { choice, name, color } of styles) {
    const pairs = pairsOfPeriod(view).filter((pair) => choices[pair] === choice && sum(pair) > 0);
    const points = thin(pairs, MOST_POINTS).map(
      (pair): Point => [
        scale.place(sum(pair) / 2),
        (value(left[pair]) - value(right[pair])) / sum(pair),
        pair,
      ],
    );
    sheet.points(
      panel,
      points,
      { name, color, opacity: points.length > 1000 ? 0.35 : 0.6, size: 5 },
      aboutPairs(view, actions),
    );
  }
  sheet.guide(
    panel,
    [
      [scale.range[0], 0],
      [scale.range[1], 0],
    ],
    { name: 'Equal', color: theme.muted, dashed: true },
  );
  sheet.legend(shownStyles(view, styles), 12);
  return sheet;
}
