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

/**
 * A photo that is loaded when it comes into sight: the first of `keys` that can be loaded. Where none can, its last key
 * says which photo it is.
 */
export function photoImage(base: string, keys: readonly string[], alt: string): HTMLElement {
  const image = element('img', { alt, loading: 'lazy', decoding: 'async' });
  const frame = element('span', { class: 'photo' }, image);
  const left = [...keys];
  const tryNext = () => {
    const key = left.shift();
    if (key !== undefined) image.src = photoAddress(base, key);
    else
      frame.replaceChildren(
        element(
          'span',
          { class: 'missing' },
          'Photo cannot be loaded',
          element('code', {}, keys.at(-1) ?? ''),
        ),
      );
  };
  image.addEventListener('error', tryNext);
  tryNext();
  return frame;
}
