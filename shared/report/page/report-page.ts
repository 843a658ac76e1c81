import { stationClock } from '../../formats/local-time.ts';
import { notedPhotos } from '../data/noted-photos.ts';
import { remarks } from '../data/remarks.ts';
import { RESAMPLES, type ReportData } from '../data/report-data.ts';
import { REPORT_TITLE, titleBlock } from './header.ts';
import { pageText, type Section } from './page.ts';
import { shownStation } from './page-data.ts';
import { certaintySection } from './sections/certainty.ts';
import { contradictedPairsSection } from './sections/contradicted-pairs.ts';
import { dailyAggregationSection } from './sections/daily-aggregation.ts';
import { qualitySection } from './sections/data-quality.ts';
import { disagreementsSection } from './sections/disagreements.ts';
import { inputDataSection } from './sections/input-data.ts';
import { modelPredictionsSection } from './sections/model-predictions.ts';
import { modelTrainingSection } from './sections/model-training.ts';
import { performanceSection } from './sections/performance.ts';
import { previousModelSection } from './sections/previous-model.ts';
import { provenanceSection } from './sections/provenance.ts';
import type { Thumbnails } from './thumbnails.ts';

/** In the order of the page; each has a file of its own. */
const sectionsOf = (data: ReportData): Section[] => [
  performanceSection(data),
  inputDataSection(data),
  qualitySection(data.checks, remarks(data)),
  modelTrainingSection(data),
  modelPredictionsSection(data),
  dailyAggregationSection(data),
  certaintySection(data),
  disagreementsSection(data),
  contradictedPairsSection(),
  previousModelSection(data),
  provenanceSection(data),
];

/**
 * The diagnostics report of a run, whole: title block, numbers, the thirteen figures of upstream's report in its order
 * (contract 8), and what goes beyond it.
 *
 * @param script what draws the charts, `browser/script.ts`
 * @param thumbnails of photos that the page carries
 */
export function reportPage(data: ReportData, script: string, thumbnails: Thumbnails = new Map()): string {
  const { station, model_code } = data.state.run;
  return pageText(
    {
      title: `${station.name} · ${model_code} · ${REPORT_TITLE}`,
      header: titleBlock(data),
      sections: sectionsOf(data),
      hasSplits: true,
      thumbnails,
      data: {
        kind: 'report',
        station: shownStation(station),
        code: model_code,
        variable: data.variable,
        timezone: station.timezone,
        seed: data.state.run.parameters.seed,
        resamples: RESAMPLES,
        photoBase: data.photoBase,
        photos: { ...data.photos, timestamps: data.wallMs },
        pairs: data.pairs,
        epochs: data.training.epochs,
        learningCurve: data.training.learningCurve,
        strata: data.strata,
        previous: data.previous,
        observed: null,
        noted: notedPhotos(data.checks, stationClock(station.timezone).wallMs),
      },
    },
    script,
  );
}
