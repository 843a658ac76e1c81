import { DAY_MS } from '../shared/formats/durations.ts';
import { wallDate } from '../shared/predictions/scored-photos.ts';
import type { PageSelection, View } from './view.ts';

type Period = Pick<PageSelection, 'from' | 'to'>;

/** e.g. 2024-01-10 to 2024-03-20 */
export const periodWords = ({ from, to }: Period): string => `${wallDate(from)} to ${wallDate(to - DAY_MS)}`;

/** A selection whose period goes no further than the photos do; null if it lies wholly before or after them. */
export function withinPhotos(selection: PageSelection, { whole }: Pick<View, 'whole'>): PageSelection | null {
  const [from, to] = [Math.max(selection.from, whole.from), Math.min(selection.to, whole.to)];
  return from < to ? { ...selection, from, to } : null;
}

/** That a period has no photos, and where there are some; empty if it has. */
export function noPhotosWords({ whole, photos: { timestamps } }: View, period: Period): string {
  const next = timestamps.findIndex((wallMs) => wallMs >= period.from);
  const first = timestamps[next];
  if (first !== undefined && first < period.to) return '';
  const last = timestamps[(next === -1 ? timestamps.length : next) - 1];
  const none = `There are no photos from ${periodWords(period)}`;
  return first === undefined || last === undefined
    ? `${none}: those of this page are from ${periodWords(whole)}.`
    : `${none}: the last before are of ${wallDate(last)}, the first after of ${wallDate(first)}.`;
}
