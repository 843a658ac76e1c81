import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { placeOf, scoringRun, selection, type Withdrawn } from '../shared/execution/score-station-state.ts';
import { renewClaim } from '../shared/model-bucket/run-claim.ts';
import { requireFewRemovals } from '../shared/predictions/photo-selection.ts';
import { withdrawFromStation } from '../shared/station-models/withdrawal.ts';

const event = z.object({
  run: scoringRun,
  selection: selection.pick({ vanished: true, outside: true, known: true }),
});

/**
 * Takes photos that show people, or have vanished, out of everything that the public may read of the station's models, also of
 * those that a model of today has replaced. It comes before the scoring, so that no failure of that keeps a photo public; the list
 * is cleared when all is done.
 *
 * @throws TooManyRemovals, after the work, where more photos have vanished than may
 */
export const handler = lambdaHandler(event, async ({ run, selection }): Promise<Withdrawn> => {
  await renewClaim(run, run.keys.claim);
  const withdrawn = await withdrawFromStation(run, [run.model_code]);
  requireFewRemovals(selection, run.parameters.allow_removals, placeOf(run));
  return withdrawn;
});
