import { photoFacts } from '../descriptions.ts';
import type { Place } from '../places.ts';
import type { About } from '../sheet.ts';
import type { View } from '../view.ts';

/** What a page does with a photo that somebody wants to see. */
export type Actions = { openPhoto(row: number, at: Place): void };

export const aboutPhotos = (view: View, { openPhoto }: Actions): About => ({
  describe: (row) => photoFacts(view, row),
  open: openPhoto,
});
