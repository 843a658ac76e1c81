import type { ModelTypeId } from '../model-types/registry.ts';
import type { ReportData } from './data/report-data.ts';
import { metricsFile } from './metrics/file.ts';
import { agreementNote } from './page/note.ts';
import { reportPage } from './page/report-page.ts';
import type { Thumbnails } from './page/thumbnails.ts';

/** What is said of a finished model. */
export type ModelReport = {
  /** The page for people, with the script that draws it and small copies of photos that it carries. */
  page(report: ReportData, script: string, thumbnails: Thumbnails): string;
  /** metrics.json: the numbers for programs. */
  metrics(report: ReportData): unknown;
  /** How well scores and observed values agree, in one sentence. */
  note(report: ReportData): string;
};

/** The report of each type of model. */
export const REPORTS: Record<ModelTypeId, ModelReport> = {
  RANK: { page: reportPage, metrics: metricsFile, note: agreementNote },
};
