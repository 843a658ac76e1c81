import { readAddress, selectionWords, writeAddress } from './address.ts';
import type { Chart } from './charts.ts';
import type { PageSelection, View } from './view.ts';

/** Writes the selection into the address, behind the section that is there already, and in words for paper. */
export function showSelection(view: View): void {
  const text = writeAddress(readAddress(location.hash).anchor, view);
  history.replaceState(null, '', text === '' ? location.href.replace(/#.*/s, '') : `#${text}`);
  const words = document.querySelector('[data-selection]');
  if (words) words.textContent = selectionWords(view);
}

/** The selection comes with the address, and stays in it when a link leads elsewhere in the page. */
export function followAddress(
  view: View,
  charts: readonly Chart[],
  select: (selection: PageSelection) => void,
): void {
  // Before the browser goes where a link leads, so that nothing above grows afterward.
  document.addEventListener('click', (event) => {
    if (!(event.target as Element).closest('a[href^="#"]')) return;
    for (const chart of charts) chart.reserve();
  });
  const follow = () => {
    const { anchor, selection } = readAddress(location.hash);
    if (Object.keys(selection).length > 0) select(within({ ...view.selection, ...selection }, view));
    else showSelection(view);
    return anchor;
  };
  window.addEventListener('hashchange', () => {
    // With a selection behind it, a section is found by nobody else.
    const isFound = document.getElementById(location.hash.slice(1)) !== null;
    const anchor = follow();
    if (!isFound) document.getElementById(anchor)?.scrollIntoView();
  });
  if (location.hash === '') return;
  const section = document.getElementById(follow());
  if (!section) return;
  // The browser has gone there, or where the reader was, before the charts had their room.
  history.scrollRestoration = 'manual';
  for (const chart of charts) chart.reserve();
  section.scrollIntoView({ behavior: 'instant' });
}

/** A period as far as there are photos; of one that is wholly elsewhere, all. */
function within(selection: PageSelection, { whole }: View): PageSelection {
  const [from, to] = [Math.max(selection.from, whole.from), Math.min(selection.to, whole.to)];
  return from < to ? { ...selection, from, to } : { ...selection, ...whole };
}
