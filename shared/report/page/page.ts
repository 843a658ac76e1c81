import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { SPLIT_GROUPS } from '../data/split-groups.ts';
import { Html, html, NOTHING } from './html.ts';
import type { PageData } from './page-data.ts';
import { packPage } from './page-data.ts';
import { STYLE } from './style.ts';
import { type Thumbnails, thumbnailElement } from './thumbnails.ts';

const NO_THUMBNAILS: Thumbnails = new Map();

export type Section = {
  id: string;
  title: string;
  content: Html;
  entries?: readonly { id: string; title: string }[];
};

/** A page of the pipeline: everything in one file, for phone, desk and paper. */
export type Page = {
  title: string;
  header: Html;
  sections: readonly Section[];
  data: PageData;
  /** Whether photos can be told apart by split. */
  hasSplits: boolean;
  thumbnails?: Thumbnails;
};

/**
 * The page as one text. It asks nothing of any server but photos that it does not carry, which its Content Security
 * Policy holds it to, and holds no instant but those of the run, so the same run gives the same bytes.
 *
 * @param script what draws the charts, `browser/script.ts`
 */
export function pageText(page: Page, script: string): string {
  const { title, header, sections, data, hasSplits, thumbnails = NO_THUMBNAILS } = page;
  const photos = new URL(data.photoBase).origin;
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${sha256(script)}'; img-src data: ${photos}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<nav aria-label="Contents"><ol>${sections.map(tableOfContentsEntry)}</ol></nav>
<main>
${header}
<noscript><p class="notice">The charts need JavaScript; all numbers are here without it.</p></noscript>
${toolbar(hasSplits)}
<p class="selection" data-selection></p>
${sections.map(
  ({ id, title, content }) => html`<section id="${id}"><h2>${title}</h2>
${content}</section>
`,
)}</main>
${photoPanel}
${thumbnailElement(thumbnails)}<script type="application/octet-stream" id="data">${new Html(gzipSync(packPage(data)).toString('base64'))}</script>
<script>${new Html(script)}</script>
</body>
</html>
`.text;
}

/** Period, splits and the numbers of the period; the script shows it. */
const toolbar = (
  hasSplits: boolean,
): Html => html`<form class="toolbar" id="toolbar" aria-label="Period and splits" hidden>
<label>From <input type="date" name="from" required></label>
<label>to <input type="date" name="to" required></label>
<button type="button" name="whole" hidden>Whole period</button>
<span class="splits" role="group" aria-label="Splits">${
  hasSplits
    ? SPLIT_GROUPS.filter(({ splits }) => splits.length === 1).map(
        ({ id, label }) =>
          html`<label class="toggle"><input type="checkbox" name="split" value="${id}" checked><span class="swatch ${id}"></span>${label}</label>`,
      )
    : NOTHING
}</span>
<output name="numbers"></output>
<p class="problem" role="alert"></p>
<button type="button" name="browse">Photos</button>
</form>`;

const photoPanel = html`<aside class="panel" id="panel" aria-label="Photo" tabindex="-1" hidden></aside>`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');

const tableOfContentsEntry = ({ id, title, entries = [] }: Section): Html =>
  html`<li><a href="#${id}">${title}</a>${
    entries.length === 0
      ? NOTHING
      : html`<ol>${entries.map((entry) => html`<li><a href="#${entry.id}">${entry.title}</a></li>`)}</ol>`
  }</li>
`;
