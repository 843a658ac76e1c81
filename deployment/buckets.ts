import type { Stage } from '../config/stage.ts';
import {
  type BucketEncryption,
  bucketEncryption,
  bucketPolicy,
  bucketRegion,
  isOpenToAnyone,
} from '../shared/aws/account.ts';
import { listObjects } from '../shared/aws/object-store.ts';
import type { PolicyStatement } from '../shared/aws/policy-document.ts';
import { modelKeys, passingPrefix } from '../shared/execution/keys.ts';
import { modelTypes } from '../shared/model-types/registry.ts';
import { refusals } from './bucket-policy.ts';
import { type Check, type CheckOutcome, checkThat, failed, ok, unknown, warning } from './check.ts';

/** Photos that are looked for before reporting that there are none. */
const KEYS_LOOKED_AT = 5_000;
/** The header by which upstream's scripts and FPE's website identify themselves. */
const WEBSITE = 'https://usgs.gov/';

/** Whether both buckets exist and allow what functions, jobs and the website write and read. */
export async function bucketChecks(stage: Stage, account: string): Promise<Check[]> {
  const buckets = [
    {
      name: 'Storage bucket',
      parameter: 'storageBucket',
      bucket: stage.storageBucket,
      isPublic: true,
      places: ['imagesets/1/images/1.jpg', 'annotations/1.json', 'models/1/predictions.csv'],
    },
    {
      name: 'Model bucket',
      parameter: 'modelBucket',
      bucket: stage.modelBucket,
      isPublic: false,
      places: [
        ...modelTypes().flatMap((type) => [
          modelKeys(type, 29, 'CODE').manifest,
          `${passingPrefix(type)}1/1`,
        ]),
        stage.weightsKey,
        'deploy/1/template.json',
      ],
    },
  ];
  const checks = await Promise.all(
    buckets.map(async (bucket) => {
      const there = await placeCheck(bucket, stage);
      // For a missing bucket, every other answer would be the same complaint.
      if (there.status === 'failed') return [there];
      const more = [encryptionCheck(bucket), policyCheck(bucket, account)];
      return [there, ...(await Promise.all(bucket.isPublic ? [...more, photoCheck(stage)] : more))];
    }),
  );
  return checks.flat();
}

type Bucket = { name: string; parameter: string; bucket: string; isPublic: boolean; places: string[] };

const placeCheck = ({ name, parameter, bucket }: Bucket, { region }: Stage): Promise<Check> =>
  checkThat(
    { name, needs: `a bucket in ${region}`, fix: `set ${parameter} to a bucket of this account` },
    async () => {
      const found = await bucketRegion(bucket);
      if (found === region) return ok(`${bucket} in ${found}`);
      return failed(
        `${bucket} is in ${found}`,
        `set region to ${found}: SageMaker reads buckets of its own region only`,
      );
    },
  );

const encryptionCheck = ({ name, bucket, isPublic }: Bucket): Promise<Check> =>
  checkThat(
    {
      name: `${name}, default encryption`,
      needs: isPublic
        ? 'keys of S3 (SSE-S3), as objects under a key of KMS are not given to the website'
        : 'keys of S3 (SSE-S3) or of AWS (aws/s3), as the roles have no right to a key of yours',
      fix: `make SSE-S3 the default encryption of ${bucket}, or ask the bucket’s owner to do so`,
      isForRuns: true,
    },
    async () => encryptionOutcome(await bucketEncryption(bucket), isPublic),
  );

/** @param isPublic whether a website reads what is written there */
export function encryptionOutcome(encryption: BucketEncryption, isPublic: boolean): CheckOutcome {
  const { algorithm, kmsKey } = encryption;
  if (algorithm === 'AES256') return ok('SSE-S3');
  const found = `${algorithm} with ${kmsKey ?? 'the key of AWS (aws/s3)'}`;
  if (isPublic || (kmsKey !== null && !kmsKey.endsWith('alias/aws/s3'))) return failed(found);
  return ok(found);
}

const policyCheck = ({ name, bucket, places }: Bucket, account: string): Promise<Check> =>
  checkThat(
    {
      name: `${name}, refusals in its policy`,
      needs:
        'no Deny that meets the functions, most of which are outside the VPC, SageMaker, or uploads without headers',
      fix: `except the roles of the stack in that statement of the policy of ${bucket}, for instance by aws:PrincipalArn`,
      isForRuns: true,
    },
    async () => policyFinding((await bucketPolicy(bucket)) ?? [], { account, bucket, places }),
  );

/** @param statements of the bucket's policy */
export function policyFinding(
  statements: readonly PolicyStatement[],
  asked: { account: string; bucket: string; places: readonly string[] },
): CheckOutcome {
  const { certain, possible } = refusals(statements, asked);
  if (certain.length > 0) return failed(certain.join('; '));
  if (possible.length > 0)
    return warning(
      `cannot be told from here: ${possible.join('; ')}`,
      'read these statements of the policy: do the roles of the stack fall under them?',
    );
  const denials = statements.filter(({ Effect }) => Effect === 'Deny').length;
  return ok(denials === 0 ? 'no Deny' : `${denials} Deny, of which none meets the stack`);
}

/** The pages of a model show photos by address, and a browser does not send a Referer of USGS with these requests. */
const photoCheck = ({ storageBucket: bucket }: Stage): Promise<Check> =>
  checkThat(
    {
      name: 'Photos by their address',
      needs: 'a photo that can be read without credentials and without a Referer, as reports load photos',
      fix: `let anyone read imagesets/*/images/* in the policy of ${bucket}; without it reports show their figures, and no photos`,
      isForRuns: true,
    },
    async () => {
      const key = await somePhoto(bucket);
      if (key === null)
        return unknown(`there is no photo in s3://${bucket}/imagesets/ yet`, 'import a station');
      const photo = { bucket, key };
      if (await isOpenToAnyone(photo)) return ok(`s3://${bucket}/${key}`);
      if (await isOpenToAnyone(photo, WEBSITE))
        return warning(`s3://${bucket}/${key} answers with the Referer ${WEBSITE} only`);
      return warning(`s3://${bucket}/${key} does not answer`);
    },
  );

async function somePhoto(bucket: string): Promise<string | null> {
  let looked = 0;
  for await (const { key, size } of listObjects(bucket, 'imagesets/')) {
    if (/\/images\/[^/]+$/.test(key) && size > 0) return key;
    looked += 1;
    if (looked >= KEYS_LOOKED_AT) break;
  }
  return null;
}
