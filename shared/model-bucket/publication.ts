import pMap from 'p-map';
import { copyConditionally, findVersion, listObjects } from '../aws/object-store.ts';
import { ClaimLost, ObjectChanged } from '../errors.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';

/** Copies within S3 take a round trip each. */
const COPIES_AT_ONCE = 20;
/** Another attempt of the same state may write at the same time, but not a third one. */
const MAX_TRIES = 3;

export type Copy = { from: ObjectLocation; to: ObjectLocation; contentType: string };

/** An object as it was written: `etag` shows whether it is unchanged. */
export type WrittenFile = { bucket: string; key: string; etag: string };

/**
 * Copies files to places that other executions write to as well, under a claim.
 *
 * Their ETags are read first, then the claim is proved, then each file is replaced only if it still has that ETag: an execution
 * that has taken over the claim writes after the proof, so a straggler never overwrites what the new owner wrote.
 *
 * @param prove throws ClaimLost when this execution no longer holds the claim
 * @throws ClaimLost
 */
export async function replaceTogether(
  copies: readonly Copy[],
  runId: string,
  prove: () => Promise<void>,
): Promise<WrittenFile[]> {
  for (let attempt = 1; ; attempt++) {
    const expected = await findVersions(copies.map(({ to }) => to));
    await prove();
    try {
      return await pMap(
        copies,
        async ({ from, to, contentType }, index) => ({
          ...to,
          etag: await copyConditionally(from, to, contentType, { expected: expected[index] ?? null, runId }),
        }),
        { concurrency: COPIES_AT_ONCE },
      );
    } catch (error) {
      if (!(error instanceof ObjectChanged)) throw error;
      if (attempt === MAX_TRIES) throw contested(copies, error);
    }
  }
}

/** Files in one folder are listed, which takes one request, unless others fill that folder, too. */
const LISTED = /^(models\/|rank\/\d+\/models\/[^/]+\/versions\/)[^/]+\//;

async function findVersions(places: readonly ObjectLocation[]): Promise<(string | null)[]> {
  const folders = new Map(
    places.flatMap(({ bucket, key }) => {
      const [folder] = LISTED.exec(key) ?? [];
      return folder ? [[folder, bucket] as const] : [];
    }),
  );
  const found = new Map<string, string>();
  for (const [folder, bucket] of folders)
    for await (const { key, etag } of listObjects(bucket, folder)) found.set(key, etag);
  return pMap(
    places,
    (place) => (LISTED.test(place.key) ? (found.get(place.key) ?? null) : findVersion(place)),
    { concurrency: COPIES_AT_ONCE },
  );
}

const contested = (copies: readonly Copy[], cause: unknown): ClaimLost =>
  new ClaimLost(
    {
      what: 'Something else keeps writing to the files that are to be published',
      where: s3Uri((copies[0] as Copy).to),
      found: (cause as Error).message,
      expected: 'only the holder of the claim writes there',
      fix: 'look for another writer of that folder, then redrive the execution',
    },
    { cause },
  );
