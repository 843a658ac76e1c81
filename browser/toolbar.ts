import { DAY_MS } from '../shared/formats/durations.ts';
import type { ImageSplit } from '../shared/model-input/image-split.ts';
import { wallDate } from '../shared/predictions/scored-photos.ts';
import { noPhotosWords, periodWords, withinPhotos } from './period.ts';
import { isWhole, type PageSelection, startOfDay, type View } from './view.ts';

type Listeners = { onSelection(selection: PageSelection): void; onBrowse(): void };

/** Period and splits as a form: what can be dragged with a mouse can be typed as well. */
export class Toolbar {
  private readonly form: HTMLFormElement;
  private readonly view: View;

  constructor(form: HTMLFormElement, view: View, { onSelection, onBrowse }: Listeners) {
    this.form = form;
    this.view = view;
    form.hidden = false;
    const { from, to, whole, browse } = this.controls;
    from.min = wallDate(view.whole.from);
    from.max = to.max = wallDate(view.whole.to - DAY_MS);
    to.min = from.min;
    this.update();
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('change', () => {
      const selection = this.read();
      if (typeof selection !== 'string') return onSelection(selection);
      this.tell(selection);
      this.areDatesValid = false;
    });
    whole.addEventListener('click', () => {
      onSelection({ ...view.selection, ...view.whole });
      // The button is gone, and the focus with it.
      from.focus({ preventScroll: true });
    });
    browse.addEventListener('click', onBrowse);
    this.tellHeight();
    new ResizeObserver(() => this.tellHeight()).observe(form);
  }

  /** To the style sheet: what a link leads to must not lie below the tools that stay at the top. */
  private tellHeight(): void {
    const isSticky = getComputedStyle(this.form).position === 'sticky';
    document.documentElement.style.setProperty('--tools', `${isSticky ? this.form.offsetHeight : 0}px`);
  }

  /** Shows the period and the splits of the view. */
  update(): void {
    const { from, to, whole, browse } = this.controls;
    const { selection } = this.view;
    const none = noPhotosWords(this.view, selection);
    from.value = wallDate(selection.from);
    to.value = wallDate(selection.to - DAY_MS);
    whole.hidden = isWhole(this.view);
    for (const box of this.boxes) box.checked = selection.splits.has(box.value as ImageSplit);
    browse.disabled = none !== '';
    this.problem = none;
    this.areDatesValid = true;
  }

  /** Says what is wrong with what was asked for, and what is shown instead. */
  tell(problem: string): void {
    this.problem = `${problem} Shown is ${periodWords(this.view.selection)}.`;
  }

  set numbers(text: string) {
    (this.form.elements.namedItem('numbers') as HTMLOutputElement).value = text;
  }

  /** Empty if there is none. */
  private set problem(text: string) {
    (this.form.querySelector('.problem') as HTMLElement).textContent = text;
  }

  private set areDatesValid(areValid: boolean) {
    const { from, to } = this.controls;
    for (const input of [from, to]) input.setAttribute('aria-invalid', String(!areValid));
  }

  private get controls() {
    const control = <Kind>(name: string) => this.form.elements.namedItem(name) as Kind;
    return {
      from: control<HTMLInputElement>('from'),
      to: control<HTMLInputElement>('to'),
      whole: control<HTMLButtonElement>('whole'),
      browse: control<HTMLButtonElement>('browse'),
    };
  }

  private get boxes(): HTMLInputElement[] {
    return [...this.form.querySelectorAll<HTMLInputElement>('input[name="split"]')];
  }

  /** @returns the selection, or what is wrong with it */
  private read(): PageSelection | string {
    const { from, to } = this.controls;
    const [start, end] = [Date.parse(from.value), Date.parse(to.value)];
    if (Number.isNaN(start) || Number.isNaN(end)) return 'A period needs both dates.';
    if (end < start) return `From (${from.value}) is after to (${to.value}).`;
    const splits =
      this.boxes.length === 0
        ? this.view.selection.splits
        : new Set(this.boxes.filter(({ checked }) => checked).map(({ value }) => value as ImageSplit));
    const asked = { ...this.view.selection, from: startOfDay(start), to: startOfDay(end) + DAY_MS, splits };
    return withinPhotos(asked, this.view) ?? noPhotosWords(this.view, asked);
  }
}
