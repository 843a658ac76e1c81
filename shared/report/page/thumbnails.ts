import { parseJson } from '../../formats/json.ts';
import { Html, html, NOTHING } from './html.ts';

/** Small copies of photos, JPEG, by the key of the photo. */
export type Thumbnails = ReadonlyMap<string, Uint8Array>;

const ELEMENT = /<script type="application\/json" id="thumbnails">(.*?)<\/script>\n/s;

/** Carried by the page, so that its galleries show photos wherever it is opened. Text in it cannot end the element. */
export function thumbnailElement(thumbnails: Thumbnails): Html {
  const texts = Array.from(thumbnails, ([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]);
  return texts.length === 0 ? NOTHING : element(Object.fromEntries(texts));
}

/** A page without the small copies of some photos. */
export function withoutThumbnails(page: string, isWithdrawn: (key: string) => boolean): string {
  const [found, text] = ELEMENT.exec(page) ?? [];
  if (found === undefined) return page;
  const kept = Object.entries(parseJson(text as string) as object).filter(([key]) => !isWithdrawn(key));
  return page.replace(ELEMENT, () => element(Object.fromEntries(kept)).text);
}

const element = (texts: Record<string, unknown>): Html =>
  html`<script type="application/json" id="thumbnails">${new Html(JSON.stringify(texts).replaceAll('<', '\\u003c'))}</script>
`;
