import { element } from './elements.ts';

type Contents = {
  /** Of the file, without its ending. */
  fileName(): string;
  /** Why there is nothing to save; empty if there is something. */
  whyNothing(): string;
  picture(): HTMLCanvasElement;
  /** The figure as SVG. */
  drawing(): string;
  /** What it is drawn from, as CSV. */
  data(): string;
};

/** A browser has taken a file long before this. */
const TAKEN_MS = 60_000;

/** Buttons below a figure that save it, and its data; of one that has nothing to show they say so instead. */
export function downloadButtons({ fileName, whyNothing, picture, drawing, data }: Contents): {
  place: HTMLElement;
  /** Takes back what was said of a figure that is another now. */
  unsay(): void;
} {
  const said = element('output');
  const button = (label: string, format: string, save: () => void) =>
    element(
      'button',
      {
        type: 'button',
        'aria-label': `${label} of this figure as ${format}`,
        onclick: () => {
          const why = whyNothing();
          said.value = why && `Not saved. ${why}`;
          if (why === '') save();
        },
      },
      format,
    );
  const saveText = (text: string, type: string, ending: string) =>
    saveBlob(new Blob([text], { type }), `${fileName()}.${ending}`);
  const place = element(
    'div',
    { class: 'downloads' },
    button('Picture', 'PNG', () => picture().toBlob((blob) => blob && saveBlob(blob, `${fileName()}.png`))),
    button('Drawing', 'SVG', () => saveText(drawing(), 'image/svg+xml', 'svg')),
    button('Data', 'CSV', () => saveText(data(), 'text/csv', 'csv')),
    said,
  );
  return {
    place,
    unsay: () => {
      said.value = '';
    },
  };
}

function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  element('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), TAKEN_MS);
}
