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
 * Removes photos that show people, or have disappeared, from everything that the public may read of the station's models,
 * including replaced ones. It comes before the scoring, so that a failure there does not keep a photo public; the list is cleared
 * when all is done.
 *
 * @throws TooManyRemovals, after the work, if more photos have disappeared than allowed
 */
export const handler = lambdaHandler(event, async ({ run, selection }): Promise<Withdrawn> => {
  await renewClaim(run, run.keys.claim);
  const withdrawn = await withdrawFromStation(run, [run.model_code]);
  requireFewRemovals(selection, run.parameters.allow_removals, placeOf(run));
  return withdrawn;
});
