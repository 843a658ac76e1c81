/** The key that a row names, according to `findImageKey` (shared/dataset/photo-key.ts). */
export const keySql = (s3: string, url: string): string =>
  `coalesce(${s3}->>'Key', substring(${url} FROM '^[a-z]+://[^/]+/(.+)$'))`;

/** Whether a row `i` of images shows people or vehicles. */
export const HAS_PII = 'image_has_pii(i.pii_person, i.pii_vehicle, i.pii_on, i.pii_off)';
