/** Address of a photo; only here is a key percent-encoded, as S3 reads it from a URL (Q-D11). */
export const photoAddress = (base: string, key: string): string =>
  base + key.split('/').map(encodeURIComponent).join('/');

/** Key of the 400-pixel copy that the website's upload makes of every photo (contract 1.4). */
const thumbKey = (key: string): string => key.replace(/^(imagesets\/[^/]+\/)images\//s, '$1thumbs/');

/** What to show first of a photo: its small copy, or, where the upload made none, the photo itself. */
export const smallestFirst = (key: string): string[] => [...new Set([thumbKey(key), key])];
