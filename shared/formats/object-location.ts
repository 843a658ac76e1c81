import * as z from 'zod';

/** Where an object lives in S3. Keys are raw text: never percent-encoded or decoded (Q-D11). */
export const objectLocation = z.object({ bucket: z.string().min(1), key: z.string().min(1) });
export type ObjectLocation = z.output<typeof objectLocation>;

/** Locations of keys in one bucket. */
export const objectsIn =
  (bucket: string) =>
  (key: string): ObjectLocation => ({ bucket, key });

export const s3Uri = ({ bucket, key }: ObjectLocation): string => `s3://${bucket}/${key}`;

/** Regional virtual-hosted URL, as the web app expects in `models` (contract 9.1). */
export const regionalUrl = ({ bucket, key }: ObjectLocation, region: string): string =>
  `https://${bucket}.s3.${region}.amazonaws.com/${key}`;

/** The location that an s3:// URI names. */
export function objectOf(uri: string): ObjectLocation {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri) ?? [];
  return objectLocation.parse({ bucket, key });
}
