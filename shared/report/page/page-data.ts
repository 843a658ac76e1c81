import type { ObservedSeries } from '../../dataset/observations.ts';
import type { Station } from '../../execution/run.ts';
import { IMAGE_SPLITS, type ImageSplit } from '../../model-input/image-split.ts';
import type { JudgedPairs } from '../../predictions/pair-accuracy.ts';
import type { NamedPhotos } from '../../predictions/scored-photos.ts';
import type { VariableWords } from '../../variables.ts';
import type { PreviousModel } from '../data/comparison.ts';
import type { EpochLoss } from '../data/epochs.ts';
import { type LearningCurve, NO_CURVE } from '../data/learning-curve.ts';
import { NO_PHOTOS, type NotedPhotos } from '../data/noted-photos.ts';
import type { ByGroup } from '../data/split-groups.ts';
import type { Strata } from '../data/strata.ts';
import {
  type Columns,
  type NumberColumn,
  narrowed,
  packColumns,
  secondSteps,
  sumSeconds,
  unpackColumns,
} from './columns.ts';

export type ShownStation = Pick<Station, 'id' | 'name' | 'synthetic'>;

export const shownStation = ({ id, name, synthetic }: Station): ShownStation => ({ id, name, synthetic });

/** What a page carries for its charts. Instants are wall-clock times at the station, so the browser needs no zone. */
export type PageData = {
  /** The report, or one of the pages beside the dataset and the input: those have no scores. */
  kind: 'report' | 'dataset' | 'input';
  /** What it is about: what is saved of the page says so wherever it goes. */
  station: ShownStation;
  /** Code of the model or, on the page of a dataset, of that. */
  code: string;
  variable: VariableWords;
  timezone: string;
  /** Of the bootstrap. */
  seed: number;
  resamples: number;
  /** Address below which a browser finds photos by key, with a slash at its end. */
  photoBase: string;
  /** `timestamps` are wall-clock milliseconds; splits are those of the run, and mean nothing in a dataset. */
  photos: NamedPhotos;
  pairs: JudgedPairs;
  epochs: EpochLoss[];
  learningCurve: LearningCurve;
  /** Taus of the whole run with their intervals, which would take a browser seconds; null where there are no scores. */
  strata: ByGroup<Strata> | null;
  previous: PreviousModel | null;
  /** Observed values themselves, where the page shows them besides those of photos. */
  observed: ObservedSeries | null;
  /** Photos of the findings on the data, be they among `photos` or not. */
  noted: NotedPhotos;
};

type Head = Pick<
  PageData,
  | 'kind'
  | 'station'
  | 'code'
  | 'variable'
  | 'timezone'
  | 'seed'
  | 'resamples'
  | 'photoBase'
  | 'epochs'
  | 'strata'
  | 'learningCurve'
> & { previous: string | null };

export function packPage(page: PageData): Uint8Array<ArrayBuffer> {
  const {
    kind,
    station,
    code,
    variable,
    timezone,
    seed,
    resamples,
    photoBase,
    epochs,
    learningCurve,
    strata,
    photos,
    pairs,
    previous,
    observed,
    noted,
  } = page;
  const head: Head = {
    kind,
    station,
    code,
    variable,
    timezone,
    seed,
    resamples,
    photoBase,
    epochs,
    learningCurve,
    strata,
    previous: previous?.model_code ?? null,
  };
  return packColumns(head, {
    wall: secondSteps(photos.timestamps),
    values: narrowed(photos.values),
    scores: narrowed(photos.scores),
    splits: Uint8Array.from(photos.splits, (split) => IMAGE_SPLITS.indexOf(split)),
    imageIds: photos.imageIds,
    keys: photos.keys,
    left: pairs.left,
    right: pairs.right,
    choices: pairs.choices,
    pairSplits: pairs.splits,
    annotators: pairs.annotators,
    notedExamples: noted.examples,
    notedWall: secondSteps(noted.timestamps),
    notedIds: noted.imageIds,
    notedKeys: noted.keys,
    ...(previous && { previousScores: narrowed(previous.scores), previousWasTest: previous.wasTest }),
    ...(observed && {
      observedWall: secondSteps(observed.timestamps),
      observedValues: narrowed(observed.values),
    }),
  });
}

export function unpackPage(block: Uint8Array<ArrayBuffer>): PageData {
  const { head, columns } = unpackColumns(block) as { head: Head; columns: Columns };
  return {
    ...head,
    // Reports of earlier versions do not tell.
    station: { ...head.station, synthetic: head.station.synthetic ?? false },
    // Reports of earlier versions have none.
    strata: head.strata ?? null,
    learningCurve: head.learningCurve ?? NO_CURVE,
    photos: {
      timestamps: sumSeconds(columns.wall as Int32Array | Float64Array),
      values: widened(columns.values),
      scores: widened(columns.scores),
      splits: Array.from(columns.splits as Uint8Array, (split) => IMAGE_SPLITS[split] as ImageSplit),
      imageIds: columns.imageIds as Uint32Array,
      keys: columns.keys as string[],
    },
    pairs: {
      left: columns.left as Uint32Array,
      right: columns.right as Uint32Array,
      choices: columns.choices as Int8Array,
      splits: columns.pairSplits as Uint8Array,
      annotators: columns.annotators as Uint16Array,
    },
    previous:
      head.previous === null
        ? null
        : {
            model_code: head.previous,
            scores: widened(columns.previousScores),
            wasTest: columns.previousWasTest as Uint8Array,
          },
    observed: columns.observedWall
      ? {
          timestamps: sumSeconds(columns.observedWall as Int32Array | Float64Array),
          values: widened(columns.observedValues),
        }
      : null,
    // Reports of earlier versions have none, and photos may have to leave them.
    noted: columns.notedExamples
      ? {
          examples: columns.notedExamples as Uint32Array,
          timestamps: sumSeconds(columns.notedWall as Int32Array | Float64Array),
          imageIds: columns.notedIds as Uint32Array,
          keys: columns.notedKeys as string[],
        }
      : NO_PHOTOS,
  };
}

const widened = (column: Columns[string] | undefined): Float64Array =>
  Float64Array.from(column as NumberColumn);
