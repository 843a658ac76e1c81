import type { TextTable } from '../data/text-tables.ts';
import { type Html, html } from './html.ts';

/** @param name by which the script finds it */
export const tableMarkup = (
  { columns, rows }: TextTable,
  name: string,
  title = '',
): Html => html`<table class="apart" data-table="${name}">${title === '' ? [] : [html`<caption>${title}</caption>`]}
<thead><tr>${columns.map((column, index) => (index === 0 ? html`<th scope="col" class="split">${column}</th>` : html`<th scope="col">${column}</th>`))}</tr></thead>
<tbody>${rows.map(
  ([head = '', ...cells]) =>
    html`<tr><th scope="row">${head}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
)}</tbody></table>`;
