import type { Choice } from '../shared/predictions/pair-accuracy.ts';
import { probabilityOfMore } from '../shared/predictions/pair-accuracy.ts';
import { intervalFacts, photoFacts, splitLabel, wallTime } from './descriptions.ts';
import { element, photoImage } from './elements.ts';
import type { Place } from './places.ts';
import type { View } from './view.ts';

/** From where a photo is opened. */
export type Origin = {
  /** What was clicked, which stays in sight. */
  at?: Place;
  /** The photos among which it stands there; all of the run, in time, unless given. */
  among?: { rows: readonly number[]; name: string };
};

/** Below this, the panel lies above or below what was clicked rather than beside it, pixels; also in the style sheet. */
const NARROW = 640;

/** What an annotator said of a photo and its other side. */
const verdict = (choice: Choice, isLeft: boolean): string =>
  choice === 0 ? 'as much as' : choice === (isLeft ? 1 : -1) ? 'more than' : 'less than';

/** The photo behind a point, beside the page: its numbers, its neighbors in time, its annotation pairs. */
export class PhotoPanel {
  private readonly view: View;
  private readonly panel: HTMLElement;
  private readonly pairsOf: Map<number, number[]>;
  private row = 0;
  private among: Origin['among'];
  private opener: Element | null = null;

  constructor(view: View, panel: HTMLElement) {
    this.view = view;
    this.panel = panel;
    this.pairsOf = pairsByPhoto(view);
    document.addEventListener('keydown', (event) => {
      if (panel.hidden || (event.target as HTMLElement).closest?.('input, textarea')) return;
      if (event.key === 'Escape') this.close();
      else if (event.key === 'ArrowLeft') this.show(this.neighbor(-1));
      else if (event.key === 'ArrowRight') this.show(this.neighbor(1));
      else return;
      event.preventDefault();
    });
  }

  open(row: number, { at, among }: Origin = {}): void {
    if (this.panel.hidden) this.opener = document.activeElement;
    this.among = among;
    this.panel.dataset.side = sideAwayFrom(at);
    this.panel.hidden = false;
    this.show(row);
    this.panel.focus({ preventScroll: true });
  }

  close(): void {
    this.panel.hidden = true;
    // Another period may have taken the card away that the photo was opened from.
    const opener = this.opener?.isConnected ? this.opener : document.querySelector('[name="browse"]');
    (opener as HTMLElement | null)?.focus?.({ preventScroll: true });
  }

  /**
   * The next photo, or the one before, where the reader comes from; rows are in time, so the neighbors in the file are those in
   * time.
   *
   * @returns −1 or the number of photos where there is none
   */
  private neighbor(by: number): number {
    const { rows } = this.among ?? {};
    if (!rows) return this.row + by;
    return rows[rows.indexOf(this.row) + by] ?? -1;
  }

  private show(row: number): void {
    const { photos, page } = this.view;
    if (row < 0 || row >= photos.keys.length) return;
    this.row = row;
    const focused = this.panel.contains(document.activeElement) ? document.activeElement?.textContent : null;
    const key = photos.keys[row] as string;
    const time = wallTime(photos.timestamps[row] as number);
    const image = element('div', { class: 'view' }, photoImage(page.photoBase, key, `Photo of ${time}`));
    const full = element(
      'button',
      {
        type: 'button',
        onclick: () => {
          image.replaceChildren(photoImage(page.photoBase, key, `Photo of ${time}, full size`, 'full'));
          full.disabled = true;
          this.panel.focus({ preventScroll: true });
        },
      },
      'Full size',
    );
    this.panel.replaceChildren(
      element(
        'header',
        {},
        element('h2', {}, time),
        element(
          'button',
          { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => this.close() },
          '×',
        ),
      ),
      image,
      element(
        'div',
        { class: 'buttons' },
        this.step('← Previous', this.neighbor(-1)),
        full,
        this.step('Next →', this.neighbor(1)),
      ),
      ...this.whereabouts(),
      element(
        'dl',
        {},
        ...[...photoFacts(this.view, row), ...intervalFacts(this.view, row)]
          .slice(1)
          .map(([term, text]) => element('div', {}, element('dt', {}, term), element('dd', {}, text))),
      ),
      element(
        'p',
        { class: 'key' },
        element('code', {}, key),
        ` · image ${photos.imageIds[row]} · ${page.timezone}`,
      ),
      this.pairs(row),
    );
    if (typeof focused === 'string') this.focusAgain(focused);
  }

  /** On the button that is the same for the next photo, so that it can be pressed again; on the panel if it is none. */
  private focusAgain(label: string): void {
    const same = [...this.panel.querySelectorAll('button')].find(
      ({ textContent, disabled }) => textContent === label && !disabled,
    );
    (same ?? this.panel).focus({ preventScroll: true });
  }

  private step(label: string, row: number): HTMLButtonElement {
    const button = element('button', { type: 'button', onclick: () => this.show(row) }, label);
    button.disabled = row < 0 || row >= this.view.photos.keys.length;
    return button;
  }

  /** The other photo of a pair, be it in the gallery or not: from there on, neighbors are those in time. */
  private leaveFor(row: number): void {
    if (!this.among?.rows.includes(row)) this.among = undefined;
    this.show(row);
  }

  private whereabouts(): HTMLElement[] {
    if (!this.among) return [];
    const { rows, name } = this.among;
    return [element('p', { class: 'note' }, `${rows.indexOf(this.row) + 1} of ${rows.length}: ${name}`)];
  }

  private pairs(row: number): HTMLElement {
    const { page, photos } = this.view;
    const { left, right, choices, annotators, splits } = page.pairs;
    const found = this.pairsOf.get(row) ?? [];
    if (found.length === 0) return element('p', { class: 'note' }, 'In no annotation pair.');
    const items = found.map((pair) => {
      const isLeft = left[pair] === row;
      const other = (isLeft ? right[pair] : left[pair]) as number;
      const probability = probabilityOfMore(photos.scores[row] as number, photos.scores[other] as number);
      const model = Number.isNaN(probability)
        ? ''
        : ` Model: ${(100 * probability).toFixed(0)} % likely more.`;
      const split = page.kind === 'dataset' ? '' : `, ${splitLabel(splits[pair] === 0 ? 'train' : 'val')}`;
      return element(
        'li',
        {},
        element(
          'button',
          { type: 'button', class: 'pair', onclick: () => this.leaveFor(other) },
          photoImage(page.photoBase, photos.keys[other] as string, ''),
          element(
            'span',
            {},
            `Shows ${verdict(choices[pair] as Choice, isLeft)} ${wallTime(photos.timestamps[other] as number)} (annotator ${annotators[pair]}${split}).${model}`,
          ),
        ),
      );
    });
    return element(
      'section',
      { class: 'pairs' },
      element('h3', {}, `In ${found.length} annotation ${found.length === 1 ? 'pair' : 'pairs'}`),
      element('ul', {}, ...items),
    );
  }
}

/** The half of the window in which what was clicked is not. */
function sideAwayFrom(at: Place | undefined): string {
  if (window.innerWidth < NARROW) return at && at.y > window.innerHeight / 2 ? 'top' : 'bottom';
  return at && at.x > window.innerWidth / 2 ? 'left' : 'right';
}

function pairsByPhoto({ page: { pairs } }: View): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let pair = 0; pair < pairs.left.length; pair++)
    for (const row of [pairs.left[pair] as number, pairs.right[pair] as number]) {
      const known = found.get(row);
      if (known) known.push(pair);
      else found.set(row, [pair]);
    }
  return found;
}
