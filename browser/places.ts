/** A place in the window, pixels from its upper left corner. */
export type Place = { x: number; y: number };

/** Middle of an element, as a place that must stay in sight. */
export function middleOf(element: Element): Place {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}
