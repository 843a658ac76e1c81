import { FIGURE_SECTIONS, type Figure, type FigureSection } from './figures.ts';
import { inputData, performance, REPORT_TITLE, titleBlock } from './header.ts';
import { Html, html, NOTHING } from './html.ts';
import type { ReportData } from './report-data.ts';
import { STYLE } from './style.ts';

type Section = { id: string; title: string; content: Html; entries: { id: string; title: string }[] };

/**
 * The report: one page that asks nothing of any server, for phone, desk and paper. It holds no instant but those of the
 * run, so the same run gives the same bytes.
 */
export function reportPage(data: ReportData): string {
  const { station, model_code } = data.state.run;
  const sections: Section[] = [
    {
      id: 'performance',
      title: 'Performance (Kendall Tau)',
      content: performance(data),
      entries: [],
    },
    {
      id: 'input-data',
      title: 'Input data',
      content: inputData(data),
      entries: [
        { id: 'photos', title: 'Photos' },
        { id: 'annotation-pairs', title: 'Annotation pairs' },
        { id: 'observed-values', title: 'Observed values' },
      ],
    },
    ...FIGURE_SECTIONS.flatMap((section) => drawSection(section, data)),
  ];
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${station.name} · ${model_code} · ${REPORT_TITLE}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<nav aria-label="Contents"><ol>${sections.map(tableOfContentsEntry)}</ol></nav>
<main>
${titleBlock(data)}
${sections.map(
  ({ id, title, content }) => html`<section id="${id}"><h2>${title}</h2>
${content}</section>
`,
)}</main>
</body>
</html>
`;
  return page.text;
}

/** Nothing at all when the station has no data for any of its figures. */
function drawSection({ id, title, figures }: FigureSection, data: ReportData): Section[] {
  const drawn = figures.flatMap((figure) => drawFigure(figure, data));
  if (drawn.length === 0) return [];
  return [{ id, title, content: html`${drawn.map(({ markup }) => markup)}`, entries: drawn }];
}

function drawFigure({ id, title, draw }: Figure, data: ReportData) {
  const figure = draw(data);
  if (!figure) return [];
  const numbers = figure.numbers
    ? html`<details><summary>Numbers</summary><div class="scroll">${figure.numbers}</div></details>`
    : NOTHING;
  const markup = html`<figure id="${id}">
<h3>${title}</h3>
${figure.drawing}
<figcaption>${figure.caption}</figcaption>
${numbers}</figure>
`;
  return [{ id, title, markup }];
}

const tableOfContentsEntry = ({ id, title, entries }: Section): Html =>
  html`<li><a href="#${id}">${title}</a>${
    entries.length === 0
      ? NOTHING
      : html`<ol>${entries.map((entry) => html`<li><a href="#${entry.id}">${entry.title}</a></li>`)}</ol>`
  }</li>
`;
