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

/** Text as it may stand between tags and in quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);

/**
 * Template tag: whatever is put in is escaped unless it is `Html` itself, so a name with a tag in it stays a name
 * wherever it is shown. Attributes must be quoted.
 */
export const html = (markup: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(markup.reduce((text, piece, index) => text + render(parts[index - 1] as Part) + piece));

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  return typeof part === 'object' ? part.map(({ text }) => text).join('') : escapeHtml(String(part));
}

export const NOTHING = new Html('');

/** Place of photos, which the script puts there. */
export const gallery = (id: string, text: string): Html => html`<p>${text}</p>
<div class="gallery" data-gallery="${id}"></div>`;
