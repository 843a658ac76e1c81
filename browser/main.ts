import { DAY_MS } from '../shared/formats/durations.ts';
import { unpackPage } from '../shared/report/page/page-data.ts';
import { followAddress, showSelection } from './address-bar.ts';
import { Chart, type Draw } from './charts.ts';
import { nothingDrawnWords } from './figure-selection.ts';
import { FIGURES } from './figures/index.ts';
import type { Actions } from './figures/photos.ts';
import { showFilesBeside } from './files-beside.ts';
import { fillGalleries } from './galleries.ts';
import { gunzip } from './gunzip.ts';
import { imprintOf } from './imprint.ts';
import { showNotedPhotos } from './noted-photos.ts';
import { shownNumbers } from './numbers.ts';
import { noPhotosWords } from './period.ts';
import { type Origin, PhotoPanel } from './photo-panel.ts';
import { ShownNumbers } from './shown-numbers.ts';
import { paperTheme } from './theme.ts';
import { Toolbar } from './toolbar.ts';
import { createView, isWhole, once, type PageSelection, startOfDay, type View } from './view.ts';

/** The figure whose strip chooses the period. */
const PERIOD_FIGURE = 'images-timeseries';
const STRATA_FIGURE = 'tau-strata';
/** A reader who drags has come to rest after this. */
const REST_MS = 150;

function start(): void {
  const page = unpackPage(readData());
  const view = createView(page);
  const panel = new PhotoPanel(view, document.getElementById('panel') as HTMLElement);
  const actions: Actions = { openPhoto: (row, at) => panel.open(row, { at }) };
  const openFrom = (row: number, origin: Origin) => panel.open(row, origin);
  const toolbar = new Toolbar(document.getElementById('toolbar') as HTMLFormElement, view, {
    onSelection: select,
    onBrowse: () => panel.open(firstRow(view)),
  });
  const charts = createCharts(
    view,
    actions,
    afterRest(view, (selection) => select(selection, PERIOD_FIGURE)),
  );
  const strata = new StrataChoice(view, select);
  const numbers =
    page.kind === 'report' ? new ShownNumbers(view, () => refresh(charts, STRATA_FIGURE)) : null;

  function select(selection: PageSelection, source?: string): void {
    const before = view.selection;
    view.selection = selection;
    toolbar.update();
    strata.update();
    document.documentElement.dataset.period = isWhole(view) ? 'whole' : 'part';
    document.documentElement.dataset.photos = noPhotosWords(view, selection) === '' ? 'some' : 'none';
    showSelection(view);
    if (isSamePhotos(before, selection)) {
      refresh(charts, STRATA_FIGURE);
      numbers?.updateStrata();
      return;
    }
    for (const chart of charts) {
      if (chart.id === source) chart.change();
      else chart.refresh();
    }
    if (numbers) toolbar.numbers = numbers.update();
    fillGalleries(view, openFrom);
    reserveSoon(charts);
  }

  // The first figure waits for nobody to scroll; the others follow as they come near.
  charts[0]?.render();
  if (numbers) toolbar.numbers = shownNumbers(view);
  // After the first figure is on screen, or before the page is on paper.
  const fillRest = once(() => {
    fillGalleries(view, openFrom);
    showNotedPhotos(view, openFrom);
  });
  setTimeout(() => {
    fillRest();
    reserveSoon(charts);
  });
  window.addEventListener('beforeprint', fillRest);
  redrawForReaders(charts);
  followAddress(view, charts, { select, tell: (problem) => toolbar.tell(problem) });
  showFilesBeside();
  document.documentElement.dataset.ready = 'true';
}

const isSamePhotos = (one: PageSelection, other: PageSelection): boolean =>
  one.from === other.from &&
  one.to === other.to &&
  one.splits.size === other.splits.size &&
  [...one.splits].every((split) => other.splits.has(split));

function refresh(charts: readonly Chart[], id: string): void {
  for (const chart of charts) if (chart.id === id) chart.refresh();
}

/** Room for all charts, one after the other, so that the page answers in between. */
function reserveSoon(charts: readonly Chart[]): void {
  const [next, ...others] = charts;
  if (!next) return;
  next.reserve();
  setTimeout(() => reserveSoon(others));
}

/** @param onPeriod called by the figure whose strip chooses the period */
const createCharts = (view: View, actions: Actions, onPeriod: (from: number, to: number) => void): Chart[] =>
  [...document.querySelectorAll<HTMLElement>('[data-chart]')].map((place) => {
    const id = place.dataset.chart as string;
    const figure = FIGURES[id];
    if (!figure) throw new Error(`No figure draws ${id}`);
    const draw: Draw = (width, theme) => {
      const sheet = figure(view, width, theme, actions);
      sheet.sayIfEmpty(nothingDrawnWords(view, id));
      return sheet;
    };
    const heading = place.closest('figure')?.querySelector('h3')?.textContent ?? '';
    return new Chart(
      place,
      draw,
      () => imprintOf(view, id, heading),
      id === PERIOD_FIGURE ? onPeriod : undefined,
    );
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

/** The list of photos above the figure of strata; a page without that figure has none. */
class StrataChoice {
  readonly #view: View;
  readonly #list: HTMLSelectElement | null;

  constructor(view: View, select: (selection: PageSelection) => void) {
    this.#view = view;
    this.#list = document.querySelector('select[name="strata-split"]');
    this.#list?.addEventListener('change', (event) => {
      const { value } = event.target as HTMLSelectElement;
      select({ ...view.selection, strataSplit: value as PageSelection['strataSplit'] });
    });
  }

  update(): void {
    const photos = document.querySelector('[data-strata-photos]');
    if (!this.#list || !photos) return;
    this.#list.value = this.#view.selection.strataSplit;
    // Paper shows no list.
    photos.textContent = this.#list.selectedOptions[0]?.textContent ?? '';
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
    reserveSoon(charts);
  };
  // Paper shows all charts, those as well that nobody has scrolled to, in light colors.
  const print = () => {
    const theme = paperTheme();
    for (const chart of charts) chart.renderForPaper(theme);
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  matchMedia('print').addEventListener('change', ({ matches }) => (matches ? print() : redraw()));
  window.addEventListener('beforeprint', print);
  window.addEventListener('afterprint', redraw);
}

/** Base64 of gzip, between the tags of a script element that no browser runs. */
function readData(): Uint8Array<ArrayBuffer> {
  const text = atob((document.getElementById('data') as HTMLElement).textContent as string);
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) packed[at] = text.charCodeAt(at);
  return gunzip(packed);
}

try {
  // Before the page counts as loaded, so that whoever prints it then prints its charts.
  start();
} catch (error) {
  const notice = document.createElement('p');
  notice.className = 'notice';
  notice.textContent = `The charts cannot be drawn in this browser (${error instanceof Error ? error.message : String(error)}). All numbers are here without them.`;
  document.querySelector('main')?.prepend(notice);
  console.error(error);
}
