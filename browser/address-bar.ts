import { readAddress, selectionWords, writeAddress } from './address.ts';
import type { Chart } from './charts.ts';
import { noPhotosWords, withinPhotos } from './period.ts';
import type { PageSelection, View } from './view.ts';

/** Writes the selection into the address, behind the section that is there already, and in words for paper. */
export function showSelection(view: View): void {
  const text = writeAddress(readAddress(location.hash).anchor, view);
  history.replaceState(null, '', text === '' ? location.href.replace(/#.*/s, '') : `#${text}`);
  const words = document.querySelector('[data-selection]');
  if (words) words.textContent = selectionWords(view);
}

/**
 * The selection comes with the address, and stays in it when a link leads elsewhere in the page.
 *
 * @param tell says what is wrong with the address
 */
export function followAddress(
  view: View,
  charts: readonly Chart[],
  { select, tell }: { select(selection: PageSelection): void; tell(problem: string): void },
): void {
  // Before the browser goes where a link leads, so that nothing above grows afterward.
  document.addEventListener('click', (event) => {
    if (!(event.target as Element).closest('a[href^="#"]')) return;
    for (const chart of charts) chart.reserve();
  });
  const follow = () => {
    const { anchor, selection, problem } = readAddress(location.hash);
    const asked = { ...view.selection, ...selection };
    const shown = withinPhotos(asked, view);
    if (Object.keys(selection).length > 0) select(shown ?? { ...asked, ...view.whole });
    else showSelection(view);
    const found = shown ? problem : noPhotosWords(view, asked);
    if (found !== '') tell(found);
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
