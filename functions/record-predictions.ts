import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { CSV_TYPE, listObjects, writeJson } from '../shared/aws/object-store.ts';
import { ModelReplaced } from '../shared/errors.ts';
import {
  type ScoredUntil,
  type ScoringRun,
  scoringRun,
  selection,
} from '../shared/execution/score-station-state.ts';
import { s3Uri } from '../shared/formats/object-location.ts';
import { hasFixedPlaces } from '../shared/model-bucket/model-files.ts';
import { renewManifest } from '../shared/model-bucket/model-publication.ts';
import { recordExtendedPhotos } from '../shared/model-bucket/people-record.ts';
import { type Copy, replaceTogether } from '../shared/model-bucket/publication.ts';
import { finishClaim, holdsClaim, renewClaim } from '../shared/model-bucket/run-claim.ts';

/**
 * Records what is published: the model's own predictions, from which an execution knows what is scored, those at the places that
 * FPE's tools read, and the time up to which photos were examined. Until then, the next execution scores the same photos again,
 * which does no harm.
 */
export const handler = lambdaHandler(
  z.object({ run: scoringRun, selection }),
  async ({ run, selection: { work, snapshot_at } }): Promise<void> => {
    if (work === 'score' || work === 'correct') {
      await recordExtendedPhotos(run);
      await replaceOwn(run);
      await replaceAtFixedPlaces(run);
    }
    const scored: ScoredUntil = { snapshot_at, execution_arn: run.execution_arn };
    await writeJson({ bucket: run.buckets.model, key: run.keys.version.scored }, scored);
    // SelectPhotos claims the model if something is new, and may find only then that none of it can be scored.
    if (work !== 'nothing' || (await holdsClaim(run, run.keys.claim))) await finishClaim(run, run.keys.claim);
  },
);

const copyOf = (run: ScoringRun, from: string, to: string): Copy => ({
  from: { bucket: run.buckets.model, key: from },
  to: { bucket: run.buckets.model, key: to },
  contentType: CSV_TYPE,
});

async function replaceOwn(run: ScoringRun): Promise<void> {
  const { extended, version } = run.keys;
  const copies = [copyOf(run, extended.predictions, version.predictions)];
  const written = await replaceTogether(copies, run.id, () => renewClaim(run, run.keys.claim));
  await renewManifest({ bucket: run.buckets.model, key: version.manifest }, written, run.model_uuid);
}

/**
 * Copies them to where FPE's tools read them, if these places belong to this model: a training with the same code may take them
 * over.
 */
async function replaceAtFixedPlaces(run: ScoringRun): Promise<void> {
  const { extended, fixed } = run.keys;
  const copies = [copyOf(run, extended.predictions, fixed.predictions)];
  for await (const { key } of listObjects(run.buckets.model, `${extended.imagesets}/`))
    copies.push(copyOf(run, key, fixed.imagesets + key.slice(extended.imagesets.length)));
  try {
    const written = await replaceTogether(copies, run.id, () => proveFixedPlaces(run));
    await renewManifest({ bucket: run.buckets.model, key: run.keys.manifest }, written, run.model_uuid);
  } catch (error) {
    if (!(error instanceof ModelReplaced)) throw error;
  }
}

/**
 * Called after reading the ETags of what is replaced: a run that takes over the places claims them before it writes there.
 * @throws ModelReplaced
 */
async function proveFixedPlaces(run: ScoringRun): Promise<void> {
  await renewClaim(run, run.keys.claim);
  if (await hasFixedPlaces(run)) return;
  throw new ModelReplaced({
    what: 'The fixed places of the code are another model’s by now',
    where: s3Uri({ bucket: run.buckets.model, key: run.keys.manifest }),
    found: 'the manifest of that model',
    expected: `the manifest of ${run.model_uuid}`,
    fix: 'nothing: the files there are that model’s own',
  });
}
