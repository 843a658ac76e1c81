import { element } from './elements.ts';

type Contents = {
  picture(): HTMLCanvasElement;
  /** What it is drawn from, as CSV. */
  data(): string;
};

/** A browser has taken a file long before this. */
const TAKEN_MS = 60_000;

/** Buttons below a figure that save it, and its data, named after it. */
export function downloadButtons(id: string, { picture, data }: Contents): HTMLElement {
  const button = (label: string, format: string, onclick: () => void) =>
    element(
      'button',
      { type: 'button', 'aria-label': `${label} of this figure as ${format}`, onclick },
      format,
    );
  return element(
    'div',
    { class: 'downloads' },
    button('Picture', 'PNG', () => picture().toBlob((blob) => blob && save(blob, `${nameOf(id)}.png`))),
    button('Data', 'CSV', () => save(new Blob([data()], { type: 'text/csv' }), `${nameOf(id)}.csv`)),
  );
}

/** With what is selected, as the address says it: figures of two periods are told apart by their names alone. */
const nameOf = (id: string): string =>
  [
    id,
    ...location.hash
      .slice(1)
      .split('&')
      .filter((part) => part.includes('=')),
  ]
    .join('_')
    .replaceAll('=', '-')
    .replaceAll(/[^\w,.-]+/g, '');

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  element('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), TAKEN_MS);
}
