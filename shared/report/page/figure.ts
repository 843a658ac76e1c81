import { countOf } from '../../formats/numbers.ts';
import { countWithValue } from '../../predictions/scored-photos.ts';
import type { ReportData } from '../data/report-data.ts';
import { type Html, html, NOTHING, scrollRegion } from './html.ts';

/** A figure as it stands in the page; `browser/figures/` draws it in the browser, under the same id. */
export type Figure = {
  id: string;
  title: string;
  caption: string;
  /** What a reader can do with it, which paper does not say. */
  hint?: string;
  /** What a reader can choose about it. */
  control?: Html;
  /** The same as a table, folded away; for readers who cannot see the drawing or want the numbers. */
  numbers?: Html;
};

/**
 * The figures of a report in the order of the page, with their numbers, which stay whatever a station lacks: 1 to 13 are those of
 * upstream's report, so what stands among them has a letter.
 */
export const REPORT_FIGURES: Readonly<Record<string, string>> = {
  'images-timeseries': '1',
  'value-distributions': '2',
  'value-frequencies': '3',
  'annotation-pairs': '4',
  'loss-function': '5',
  'learning-curve': '5b',
  'predictions-timeseries': '6',
  'scatter-plots': '7',
  'residuals-timeseries': '8',
  'residual-patterns': '9',
  'daily-scores': '10',
  'daily-ranks': '11',
  'daily-overlap': '12',
  'daily-rank-scatter': '13',
  calibration: '14',
  'tau-strata': '15',
  'previous-ranks': '16',
};

/** A figure of the report, under the number that it has in every report. */
export const figureMarkup = (figure: Figure): Html => numberedFigure(figure, numberOf(figure.id));

const numberOf = (id: string): string => REPORT_FIGURES[id] as string;

/** Figures of another page, numbered as they come. */
export const figuresMarkup = (figures: readonly Figure[], first = 1): Html =>
  html`${figures.map((figure, index) => numberedFigure(figure, String(first + index)))}`;

const heading = (title: string, number: string): Html =>
  html`<h3><span class="number">Figure ${number}.</span> ${title}</h3>`;

/** Place of a chart with its words; the script draws into `data-chart`. */
const numberedFigure = (
  { id, title, caption, hint, control = NOTHING, numbers }: Figure,
  number: string,
): Html => html`<figure id="${id}">
${heading(title, number)}
${control}<div class="chart" data-chart="${id}" role="img" aria-label="${[`${title}.`, caption, ...(hint ? [hint] : [])].join(' ')}"></div>
<figcaption>${caption}${hint ? html` <span class="on-screen">${hint}</span>` : NOTHING}</figcaption>
${numbers ? html`<details><summary>Numbers</summary>${scrollRegion(`Numbers of ${title}`, numbers)}</details>` : NOTHING}</figure>
`;

/** What stands in the place of a figure that cannot be drawn. */
export const absent = (
  id: string,
  title: string,
  why: string,
): Html => html`<figure id="${id}" class="absent">
${heading(title, numberOf(id))}
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
