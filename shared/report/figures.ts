import type { Html } from './html.ts';
import { lossCurve } from './loss-curve.ts';
import type { ReportData } from './report-data.ts';

/** A figure as it stands in the page. */
export type Drawing = {
  drawing: Html;
  caption: Html;
  /** The same as a table, folded away; for readers who cannot see the drawing or want the numbers. */
  numbers?: Html;
};

export type Figure = {
  /** Anchor in the page. */
  id: string;
  title: string;
  /** null leaves the figure out, as where a station has no observed values. */
  draw(data: ReportData): Drawing | null;
};

export type FigureSection = { id: string; title: string; figures: readonly Figure[] };

/** Sections and figures in the report's order; to add one, write its module and name it here (contract 8.3). */
export const FIGURE_SECTIONS: readonly FigureSection[] = [
  { id: 'model-training', title: 'Model training', figures: [lossCurve] },
];
