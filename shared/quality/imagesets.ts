import type { NotedPhoto } from './finding.ts';

/** A photo of the dataset as the checks take it. */
export type DatasetPhoto = NotedPhoto & { imageset_id: number };

/** Photos of each imageset, in the order that they come in. */
export function photosByImageset(photos: readonly DatasetPhoto[]): Map<number, DatasetPhoto[]> {
  return Map.groupBy(photos, ({ imageset_id }) => imageset_id);
}
