import * as z from 'zod';
import { numberCell, optionalNumberCell, parseCsv, textCell } from '../shared/formats/csv.ts';
import { kendallTauB } from '../shared/statistics/kendall-tau.ts';

const truthRow = z.object({ image_id: numberCell, flow_cfs: numberCell, is_daytime: textCell });
const scoreRow = z.object({ image_id: numberCell, score: optionalNumberCell });

/**
 * Kendall tau of scores and the flow that the demo's photos were drawn with, over its daytime photos.
 *
 * @param predictions text of predictions.csv
 * @param truth text of truth.csv, as the demo station's generator writes it
 */
export function demoTruthTau(predictions: string, truth: string): { tau: number | null; photos: number } {
  const flows = new Map(
    parseCsv(truth, truthRow, 'truth.csv')
      .filter(({ is_daytime }) => is_daytime.toLowerCase() === 'true')
      .map(({ image_id, flow_cfs }) => [image_id, flow_cfs]),
  );
  const rows = parseCsv(predictions, scoreRow, 'predictions.csv').filter(
    ({ image_id, score }) => score !== null && flows.has(image_id),
  );
  const scores = Float64Array.from(rows, ({ score }) => score as number);
  const observed = Float64Array.from(rows, ({ image_id }) => flows.get(image_id) as number);
  return { tau: kendallTauB(scores, observed), photos: rows.length };
}
