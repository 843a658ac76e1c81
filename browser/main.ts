import { unpackPage } from '../shared/report/page/page-data.ts';
import { Chart, type Draw } from './charts.ts';
import { FIGURES } from './figures/index.ts';
import { contradictedPairs, movedPhotos, worstPhotos } from './galleries.ts';
import { showNotedPhotos } from './noted-photos.ts';
import { shownNumbers, updateIntervals, updateNumbers } from './numbers.ts';
import { PhotoPanel } from './photo-panel.ts';
import { Toolbar } from './toolbar.ts';
import { createView, DAY_MS, isWhole, type Selection, startOfDay } from './view.ts';

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
    onBrowse: () => panel.open(firstRow()),
  });
  const charts = [...document.querySelectorAll<HTMLElement>('[data-chart]')].map((place) => {
    const figure = FIGURES[place.dataset.chart as string];
    if (!figure) throw new Error(`No figure draws ${place.dataset.chart}`);
    const draw: Draw = (width, theme) => figure(view, width, theme, actions);
    return new Chart(place, draw, place.dataset.chart === PERIOD_FIGURE ? onPeriod : undefined);
  });
  const original = new Map<Element, string | null>();
  let resting: ReturnType<typeof setTimeout> | undefined;
  let computing: ReturnType<typeof setTimeout> | undefined;

  /** The strip of a chart says where it is at every move; days are whole, and the chart itself needs no redrawing. */
  function onPeriod(from: number, to: number): void {
    clearTimeout(resting);
    resting = setTimeout(() => {
      const whole = { from: startOfDay(from + DAY_MS / 2), to: startOfDay(to + DAY_MS / 2) };
      select(
        { ...view.selection, from: whole.from, to: Math.max(whole.to, whole.from + DAY_MS) },
        PERIOD_FIGURE,
      );
    }, REST_MS);
  }

  function select(selection: Selection, source?: string): void {
    view.selection = selection;
    toolbar.update();
    for (const chart of charts) if (chart.id !== source) chart.refresh();
    showNumbers();
    fillGalleries();
  }

  /** Of the whole period the page holds the numbers already. */
  function showNumbers(): void {
    if (page.kind !== 'report') return;
    clearTimeout(computing);
    updateNumbers(view);
    toolbar.numbers = shownNumbers(view);
    if (isWhole(view)) restore();
    else {
      const { selection } = view;
      computing = setTimeout(() => updateIntervals(view, () => view.selection === selection), INTERVALS_MS);
    }
  }

  function restore(): void {
    for (const [cell, text] of original) cell.textContent = text;
  }

  function fillGalleries(): void {
    for (const [name, make] of [
      ['worst-photos', worstPhotos],
      ['contradicted', contradictedPairs],
      ['moved-photos', movedPhotos],
    ] as const) {
      const gallery = document.querySelector(`[data-gallery="${name}"]`);
      if (!gallery) continue;
      const cards = make(view, actions.openPhoto);
      gallery.replaceChildren(...(cards.length > 0 ? cards : ['There are none in this period.']));
    }
  }

  const firstRow = () =>
    Math.max(
      0,
      view.photos.timestamps.findIndex((wallMs) => wallMs >= view.selection.from),
    );

  for (const cell of document.querySelectorAll('[data-interval]')) original.set(cell, cell.textContent);
  // The first figure waits for nobody to scroll; the others follow as they come near.
  charts[0]?.render();
  if (page.kind === 'report') toolbar.numbers = shownNumbers(view);
  // After the first figure is on screen.
  setTimeout(() => {
    fillGalleries();
    showNotedPhotos(view, actions.openPhoto);
  });
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
  document.documentElement.dataset.ready = 'true';
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
