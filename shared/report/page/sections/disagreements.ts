import type { ReportData } from '../../data/report-data.ts';
import { hasValues, missingValues } from '../figure.ts';
import { gallery, html } from '../html.ts';
import type { Section } from '../page.ts';

/** Photos that the model places far from their observed value. */
export const disagreementsSection = (data: ReportData): Section => ({
  id: 'disagreements',
  title: 'Worst disagreements',
  content: hasValues(data)
    ? gallery(
        'worst-photos',
        'Photos with the largest rank residuals: the model places them far from where their observed value does. Ice, backwater, a gage out of order or a photo that cannot be read by anyone are common reasons.',
      )
    : html`<p>${missingValues(data)}</p>`,
});
