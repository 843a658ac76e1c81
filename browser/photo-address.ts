import { thumbnailKey } from '../shared/dataset/thumbnail-key.ts';

/** Address of a photo; only here is a key percent-encoded, as S3 reads it from a URL (Q-D11). */
export const photoAddress = (base: string, key: string): string =>
  base + key.split('/').map(encodeURIComponent).join('/');

/** What to show first of a photo: its small copy, or, where the upload made none, the photo itself. */
export const smallestFirst = (key: string): string[] => [...new Set([thumbnailKey(key), key])];
