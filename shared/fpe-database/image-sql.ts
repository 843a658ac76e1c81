/** The key that a row names, according to `findImageKey` (shared/dataset/photo-key.ts). */
export const keySql = (s3: string, url: string): string =>
  `coalesce(${s3}->>'Key', substring(${url} FROM '^[a-z]+://[^/]+/(.+)$'))`;

/** Whether a row with the columns of images shows people or vehicles. @param row its name in the query */
export const hasPii = (row: string): string =>
  `image_has_pii(${row}.pii_person, ${row}.pii_vehicle, ${row}.pii_on, ${row}.pii_off)`;

/** The same of a row `i` of images. */
export const HAS_PII = hasPii('i');
