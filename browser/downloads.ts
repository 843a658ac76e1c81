import { element } from './elements.ts';

type Contents = {
  /** Of the file, without its ending. */
  fileName(): string;
  picture(): HTMLCanvasElement;
  /** What it is drawn from, as CSV. */
  data(): string;
};

/** A browser has taken a file long before this. */
const TAKEN_MS = 60_000;

/** Buttons below a figure that save it, and its data. */
export function downloadButtons({ fileName, picture, data }: Contents): HTMLElement {
  const button = (label: string, format: string, onclick: () => void) =>
    element(
      'button',
      { type: 'button', 'aria-label': `${label} of this figure as ${format}`, onclick },
      format,
    );
  return element(
    'div',
    { class: 'downloads' },
    button('Picture', 'PNG', () => picture().toBlob((blob) => blob && save(blob, `${fileName()}.png`))),
    button('Data', 'CSV', () => save(new Blob([data()], { type: 'text/csv' }), `${fileName()}.csv`)),
  );
}

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  element('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), TAKEN_MS);
}
