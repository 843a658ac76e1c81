import { MONTHS } from '../../shared/report/data/months.ts';
import { dayOfYear, spreadHour } from '../calendar.ts';
import { boxes, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { photosBySplit, type View } from '../view.ts';
import { cloud, facets } from './panels.ts';
import { type Actions, aboutPhotos } from './photos.ts';
import { residualAxis } from './predictions.ts';

/** First day of each month in a year of 365 days, counted from 1. */
const MONTH_STARTS = [1, 32, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335];

/** Figure 9: residuals by predicted rank, by hour and by day of the year. */
export function residualPatterns(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, residuals, ranks } = view;
  const about = aboutPhotos(view, actions);
  const hours = photos.timestamps.map(spreadHour);
  const days = photos.timestamps.map((wallMs) => dayOfYear(wallMs));
  const shown = facets(photosBySplit(view, (row) => !Number.isNaN(residuals[row] as number)));
  const columns = sheet.isNarrow ? 1 : 3;
  const margins = { left: 72, top: 34, bottom: 46 };
  const areas = boxes(
    sheet,
    (shown.length * 3) / columns,
    columns,
    sheet.isNarrow || sheet.isMiddle ? 140 : 190,
    margins,
  );
  const monthLabels = (place: number) => MONTHS[MONTH_STARTS.indexOf(place)] ?? '';
  const months = sheet.isNarrow
    ? MONTH_STARTS.filter((_, index) => index % 2 === 0)
    : MONTH_STARTS.filter((_, index) => index % 3 === 0);
  for (const [index, { id, label, rows }] of shown.entries()) {
    const panels = [
      {
        name: 'vs. Fitted',
        x: ranks.predicted,
        axis: sheet.percentAxis('Pred. rank', 28, { interval: sheet.isMiddle ? 0.5 : 0.25 }),
      },
      {
        name: 'Diurnal',
        x: hours,
        axis: sheet.numberAxis('Hour', 28, {
          scale: false,
          min: -0.5,
          max: 23.5,
          axisLabel: { color: theme.muted, customValues: [0, 6, 12, 18, 23] },
          axisTick: { customValues: [0, 6, 12, 18, 23] },
          splitLine: { show: false },
        }),
      },
      {
        name: 'Seasonal',
        x: days,
        axis: sheet.numberAxis('Day of year', 28, {
          scale: false,
          min: 1,
          max: 365,
          axisLabel: { color: theme.muted, customValues: months, formatter: monthLabels },
          axisTick: { customValues: months },
          splitLine: { show: false },
        }),
      },
    ];
    for (const [column, { name, x, axis }] of panels.entries()) {
      const panel = sheet.panel(
        areas[index * 3 + column] as (typeof areas)[number],
        axis,
        residualAxis(sheet, residuals),
        `${label}: ${name}`,
      );
      sheet.points(panel, cloud(rows, x, residuals), { name: label, color: theme.splits[id] }, about);
    }
  }
  return sheet;
}
