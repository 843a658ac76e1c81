import { shownNumbers, updateIntervals, updateNumbers, updateStrata } from './numbers.ts';
import { isWhole, type View } from './view.ts';

/** A reader who drags has come to rest after this, and intervals may begin. */
const INTERVALS_MS = 600;

/** Keeps the numbers in the page up to date; intervals of the whole period are restored as the page came with them. */
export class ShownNumbers {
  readonly #view: View;
  readonly #onStrata: () => void;
  readonly #intervals: ReadonlyMap<Element, string | null>;
  #computing: ReturnType<typeof setTimeout> | undefined;

  /** @param onStrata hears when the intervals of seasons, months and the like are known */
  constructor(view: View, onStrata: () => void) {
    this.#view = view;
    this.#onStrata = onStrata;
    const cells = [...document.querySelectorAll('[data-interval]')];
    this.#intervals = new Map(cells.map((cell) => [cell, cell.textContent]));
  }

  /** @returns the tau of the period that matters most */
  update(): string {
    const view = this.#view;
    updateNumbers(view);
    const shown = shownNumbers(view);
    if (isWhole(view)) for (const [cell, text] of this.#intervals) cell.textContent = text;
    this.#updateIntervals();
    return shown;
  }

  /** Other photos are told apart by season, month and the like; all else stays. */
  updateStrata(): void {
    updateStrata(this.#view);
    this.#updateIntervals();
  }

  #updateIntervals(): void {
    const view = this.#view;
    const { selection } = view;
    const isWanted = () => view.selection === selection;
    clearTimeout(this.#computing);
    markBusy(!isWhole(view));
    this.#computing = setTimeout(async () => {
      await updateIntervals(view, isWanted, this.#onStrata);
      if (isWanted()) markBusy(false);
    }, INTERVALS_MS);
  }
}

/** Says, to screen readers as well, whether more numbers are to come into the places of intervals. */
function markBusy(isBusy: boolean): void {
  for (const place of document.querySelectorAll('[data-interval], [data-table^="strata."]'))
    place.setAttribute('aria-busy', String(isBusy));
}
