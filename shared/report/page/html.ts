import { legibleText } from '../../formats/legible-text.ts';

/** Markup that may go into the page as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | readonly Html[] | string | number;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand between tags and in quoted attributes; names that others wrote direct nothing around them. */
export const escapeHtml = (text: string): string =>
  legibleText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);

/**
 * Template tag: whatever is put in is escaped unless it is `Html` itself, so a name with a tag in it stays a name
 * wherever it is shown. Attributes must be quoted.
 */
export const html = (markup: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(
    markup.map(unparted).reduce((text, piece, index) => text + render(parts[index - 1] as Part) + piece),
  );

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  return typeof part === 'object'
    ? part.map(({ text }) => text).join('')
    : escapeHtml(unparted(String(part)));
}

/** A number and its percent sign stay in one line. */
const unparted = (text: string): string => text.replaceAll(/(\d) %/g, '$1\u00a0%');

export const NOTHING = new Html('');

/** A name such as max_gap_minutes, which may go on in the next line after an underscore and nowhere else. */
export const breakableName = (name: string): Html => new Html(escapeHtml(name).replaceAll('_', '_<wbr>'));

/** What may be wider than the page: it scrolls by itself, also with the keyboard. */
export const scrollRegion = (label: string, content: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;

/** Says, once a reader has chosen a period, that what follows stays as it is. */
export const wholeRunNote = (what: string): Html =>
  html`<p class="whole-run">${what} of the whole run, not of the chosen period.</p>`;

/** Says, where the chosen period has no photos, that this is so; for a figure that stays to choose another. */
export const noPhotosNote = html`<p class="no-photos">There are no photos in the chosen period.</p>`;

/** Place of photos, which the script puts there. */
export const gallery = (id: string, text: string): Html => html`<p>${text}</p>
<div class="gallery" data-gallery="${id}"></div>`;
