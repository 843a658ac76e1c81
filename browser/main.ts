import { DAY_MS } from '../shared/formats/durations.ts';
import { unpackPage } from '../shared/report/page/page-data.ts';
import { Chart, type Draw } from './charts.ts';
import { FIGURES } from './figures/index.ts';
import type { Actions } from './figures/photos.ts';
import { fillGalleries } from './galleries.ts';
import { showNotedPhotos } from './noted-photos.ts';
import { shownNumbers, updateIntervals, updateNumbers } from './numbers.ts';
import { PhotoPanel } from './photo-panel.ts';
import { Toolbar } from './toolbar.ts';
import { createView, isWhole, type PageSelection, startOfDay, type View } from './view.ts';

/** The figure whose strip chooses the period. */
const PERIOD_FIGURE = 'images-timeseries';
/** A reader who drags has come to rest after this. */
const REST_MS = 150;
const INTERVALS_MS = 600;

async function start(): Promise<void> {
  const page = unpackPage(await readData());
  const view = createView(page);
  const panel = new PhotoPanel(view, document.getElementById('panel') as HTMLElement);
  const actions = { openPhoto: (row: number) => panel.open(row) };
  const toolbar = new Toolbar(document.getElementById('toolbar') as HTMLFormElement, view, {
    onSelection: select,
    onBrowse: () => panel.open(firstRow(view)),
  });
  const charts = createCharts(
    view,
    actions,
    afterRest(view, (selection) => select(selection, PERIOD_FIGURE)),
  );
  const numbers = page.kind === 'report' ? new ShownNumbers(view) : null;

  function select(selection: PageSelection, source?: string): void {
    view.selection = selection;
    toolbar.update();
    for (const chart of charts) if (chart.id !== source) chart.refresh();
    if (numbers) toolbar.numbers = numbers.update();
    fillGalleries(view, actions.openPhoto);
  }

  // The first figure waits for nobody to scroll; the others follow as they come near.
  charts[0]?.render();
  if (numbers) toolbar.numbers = shownNumbers(view);
  // After the first figure is on screen.
  setTimeout(() => {
    fillGalleries(view, actions.openPhoto);
    showNotedPhotos(view, actions.openPhoto);
  });
  redrawForReaders(charts);
  document.documentElement.dataset.ready = 'true';
}

/** @param onPeriod called by the figure whose strip chooses the period */
const createCharts = (view: View, actions: Actions, onPeriod: (from: number, to: number) => void): Chart[] =>
  [...document.querySelectorAll<HTMLElement>('[data-chart]')].map((place) => {
    const figure = FIGURES[place.dataset.chart as string];
    if (!figure) throw new Error(`No figure draws ${place.dataset.chart}`);
    const draw: Draw = (width, theme) => figure(view, width, theme, actions);
    return new Chart(place, draw, place.dataset.chart === PERIOD_FIGURE ? onPeriod : undefined);
  });

/** The strip of a chart says where it is at every move; days are whole, and the chart itself needs no redrawing. */
function afterRest(
  view: View,
  select: (selection: PageSelection) => void,
): (from: number, to: number) => void {
  let resting: ReturnType<typeof setTimeout> | undefined;
  return (from, to) => {
    clearTimeout(resting);
    resting = setTimeout(() => {
      const whole = { from: startOfDay(from + DAY_MS / 2), to: startOfDay(to + DAY_MS / 2) };
      select({ ...view.selection, from: whole.from, to: Math.max(whole.to, whole.from + DAY_MS) });
    }, REST_MS);
  };
}

/** Keeps the numbers in the page up to date; those of the whole period are restored as the page came with them. */
class ShownNumbers {
  readonly #view: View;
  readonly #intervals: ReadonlyMap<Element, string | null>;
  #computing: ReturnType<typeof setTimeout> | undefined;

  constructor(view: View) {
    this.#view = view;
    const cells = [...document.querySelectorAll('[data-interval]')];
    this.#intervals = new Map(cells.map((cell) => [cell, cell.textContent]));
  }

  /** @returns the taus of the period that matter most */
  update(): string {
    const view = this.#view;
    clearTimeout(this.#computing);
    updateNumbers(view);
    const shown = shownNumbers(view);
    if (isWhole(view)) for (const [cell, text] of this.#intervals) cell.textContent = text;
    else {
      const { selection } = view;
      const isWanted = () => view.selection === selection;
      this.#computing = setTimeout(() => updateIntervals(view, isWanted), INTERVALS_MS);
    }
    return shown;
  }
}

/** The first photo of the period. */
const firstRow = ({ photos, selection }: View): number =>
  Math.max(
    0,
    photos.timestamps.findIndex((wallMs) => wallMs >= selection.from),
  );

function redrawForReaders(charts: readonly Chart[]): void {
  const redraw = () => {
    for (const chart of charts) chart.refresh();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  // Paper shows all charts, those as well that nobody has scrolled to, in light colors.
  const onPrint = () => {
    for (const chart of charts) chart.render();
  };
  matchMedia('print').addEventListener('change', onPrint);
  window.addEventListener('beforeprint', onPrint);
}

/** Base64 of gzip, between the tags of a script element that no browser runs. */
async function readData(): Promise<Uint8Array<ArrayBuffer>> {
  const text = atob((document.getElementById('data') as HTMLElement).textContent as string);
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

start().catch((error: unknown) => {
  const notice = document.createElement('p');
  notice.className = 'notice';
  notice.textContent = `The charts cannot be drawn in this browser (${error instanceof Error ? error.message : String(error)}). All numbers are here without them.`;
  document.querySelector('main')?.prepend(notice);
  console.error(error);
});
