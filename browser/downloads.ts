import { element } from './elements.ts';

type Contents = {
  /** The figure as a data address of a PNG. */
  picture(): string;
  /** What it is drawn from, as CSV. */
  data(): string;
};

/** Buttons below a figure that save it, and its data, named after it. */
export function downloadButtons(id: string, { picture, data }: Contents): HTMLElement {
  const save = (address: string, name: string) => element('a', { href: address, download: name }).click();
  const button = (label: string, format: string, onclick: () => void) =>
    element(
      'button',
      { type: 'button', 'aria-label': `${label} of this figure as ${format}`, onclick },
      format,
    );
  return element(
    'div',
    { class: 'downloads' },
    button('Picture', 'PNG', () => save(picture(), `${id}.png`)),
    button('Data', 'CSV', () => {
      const address = URL.createObjectURL(new Blob([data()], { type: 'text/csv' }));
      save(address, `${id}.csv`);
      // The browser has taken it by the next turn.
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    }),
  );
}
