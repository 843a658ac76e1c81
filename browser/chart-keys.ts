import { element } from './elements.ts';
import type { Sheet, Stop } from './sheet.ts';

type Listeners = {
  /** The reader is at the chart, drawn or not. */
  arrive(): void;
  /** Shows a point and returns what it says of itself. */
  show(stop: Stop): string;
  hide(): void;
  open(stop: Stop): void;
};

/** Page up and page down cross a cloud of points in this many steps. */
const PAGES = 20;

/** Where a chart says aloud what its pointer of the keyboard stands on. */
const said = element('p', { class: 'said', 'aria-live': 'polite' });

/**
 * The keyboard's way through a chart: left and right walk the points of a series, up and down change the series, Enter opens
 * the photo behind the point. A chart whose points tell nothing takes no focus.
 */
export class ChartKeys {
  readonly #place: HTMLElement;
  readonly #listeners: Listeners;
  readonly #label: string;
  #sheet: Sheet | undefined;
  #stops: Stop[][] | undefined;
  #series = 0;
  #at = -1;

  constructor(place: HTMLElement, listeners: Listeners) {
    this.#place = place;
    this.#listeners = listeners;
    this.#label = place.getAttribute('aria-label') ?? '';
    if (!said.isConnected) document.body.append(said);
    place.addEventListener('keydown', (event) => {
      if (this.#press(event.key)) event.preventDefault();
    });
    // Until it is known whether there is anything to walk.
    place.tabIndex = 0;
    place.addEventListener('focus', () => listeners.arrive());
    place.addEventListener('blur', () => listeners.hide());
  }

  /** Walks what is drawn now; where the points are is only asked for once somebody walks. */
  walk(sheet: Sheet): void {
    this.offer(sheet);
    this.#sheet = sheet;
    this.#stops = undefined;
    this.#series = 0;
    this.#at = -1;
  }

  /** Takes the focus, or none, before the chart is drawn: the browser goes from one stop to the next, wherever that is. */
  offer(sheet: Sheet): void {
    if (sheet.isWalkable) {
      this.#place.tabIndex = 0;
      this.#place.setAttribute(
        'aria-label',
        `${this.#label} Arrow keys walk its points${sheet.opensPhotos ? ', Enter opens the photo of one' : ''}.`,
      );
    } else {
      this.#place.removeAttribute('tabindex');
      this.#place.setAttribute('aria-label', this.#label);
    }
  }

  /** @returns whether the key means something here */
  #press(key: string): boolean {
    this.#stops ??= this.#sheet?.stops() ?? [];
    if (this.#stops.length === 0) return false;
    const points = this.#stops[this.#series] as Stop[];
    const page = Math.ceil(points.length / PAGES);
    const target: Record<string, number> = {
      ArrowRight: this.#at + 1,
      ArrowLeft: this.#at - 1,
      PageDown: this.#at + page,
      PageUp: this.#at - page,
      Home: 0,
      End: points.length - 1,
    };
    if (key in target) this.#goTo(target[key] as number);
    else if (key === 'ArrowDown') this.#change(1);
    else if (key === 'ArrowUp') this.#change(-1);
    else if (key === 'Escape') this.#listeners.hide();
    else if (key === 'Enter' && points[this.#at]) this.#listeners.open(points[this.#at] as Stop);
    else return false;
    return true;
  }

  #goTo(at: number): void {
    const points = (this.#stops as Stop[][])[this.#series] as Stop[];
    this.#at = Math.max(0, Math.min(points.length - 1, at));
    said.textContent = this.#listeners.show(points[this.#at] as Stop);
  }

  /** To the same share of the way through the next series. */
  #change(by: number): void {
    const stops = this.#stops as Stop[][];
    const share = this.#at / Math.max(1, (stops[this.#series] as Stop[]).length - 1);
    this.#series = (this.#series + by + stops.length) % stops.length;
    this.#goTo(Math.round(share * ((stops[this.#series] as Stop[]).length - 1)));
  }
}
