import { stationClock } from '../../formats/local-time.ts';
import { notedPhotos } from '../data/noted-photos.ts';
import { remarks } from '../data/remarks.ts';
import { RESAMPLES, type ReportData } from '../data/report-data.ts';
import { certainty, comparisonMarkup } from './certainty.ts';
import { qualitySection } from './data-quality.ts';
import {
  dailyFigures,
  figureMarkup,
  hasValues,
  imageFigures,
  lossFigure,
  missingValues,
  pairFigure,
  predictionFigures,
} from './figures.ts';
import { dailyText, inputData, performance, REPORT_TITLE, titleBlock } from './header.ts';
import { gallery, html } from './html.ts';
import { pageText, type Section } from './page.ts';
import { provenance } from './provenance.ts';

/**
 * The diagnostics report of a run, whole: title block, numbers, the thirteen figures of upstream's report in its order
 * (contract 8), and what goes beyond it.
 *
 * @param script what draws the charts, `browser/script.ts`
 */
export function reportPage(data: ReportData, script: string): string {
  const { station, model_code } = data.state.run;
  const predictions = predictionFigures(data);
  const withValues = hasValues(data);
  const sections: Section[] = [
    { id: 'performance', title: 'Performance (Kendall Tau)', content: performance(data) },
    {
      id: 'input-data',
      title: 'Input data',
      content: html`${inputData(data)}
${imageFigures(data.variable, withValues).map(figureMarkup)}
${figureMarkup(pairFigure(data.variable, withValues))}`,
      entries: [
        { id: 'photos', title: 'Photos' },
        { id: 'observed-values', title: 'Observed values' },
        { id: 'images-timeseries', title: 'Images' },
        { id: 'annotation-pairs', title: 'Annotation pairs' },
      ],
    },
    qualitySection(data.checks, remarks(data)),
    { id: 'model-training', title: 'Model training', content: figureMarkup(lossFigure(data)) },
    {
      id: 'model-predictions',
      title: 'Model predictions',
      content: html`${predictions.timeseries}${predictions.scatter}${predictions.residuals}`,
      entries: [
        { id: 'predictions-timeseries', title: 'Timeseries' },
        { id: 'scatter-plots', title: 'Scatter plots' },
        { id: 'residuals-timeseries', title: 'Residuals' },
      ],
    },
    {
      id: 'daily-aggregation',
      title: 'Daily aggregation',
      content: html`${dailyText(data)}${dailyFigures(data)}`,
    },
    {
      id: 'certainty',
      title: 'How sure the numbers are',
      content: certainty(data),
      entries: [
        { id: 'pair-accuracy', title: 'Accuracy on pairs' },
        { id: 'calibration', title: 'Calibration' },
        { id: 'annotator-agreement', title: 'Annotators' },
        ...(withValues ? [{ id: 'tau-strata', title: 'Hour, month, value' }] : []),
      ],
    },
    {
      id: 'disagreements',
      title: 'Worst disagreements',
      content: withValues
        ? gallery(
            'worst-photos',
            'Photos with the largest rank residuals: the model places them far from where their observed value does. Ice, backwater, a gage out of order or a photo that cannot be read by anyone are common reasons.',
          )
        : html`<p>${missingValues(data)}</p>`,
    },
    {
      id: 'contradicted-pairs',
      title: 'Contradicted pairs',
      content: gallery(
        'contradicted',
        'Annotation pairs where the model is sure of the other photo, ready for review: either the annotator slipped, or the model has not learned what the annotator saw.',
      ),
    },
    { id: 'previous-model', title: 'Previous model', content: comparisonMarkup(data) },
    {
      id: 'provenance',
      title: 'Provenance',
      content: provenance(data),
      entries: [
        { id: 'parameters', title: 'Parameters' },
        { id: 'files', title: 'Files' },
      ],
    },
  ];
  return pageText(
    {
      title: `${station.name} · ${model_code} · ${REPORT_TITLE}`,
      header: titleBlock(data),
      sections,
      hasSplits: true,
      data: {
        kind: 'report',
        variable: data.variable,
        timezone: station.timezone,
        seed: data.state.run.parameters.seed,
        resamples: RESAMPLES,
        photoBase: data.photoBase,
        photos: { ...data.photos, timestamps: data.wallMs },
        pairs: data.pairs,
        epochs: data.training.epochs,
        previous: data.previous,
        observed: null,
        noted: notedPhotos(data.checks, stationClock(station.timezone).wallMs),
      },
    },
    script,
  );
}
