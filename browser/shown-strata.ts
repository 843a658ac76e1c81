import { weekOf } from '../shared/predictions/weeks.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../shared/report/data/split-groups.ts';
import { intervalsByWeeks } from '../shared/report/data/statistics.ts';
import { STRATIFICATIONS, type Strata, type Stratification, strataBy } from '../shared/report/data/strata.ts';
import { isWhole, type PageSelection, photosOfPeriod, type View } from './view.ts';

/** Taus of selections without the whole period, computed once for all who draw them. */
const computed = new WeakMap<PageSelection, Strata>();

/** Tau in every stratum of the selected period and photos; intervals of a period follow by `addIntervals`. */
export function shownStrata(view: View): Strata {
  const { page, selection } = view;
  if (isWhole(view) && page.strata) return page.strata[selection.strataSplit];
  const known = computed.get(selection);
  if (known) return known;
  const photos = photosOfPeriod(view);
  const strata = Object.fromEntries(
    STRATIFICATIONS.map((by) => [by, strataBy(photos, view.stratumOfRows, groupOf(view), by)]),
  ) as Strata;
  computed.set(selection, strata);
  return strata;
}

/** Adds the intervals of one stratification of the selection. */
export function addIntervals(view: View, by: Stratification): void {
  const photos = photosOfPeriod(view);
  const { seed, resamples } = view.page;
  const weeks = photos.timestamps.map(weekOf);
  const strata = shownStrata(view);
  strata[by] = strataBy(
    photos,
    view.stratumOfRows,
    groupOf(view),
    by,
    intervalsByWeeks(weeks, { resamples, seed }),
  );
}

const groupOf = ({ selection }: View): SplitGroup =>
  SPLIT_GROUPS.find(({ id }) => id === selection.strataSplit) as SplitGroup;
