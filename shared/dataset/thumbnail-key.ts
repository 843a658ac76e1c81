/** S3 key of the 400-pixel copy that the website's upload makes of every photo (contract 1.4); the key itself elsewhere. */
export const thumbnailKey = (key: string): string =>
  key.replace(/^(imagesets\/[^/]+\/)images\//s, '$1thumbs/');
