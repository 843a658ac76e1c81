import { legibleText } from '../shared/formats/legible-text.ts';
import { isOnThisComputer } from '../shared/formats/loopback.ts';
import { photoAddress, smallestFirst } from './photo-address.ts';

type Attributes = Record<string, string | ((event: Event) => void)>;

/** An element; texts become text, never markup, and are legible whatever names are in them. `onclick` and its like take functions. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  made.append(...children.map((child) => (typeof child === 'string' ? legibleText(child) : child)));
  return made;
}

/**
 * A photo: the small copy that the page carries, else the smallest that its place has; `full`: the photo itself.
 *
 * @param base address below which photos are found by key
 */
export function photoImage(
  base: string,
  key: string,
  alt: string,
  size: 'small' | 'full' = 'small',
): HTMLElement {
  const image = element('img', { alt, loading: 'lazy', decoding: 'async' });
  const frame = element('span', { class: 'photo' }, image);
  const left = smallestFirst(key).map((name) => photoAddress(base, name));
  const carried = thumbnails()[key];
  if (carried !== undefined) left.unshift(`data:image/jpeg;base64,${carried}`);
  // Where the full photo cannot be had, the small one stays.
  if (size === 'full') left.unshift(photoAddress(base, key));
  const tryNext = () => {
    const address = left.shift();
    if (address !== undefined) image.src = address;
    else
      frame.replaceChildren(element('span', { class: 'missing' }, missing(base), element('code', {}, key)));
  };
  image.addEventListener('error', tryNext);
  tryNext();
  return frame;
}

/** On this computer, photos are served by the local stack, which ends. */
const missing = (base: string): string =>
  isOnThisComputer(base)
    ? 'Photo cannot be loaded. It is shown while the local stack runs: ./fpe local'
    : 'Photo cannot be loaded';

let carriedPhotos: Record<string, string> | undefined;

/** Small copies that the page carries, in base64, by the key of their photo. */
function thumbnails(): Record<string, string> {
  carriedPhotos ??= JSON.parse(document.getElementById('thumbnails')?.textContent || '{}');
  return carriedPhotos as Record<string, string>;
}
