import { countOf } from '../../formats/numbers.ts';
import { countWithValue } from '../../predictions/scored-photos.ts';
import type { ReportData } from '../data/report-data.ts';
import { type Html, html, NOTHING, scrollRegion } from './html.ts';

/** A figure as it stands in the page; `browser/figures/` draws it in the browser, under the same id. */
export type Figure = {
  id: string;
  title: string;
  caption: string;
  /** What a reader can choose about it. */
  control?: Html;
  /** The same as a table, folded away; for readers who cannot see the drawing or want the numbers. */
  numbers?: Html;
};

/** Place of a chart with its words; the script draws into `data-chart`. */
export const figureMarkup = ({
  id,
  title,
  caption,
  control = NOTHING,
  numbers,
}: Figure): Html => html`<figure id="${id}">
<h3>${title}</h3>
${control}<div class="chart" data-chart="${id}" role="img" aria-label="${title}. ${caption}"></div>
<figcaption>${caption}</figcaption>
${numbers ? html`<details><summary>Numbers</summary>${scrollRegion(`Numbers of ${title}`, numbers)}</details>` : NOTHING}</figure>
`;

/** What stands in the place of a figure that cannot be drawn. */
export const absent = (
  id: string,
  title: string,
  why: string,
): Html => html`<figure id="${id}" class="absent">
<h3>${title}</h3>
<p>${why}</p>
</figure>
`;

export const hasValues = ({ photos }: Pick<ReportData, 'photos'>): boolean => countWithValue(photos) > 0;

export const LOG_NOTE =
  'The axis is logarithmic where values allow it; values of zero lie on its lowest line.';

/** What a station lacks for the figures that compare, and why. */
export function missingValues({ variable, state, photos }: ReportData): string {
  const { dataset, observations } = state;
  const nothing = `No observed data: none of the ${countOf(photos.values.length, 'photo')} has an observed value of ${variable.label}.`;
  const why =
    dataset.values === 0
      ? `The station has no values of this variable for the time of its photos${state.run.uses_nwis ? ', neither from USGS nor from its datasets on FPE' : ', in none of its datasets on FPE'}.`
      : `The ${countOf(dataset.values, 'value')} of the station are more than ${state.run.parameters.max_gap_minutes} minutes away from every photo of this run (max_gap_minutes).`;
  return [nothing, why, observations?.note ?? ''].join(' ').trim();
}
