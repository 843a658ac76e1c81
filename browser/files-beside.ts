/**
 * Shows the links to files that npm start leaves beside the report. Elsewhere they would lead nowhere, as the bucket that they lie
 * in is private: the page then says only where that is. Links to published files lead somewhere on the website, and in that folder; of
 * a copy of the page alone they are hidden.
 */
export function showFilesBeside(): void {
  if (location.protocol !== 'file:') return;
  const path = decodeURIComponent(location.pathname);
  for (const links of document.querySelectorAll<HTMLElement>('[data-beside], [data-published]'))
    links.hidden = !path.includes(`/${links.dataset.beside ?? links.dataset.published}/`);
}
