import { photoAddress } from './photo-address.ts';

type Attributes = Record<string, string | ((event: Event) => void)>;

/** An element; texts become text, never markup. `onclick` and its like take functions. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A photo that is loaded when it comes into sight; where it cannot be loaded, its key says which it is. */
export function photoImage(base: string, key: string, alt: string): HTMLElement {
  const image = element('img', { src: photoAddress(base, key), alt, loading: 'lazy', decoding: 'async' });
  const frame = element('span', { class: 'photo' }, image);
  image.addEventListener('error', () => {
    frame.replaceChildren(
      element('span', { class: 'missing' }, 'Photo cannot be loaded', element('code', {}, key)),
    );
  });
  return frame;
}
