import { DAY_MS } from '../shared/formats/durations.ts';
import type { ImageSplit } from '../shared/model-input/image-split.ts';
import { wallDate } from '../shared/predictions/scored-photos.ts';
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
      if (selection) onSelection(selection);
    });
    whole.addEventListener('click', () => onSelection({ ...view.selection, ...view.whole }));
    browse.addEventListener('click', onBrowse);
  }

  /** Shows the period of the view. */
  update(): void {
    const { from, to, whole } = this.controls;
    from.value = wallDate(this.view.selection.from);
    to.value = wallDate(this.view.selection.to - DAY_MS);
    whole.hidden = isWhole(this.view);
  }

  set numbers(text: string) {
    (this.form.elements.namedItem('numbers') as HTMLOutputElement).value = text;
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

  private read(): PageSelection | null {
    const { from, to } = this.controls;
    const [start, end] = [Date.parse(from.value), Date.parse(to.value)];
    if (Number.isNaN(start) || Number.isNaN(end) || end < start) return null;
    const boxes = [...this.form.querySelectorAll<HTMLInputElement>('input[name="split"]')];
    const splits =
      boxes.length === 0
        ? this.view.selection.splits
        : new Set(boxes.filter(({ checked }) => checked).map(({ value }) => value as ImageSplit));
    return { from: startOfDay(start), to: startOfDay(end) + DAY_MS, splits };
  }
}
