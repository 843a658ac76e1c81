/**
 * Shows the links to files that npm start leaves beside the report. Elsewhere they would lead nowhere, as the bucket that they lie
 * in is private: the page then says only where that is.
 */
export function showFilesBeside(): void {
  const links = document.querySelector<HTMLElement>('[data-beside]');
  if (!links || location.protocol !== 'file:') return;
  links.hidden = !decodeURIComponent(location.pathname).includes(`/${links.dataset.beside}/`);
}
