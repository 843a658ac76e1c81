import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { hasFixedPlaces } from '../shared/aws/model-files.ts';
import { CSV_TYPE, listObjects, writeJson } from '../shared/aws/object-store.ts';
import { type Copy, replaceTogether } from '../shared/aws/publication.ts';
import { finishClaim, renewClaim } from '../shared/aws/run-claim.ts';
import { type ScoredUntil, type ScoringRun, scoringRun, selection } from '../shared/scoring-state.ts';

/**
 * Writes down what is published: the model's own predictions, by which an execution knows what is scored, those at the places that
 * FPE's tools read, and up to when photos were looked at. Until then the next execution scores the same photos again, which does
 * no harm.
 */
export const handler = lambdaHandler(
  z.object({ run: scoringRun, selection }),
  async ({ run, selection: { work, snapshot_at } }): Promise<void> => {
    if (work === 'score' || work === 'correct')
      await replaceTogether(await copiesOf(run), run.id, () => renewClaim(run, run.keys.claim));
    const scored: ScoredUntil = { snapshot_at, execution_arn: run.execution_arn };
    await writeJson({ bucket: run.buckets.model, key: run.keys.version.scored }, scored);
    // Where there was nothing to do, the claim is not held, or nobody keeps others out with it.
    if (work !== 'nothing') await finishClaim(run, run.keys.claim);
  },
);

async function copiesOf(run: ScoringRun): Promise<Copy[]> {
  const { extended, version, fixed } = run.keys;
  const copy = (from: string, to: string): Copy => ({
    from: { bucket: run.buckets.model, key: from },
    to: { bucket: run.buckets.model, key: to },
    contentType: CSV_TYPE,
  });
  const own = copy(extended.predictions, version.predictions);
  if (!(await hasFixedPlaces(run))) return [own];
  const copies = [own, copy(extended.predictions, fixed.predictions)];
  for await (const { key } of listObjects(run.buckets.model, `${extended.imagesets}/`))
    copies.push(copy(key, fixed.imagesets + key.slice(extended.imagesets.length)));
  return copies;
}
