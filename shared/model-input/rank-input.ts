import * as z from 'zod';
import type { Run, Split } from '../execution/train-station-state.ts';
import { optionsOf } from '../filters/filter.ts';
import { IMAGE_FILTERS } from '../filters/image-filters.ts';
import { PAIR_FILTERS } from '../filters/pair-filters.ts';
import { instantCell, numberCell, optionalNumberCell, optionalTextCell, textCell } from '../formats/csv.ts';
import type { StationClock } from '../formats/local-time.ts';
import { IMAGE_SPLITS } from './image-split.ts';
import { misreadWindows } from './model-windows.ts';

/** Columns of input/images.csv, of transform/images.csv and, before the score, of predictions.csv (contract 5.2, 5.4). */
export const INPUT_IMAGE_COLUMNS = ['split', 'image_id', 'timestamp', 'filename', 'url', 'value'] as const;
export const inputImage = z.object({
  split: z.enum(IMAGE_SPLITS),
  image_id: numberCell,
  timestamp: instantCell,
  filename: textCell,
  url: optionalTextCell,
  value: optionalNumberCell,
});

/**
 * Content of rank-input.json (contract 5.2). Scoring of imagesets reads min_hour, max_hour, min_month and max_month at
 * `args.options`, the report the rest; both reports show `notes`.
 *
 * @param periods first and last instant, milliseconds since 1970
 */
export function rankInput(
  run: Run,
  split: Split,
  clock: StationClock,
  periods: { images: [number, number]; pairs: [number, number] },
) {
  const { parameters, station } = run;
  const warnings = misreadWindows(parameters);
  const period = ([start, end]: [number, number]) => ({
    start: localInstant(clock, start),
    end: localInstant(clock, end),
  });
  return {
    model_code: run.model_code,
    dataset_code: run.dataset_code,
    variable_id: parameters.variable_code,
    annotation_variable: run.annotation_variable,
    station: { id: station.id, name: station.name },
    images: {
      n: split.images,
      ...period(periods.images),
      splits: split.image_splits,
      filtered: split.images_filtered,
    },
    pairs: {
      source: 'human',
      n: split.pairs,
      method: split.method,
      ...period(periods.pairs),
      splits: split.pair_splits,
      leaked_images: split.leaked_images,
      filtered: split.pairs_filtered,
    },
    args: {
      options: {
        help: false,
        directory: '.',
        station_id: station.id,
        variable_id: parameters.variable_code,
        annotation_variable: run.annotation_variable,
        dataset_code: run.dataset_code,
        train_frac: parameters.train_frac,
        seed: parameters.seed,
        // Upstream's options come in the order hours, months, dates; its filters the other way round.
        ...optionsOf(Object.values(IMAGE_FILTERS).toReversed(), parameters),
        ...optionsOf(Object.values(PAIR_FILTERS), parameters),
        overwrite: parameters.overwrite,
      },
      args: run.model_code,
    },
    created_at: localInstant(clock, Date.parse(run.started_at)),
    ...(warnings.length > 0 && { notes: warnings.join(' ') }),
  };
}

/** e.g. 2022-02-01T07:00:00-0500: station-local, offset without colon. */
const localInstant = (clock: StationClock, epochMs: number): string =>
  clock.iso(epochMs).replace(/:(\d\d)$/, '$1');
