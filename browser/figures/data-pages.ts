import { DAY_MS } from '../../shared/formats/durations.ts';
import { envelope } from '../../shared/report/data/decimation.ts';
import { MONTHS } from '../../shared/report/data/months.ts';
import { type About, box, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { allRows, photosBySplit, startOfDay, type View } from '../view.ts';
import { cloud, linePoints, splitLegend } from './panels.ts';
import { type Actions, aboutPhotos } from './photos.ts';

/** Photos of each day. */
export function imagesPerDay(view: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, selection } = view;
  const panel = sheet.panel(
    box(sheet, 180, { left: 62, top: 20, bottom: 32 }),
    sheet.timeAxis(selection.from, selection.to),
    sheet.numberAxis('Photos a day', 42, { scale: false, min: 0, minInterval: 1 }),
  );
  const counts = Map.groupBy(allRows(photosBySplit(view, () => true)), (row) =>
    startOfDay(photos.timestamps[row] as number),
  );
  const days = [...counts];
  const about: About = {
    describe: (index) => {
      const [day, rows] = days[index] as (typeof days)[number];
      return [
        ['Day', new Date(day).toISOString().slice(0, 10)],
        ['Photos', rows.length.toLocaleString('en-US')],
      ];
    },
  };
  sheet.addSeries(panel, about, {
    type: 'bar',
    name: 'Photos',
    large: true,
    barMinWidth: 1,
    barCategoryGap: '5%',
    itemStyle: { color: theme.accent },
    data: days.map(([day, rows], index) => [day + DAY_MS / 2, rows.length, index]),
  });
  return sheet;
}

/** Photos of each month of the year by split. */
export function imagesMonths(view: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const panel = sheet.panel(
    box(sheet, 220, { left: 62, top: 34, bottom: 32 }),
    sheet.categoryAxis([...MONTHS]),
    sheet.numberAxis('Photos', 44, { scale: false, min: 0, minInterval: 1 }),
  );
  const splits = photosBySplit(view, () => true).filter(({ rows }) => rows.length > 0);
  for (const { id, label, rows } of splits) {
    const counts = new Array<number>(12).fill(0);
    for (const row of rows) {
      const month = new Date(view.photos.timestamps[row] as number).getUTCMonth();
      counts[month] = (counts[month] as number) + 1;
    }
    sheet.bars(
      panel,
      counts,
      { name: label, color: theme.splits[id], stack: 'photos' },
      {
        describe: (month) => [
          ['Month', MONTHS[month] as string],
          [label, (counts[month] as number).toLocaleString('en-US')],
        ],
      },
    );
  }
  splitLegend(sheet, splits, 62);
  return sheet;
}

/** Observed values as they were measured, and those that photos take from them. */
export function observedValues(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { page, photos, scale, selection, whole } = view;
  const left = 66;
  const panel = sheet.panel(
    box(sheet, 280, { left, top: 34, bottom: 32 }),
    sheet.timeAxis(selection.from, selection.to),
    sheet.valueAxis(scale, page.variable.label, 6, left - 18),
  );
  if (page.observed) {
    const { timestamps, values } = page.observed;
    const place = values.map(scale.place);
    const rows = [...timestamps.keys()].filter(
      (row) => (timestamps[row] as number) >= whole.from && (timestamps[row] as number) < whole.to,
    );
    sheet.line(panel, linePoints(envelope(rows, place, 3000), timestamps, place), {
      name: 'Observed',
      color: theme.muted,
      width: 1,
    });
  }
  const place = photos.values.map(scale.place);
  const rows = allRows(photosBySplit(view, (row) => !Number.isNaN(place[row] as number)));
  sheet.points(
    panel,
    cloud(rows, photos.timestamps, place),
    { name: 'Photos', color: theme.accent, size: 4 },
    aboutPhotos(view, actions),
  );
  sheet.legend(
    [
      ...(page.observed ? [{ name: 'Observed values', color: theme.muted, symbol: 'line' }] : []),
      ...(rows.length > 0 ? [{ name: 'Photos', color: theme.accent }] : []),
    ],
    left,
  );
  return sheet;
}
