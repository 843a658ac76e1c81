import type { ObservedSeries } from '../../dataset/observations.ts';
import type { Dataset, Run, Split, StationExport } from '../../execution/train-station-state.ts';
import { stationClock } from '../../formats/local-time.ts';
import { formatCount } from '../../formats/numbers.ts';
import type { ImageSplit } from '../../model-input/image-split.ts';
import { type Judgment, judgedPairs } from '../../predictions/judged-pairs.ts';
import type { NamedPhotos } from '../../predictions/scored-photos.ts';
import type { CheckResult } from '../../quality/finding.ts';
import { variableWords } from '../../variables.ts';
import { envelope } from '../data/decimation.ts';
import { NO_CURVE } from '../data/learning-curve.ts';
import { NO_PHOTOS, notedPhotos } from '../data/noted-photos.ts';
import { exclusionRemarks } from '../data/remarks.ts';
import { SPLIT_GROUPS } from '../data/split-groups.ts';
import { type Figure, figuresMarkup } from './figure.ts';
import { stationHeading } from './header.ts';
import { type Html, html } from './html.ts';
import { pageText, type Section } from './page.ts';
import { type PageData, shownStation } from './page-data.ts';
import { qualitySection } from './sections/data-quality.ts';
import { imageFigures, pairFigure } from './sections/input-data.ts';

/** A photo as the pages beside dataset and input show it: without a score. */
export type PagePhoto = {
  image_id: number;
  timestamp: number;
  filename: string;
  value: number | null;
};

type Sources = {
  run: Run;
  photos: readonly PagePhoto[];
  /** Pairs with a decision. */
  judgments: readonly Judgment[];
  photoBase: string;
  /** Split of a photo, where photos have one. */
  splitOf?: (photo: PagePhoto) => ImageSplit;
};

/** A page to look at holds no more photos than this, evenly drawn, and those of all pairs and findings; the files hold all. */
const MOST_PHOTOS = 30_000;
const MOST_VALUES = 20_000;

/**
 * Photos, observed values and annotation pairs of a dataset on one page, to check data before trusting a model: the plots
 * of upstream's dataset step (contract 5.1).
 *
 * @param script what draws the charts, `browser/script.ts`
 */
export function datasetPage(
  {
    dataset,
    exported,
    series,
    checks,
    ...sources
  }: Sources & {
    dataset: Dataset;
    exported: StationExport;
    series: ObservedSeries;
    checks: readonly CheckResult[];
  },
  script: string,
): string {
  const { run } = sources;
  const variable = variableWords(run.parameters.variable_code);
  const withValues = dataset.images_with_value > 0;
  const clock = stationClock(run.station.timezone);
  const noted = notedPhotos(checks, clock.wallMs);
  const data = { ...pageData('dataset', sources, undefined, noted.imageIds), noted };
  const figures: Figure[] = [
    { id: 'images-per-day', title: 'Images', caption: 'Photos of each day, station time.' },
    ...(dataset.values > 0
      ? [
          {
            id: 'observed-values',
            title: `Observed ${variable.label}`,
            caption: `All observed values of the period as a line, and those that photos take from them as points: ${formatCount(dataset.images_with_value)} of ${formatCount(dataset.images)} photos have a value within ${run.parameters.max_gap_minutes} minutes.`,
          },
        ]
      : []),
  ];
  const pairFigures: Figure[] = [pairFigure(variable, withValues), ...(withValues ? [differenceFigure] : [])];
  return pageText(
    {
      title: `${run.station.name} · ${run.dataset_code} · FPE Rank Dataset`,
      header: header(run, 'FPE Rank Dataset', run.dataset_code, [
        ['Images', formatCount(dataset.images)],
        ['With Value', formatCount(dataset.images_with_value)],
        [
          'Values',
          `${formatCount(dataset.values)}${dataset.value_source ? ` (${dataset.value_source})` : ''}`,
        ],
        ['Annotation pairs', formatCount(dataset.pairs)],
      ]),
      sections: [
        {
          id: 'photos',
          title: 'Images and observed values',
          content: html`${figuresMarkup(figures)}${missing(dataset, variable.label)}`,
        },
        { id: 'pairs', title: 'Annotation pairs', content: figuresMarkup(pairFigures, figures.length + 1) },
        qualitySection(checks, exclusionRemarks(exported, dataset.value_source === 'FPE')),
      ],
      hasSplits: false,
      data: { ...data, observed: wallSeries(run, series) },
    },
    script,
  );
}

/** What the model is trained on, on one page: the plots of upstream's input step (contract 5.2). */
export function inputPage(
  { split, pairSplits, ...sources }: Sources & { split: Split; pairSplits: readonly boolean[] },
  script: string,
): string {
  const { run, photos } = sources;
  const variable = variableWords(run.parameters.variable_code);
  const withValues = photos.some(({ value }) => value !== null);
  const [timeseries, ...distributions] = imageFigures(variable, withValues) as [Figure, ...Figure[]];
  const images: Figure[] = [
    timeseries,
    {
      id: 'images-months',
      title: 'Images by Month',
      caption: 'Photos of each month of the year, station time, by split.',
    },
    ...distributions,
  ];
  const pairs = [pairFigure(variable, withValues), ...(withValues ? [differenceFigure] : [])];
  const sections: Section[] = [
    { id: 'photos', title: 'Images', content: figuresMarkup(images) },
    { id: 'pairs', title: 'Annotation pairs', content: figuresMarkup(pairs, images.length + 1) },
  ];
  return pageText(
    {
      title: `${run.station.name} · ${run.model_code} · FPE Rank Model Input`,
      header: header(run, 'FPE Rank Model Input', run.model_code, [
        ['Images', formatCount(split.images)],
        ...SPLIT_GROUPS.filter(({ splits }) => splits.length === 1).map(
          ({ label, splits }): [string, string] => [label, formatCount(split.image_splits[splits[0]])],
        ),
        ['Train Pairs', formatCount(split.pair_splits.train)],
        ['Val Pairs', formatCount(split.pair_splits.val)],
        ['Divided by', `${split.method}, ${formatCount(split.leaked_images)} photos leaked`],
      ]),
      sections,
      hasSplits: true,
      data: pageData('input', sources, pairSplits),
    },
    script,
  );
}

const differenceFigure: Figure = {
  id: 'pair-differences',
  title: 'Annotation Pairs by Difference of Observed Values',
  caption:
    'How far apart the observed values of both photos are, against their mean. Near the dashed line annotators had little to see.',
};

const header = (
  run: Run,
  over: string,
  code: string,
  facts: readonly [string, string][],
): Html => html`<header>
<p class="over">${over}</p>
${stationHeading(run.station)}
<p class="lead">${code}</p>
<div class="facts"><section><dl>${[...facts, ['Time zone', run.station.timezone]].map(
  ([term, text]) => html`<div><dt>${term as string}</dt><dd>${text as string}</dd></div>`,
)}</dl></section></div>
</header>`;

const missing = (dataset: Dataset, label: string): Html =>
  html`${dataset.values > 0 ? [] : [html`<p class="notice">The station has no observed values of ${label} for the time of its photos.</p>`]}`;

function pageData(
  kind: 'dataset' | 'input',
  { run, photos, judgments, photoBase, splitOf = () => 'test-in' }: Sources,
  isTrain?: readonly boolean[],
  alsoShown: Iterable<number> = [],
): PageData {
  const wanted = new Set(alsoShown);
  for (const row of judgments) wanted.add(row['left.imageId']).add(row['right.imageId']);
  const step = Math.ceil(photos.length / MOST_PHOTOS);
  const shown =
    step <= 1 ? photos : photos.filter(({ image_id }, index) => index % step === 0 || wanted.has(image_id));
  const clock = stationClock(run.station.timezone);
  const named: NamedPhotos = {
    timestamps: Float64Array.from(shown, ({ timestamp }) => clock.wallMs(timestamp)),
    values: Float64Array.from(shown, ({ value }) => value ?? Number.NaN),
    scores: new Float64Array(shown.length).fill(Number.NaN),
    splits: shown.map((photo) => splitOf(photo)),
    imageIds: Uint32Array.from(shown, ({ image_id }) => image_id),
    keys: shown.map(({ filename }) => filename),
  };
  const splits = judgments.map((_, index) => ({
    pair: index + 1,
    split: isTrain?.[index] === false ? 'val' : 'train',
  }));
  return {
    kind,
    station: shownStation(run.station),
    code: kind === 'dataset' ? run.dataset_code : run.model_code,
    variable: variableWords(run.parameters.variable_code),
    timezone: run.station.timezone,
    seed: run.parameters.seed,
    resamples: 0,
    photoBase,
    photos: named,
    pairs: judgedPairs(judgments, splits, named.imageIds),
    epochs: [],
    learningCurve: NO_CURVE,
    strata: null,
    previous: null,
    observed: null,
    noted: NO_PHOTOS,
  };
}

/** Of a long series the extremes of short spans, so that no flood is lost. */
function wallSeries(run: Run, { timestamps, values }: ObservedSeries): ObservedSeries {
  const clock = stationClock(run.station.timezone);
  const rows = envelope([...timestamps.keys()], values, MOST_VALUES / 2);
  return {
    timestamps: Float64Array.from(rows, (row) => clock.wallMs(timestamps[row] as number)),
    values: Float64Array.from(rows, (row) => values[row] as number),
  };
}
