import { wallTime } from './descriptions.ts';
import { element, photoImage } from './elements.ts';
import { photoAddress } from './photo-address.ts';
import type { Origin } from './photo-panel.ts';
import { middleOf } from './places.ts';
import type { View } from './view.ts';

/** Puts the photos of each finding below the caption of its example. */
export function showNotedPhotos(view: View, open: (row: number, origin: Origin) => void): void {
  const { noted, photoBase } = view.page;
  const rows = new Map(Array.from(view.photos.imageIds, (id, row) => [id, row]));
  for (const place of document.querySelectorAll<HTMLElement>('[data-example]')) {
    const example = Number(place.dataset.example);
    const found = [...noted.examples.keys()].filter((index) => noted.examples[index] === example);
    const shown = found.flatMap((index) => rows.get(noted.imageIds[index] as number) ?? []);
    const among = { rows: shown, name: 'photos of this finding' };
    place.replaceChildren(
      ...found.map((index) => {
        const time = wallTime(noted.timestamps[index] as number);
        const key = noted.keys[index] as string;
        const content = [photoImage(photoBase, key, `Photo of ${time}`), element('b', {}, time)];
        const row = rows.get(noted.imageIds[index] as number);
        return row === undefined
          ? // Not among the photos of this page, as the filters of the input leave it out.
            element(
              'a',
              { class: 'card', href: photoAddress(photoBase, key), target: '_blank', rel: 'noopener' },
              ...content,
            )
          : element(
              'button',
              {
                type: 'button',
                class: 'card',
                onclick: (event) => open(row, { at: middleOf(event.currentTarget as Element), among }),
              },
              ...content,
            );
      }),
    );
  }
}
