/**
 * Style of the pages. Splits in the colors of Okabe and Ito, which people who see red and green alike can tell apart
 * (upstream's Set1 they cannot); lighter on dark ground until they contrast as well. Paper is always light.
 */
export const STYLE = `
:root, .paper {
  --ground: #fff; --panel: #f5f7f8; --ink: #1b2126; --muted: #57626b; --line: #dde2e6; --accent: #0b6aa2;
  --train: #d55e00; --val: #0072b2; --test-in: #009e73; --test-out: #c4609a;
  --left: #c98a00; --right: #2f8fcf; --same: #7a7a7a;
  color-scheme: light dark;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #14181b; --panel: #1d2327; --ink: #e6eaed; --muted: #9aa7b0; --line: #333c43; --accent: #6cb8e6;
    --train: #ff8a3d; --val: #56b4e9; --test-in: #2fc596; --test-out: #e59ac4;
    --left: #f0b429; --right: #6cbcf0; --same: #b0b0b0;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: calc(var(--tools, 0px) + .75rem); }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body {
  margin: 0; padding: 1.25rem 1rem 3rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
main { max-width: 68rem; margin: 0 auto; }
h1 { margin: 0; font-size: clamp(1.5rem, 5vw, 2.1rem); line-height: 1.2; text-wrap: balance; }
h1 .id { color: var(--muted); font-weight: 400; }
h2 { margin: 2.75rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); font-size: 1.3rem; }
h3 { margin: 1.25rem 0 .5rem; font-size: 1.05rem; }
p { margin: .75rem 0; max-width: 46rem; text-wrap: pretty; }
a { color: var(--accent); }
.over { margin: 0 0 .25rem; color: var(--muted); font-size: .9rem; letter-spacing: .02em; }
.lead { margin: .75rem 0 1.5rem; font-size: 1.1rem; }
.worse { font-weight: 600; border-left: 4px solid var(--train); padding-left: .75rem; }
.links a { margin-right: 1rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: .75rem; }
.facts section { padding: .75rem 1rem; border-radius: .5rem; background: var(--panel); }
.facts h2 { margin: 0 0 .4rem; padding: 0; border: 0; font-size: .95rem; color: var(--muted); font-weight: 600; }
dl { margin: 0; }
dl div { display: grid; grid-template-columns: 6.5rem 1fr; gap: .75rem; padding: .1rem 0; }
dt { color: var(--muted); }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.scroll {
  /* Where more of a table lies beyond an edge, that edge is shaded: the two grounds move with the table and hide the two shades. */
  --shade: color-mix(in srgb, var(--ink) 35%, transparent);
  overflow-x: auto;
  background:
    linear-gradient(to right, var(--ground) 50%, transparent) left / 2.5rem 100% no-repeat local,
    linear-gradient(to left, var(--ground) 50%, transparent) right / 2.5rem 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / .8rem 100% no-repeat scroll,
    linear-gradient(to left, var(--shade), transparent) right / .8rem 100% no-repeat scroll;
}
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .3rem 0 .3rem 1.25rem; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400; }
:is(th, td):first-child { padding-left: 0; }
:is(th[scope="row"], .split) { text-align: left; }
thead th { color: var(--muted); font-size: .9rem; }
thead th[scope="col"]:not(.split) { padding-left: 1.25rem; }
.total th, .total td { font-weight: 600; }
:is(.performance, .measures) { width: 100%; max-width: 46rem; }
.measures thead th { white-space: normal; vertical-align: bottom; }
:is(.performance, .unseen) td:not(.tau) { color: var(--muted); font-weight: 400; }
td, thead th, .scroll th { white-space: nowrap; }
td.text { white-space: normal; }
.parameters :is(th, td) { white-space: normal; }
.parameters td { overflow-wrap: anywhere; }
.unseen tbody th, .unseen .split { white-space: normal; }
.swatch { display: inline-block; width: .65em; height: .65em; margin-right: .6em; border-radius: 50%; }
.swatch.train { background: var(--train); } .swatch.val { background: var(--val); }
.swatch.test-in { background: var(--test-in); } .swatch.test-out { background: var(--test-out); }
.legend { margin: .75rem 0; padding: 0; list-style: none; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 3rem; }
.counts { width: 100%; }
.counts :is(.left-out, .part) th { padding-left: 1.25rem; }
.left-out th, .left-out td { color: var(--muted); }
figure { margin: 2rem 0 2.5rem; }
figcaption { max-width: 46rem; color: var(--muted); font-size: .95rem; }
.chart { width: 100%; min-height: 12rem; }
.chart[data-drawn] { min-height: 0; }
.downloads { display: flex; flex-wrap: wrap; align-items: baseline; gap: .4rem; margin: .25rem 0 .5rem; }
.downloads output { font-size: .78rem; }
.downloads button { padding: .05rem .5rem; font-size: .78rem; color: var(--muted); }
.choice { display: inline-flex; flex-wrap: wrap; align-items: center; gap: .4rem; max-width: 100%; margin-bottom: .5rem; font-size: .9rem; }
select { max-width: 100%; padding: .2rem .3rem; border: 1px solid var(--line); border-radius: .35rem; background: var(--panel); color: var(--ink); font: inherit; }
.said { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.whole-run, .selection, .no-photos, .on-paper { display: none; }
:is([data-period="part"] .whole-run, [data-photos="none"] .no-photos) { display: block; padding: .35rem .75rem; border-left: 3px solid var(--line); color: var(--muted); font-size: .9rem; }
.problem { flex-basis: 100%; margin: 0; font-weight: 600; }
.problem:empty { display: none; }
.toolbar input[aria-invalid="true"] { border-color: var(--train); outline: 1px solid var(--train); }
.unseen { width: 100%; max-width: 46rem; }
h3 .number { color: var(--muted); font-weight: 400; }
.note { color: var(--muted); font-size: .9rem; }
caption { padding-bottom: .2rem; text-align: left; font-weight: 600; font-size: .9rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.absent p, .notice { padding: .75rem 1rem; border-left: 3px solid var(--accent); background: var(--panel); }
.tip { font-variant-numeric: tabular-nums; }
.tip th, .tip td { padding: 0 .4rem 0 0; border: 0; text-align: left; line-height: 1.45; color: inherit; }
.tip th { color: var(--muted); }
button {
  padding: .3rem .7rem; border: 1px solid var(--line); border-radius: .35rem; background: var(--panel); color: var(--ink);
  font: inherit; font-size: .9rem; cursor: pointer;
}
button:hover:not(:disabled) { border-color: var(--accent); }
button:disabled { opacity: .45; cursor: default; }
.toolbar {
  position: sticky; top: 0; z-index: 5; display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .9rem;
  margin: 1.25rem 0 0; padding: .5rem 0; border-bottom: 1px solid var(--line); background: var(--ground); font-size: .9rem;
}
.toolbar[hidden] { display: none; }
.toolbar input[type="date"] {
  padding: .15rem .3rem; border: 1px solid var(--line); border-radius: .35rem; background: var(--panel); color: var(--ink); font: inherit;
}
.toolbar output { color: var(--muted); font-variant-numeric: tabular-nums; }
.splits:empty { display: none; }
.splits { display: flex; flex-wrap: wrap; gap: .2rem .9rem; }
.toggle { display: inline-flex; align-items: center; gap: .3rem; white-space: nowrap; cursor: pointer; }
.toggle .swatch { margin: 0; }
dl.inline { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; }
dl.inline div { display: flex; gap: .4rem; }
dl.inline dd { font-weight: 600; }
.facts-list div { grid-template-columns: minmax(6.5rem, 9rem) 1fr; }
.facts-list dd, .hash { font-family: ui-monospace, monospace; font-size: .85rem; }
td.hash, td.text { text-align: left; }
td.hash { white-space: normal; overflow-wrap: anywhere; min-width: 16rem; }
table.apart { display: inline-table; margin: 0 2.5rem 1rem 0; vertical-align: top; }
.checks div { display: grid; grid-template-columns: 9.5rem 8rem 1fr; gap: 0 1rem; padding: .4rem 0; border-bottom: 1px solid var(--line); }
.checks dt { color: var(--ink); font-weight: 600; }
.checks dd:last-child { color: var(--muted); text-align: left; }
.finding { padding-left: 1rem; border-left: 3px solid var(--accent); }
.examples { padding: 0; list-style: none; }
.examples li { margin: .75rem 0; }
.noted { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .35rem; }
.noted .card { width: 9.5rem; border: 1px solid var(--line); border-radius: .35rem; background: var(--panel); color: var(--ink); text-decoration: none; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .75rem; }
[data-gallery="contradicted"] { grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
.card { display: flex; flex-direction: column; gap: .15rem; padding: .5rem; text-align: left; overflow: hidden; }
.card span, .card b { font-size: .82rem; line-height: 1.35; }
.card > span:not(.photo), .side span:not(.photo), .note { color: var(--muted); }
.pair-card { border: 1px solid var(--line); border-radius: .35rem; background: var(--panel); }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; }
.side { display: flex; flex-direction: column; padding: .35rem; background: var(--ground); text-align: left; }
.side.chosen { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.side span { font-size: .78rem; line-height: 1.35; }
.photo { display: flex; aspect-ratio: 4 / 3; border-radius: .25rem; overflow: hidden; background: var(--line); }
.photo img { width: 100%; height: 100%; object-fit: contain; font-size: .75rem; }
.missing { display: flex; flex-direction: column; gap: .25rem; padding: .4rem; overflow: hidden; font-size: .72rem; color: var(--muted); }
.missing code { overflow-wrap: anywhere; font-size: .68rem; }
.panel {
  position: fixed; inset: 0 0 0 auto; z-index: 10; width: min(27rem, 48vw); padding: .75rem 1rem 1.5rem; overflow-y: auto;
  border: 1px solid var(--line); background: var(--ground); box-shadow: 0 0 2rem #0003;
}
.panel[data-side="left"] { inset: 0 auto 0 0; }
.panel[data-side="top"] { inset: 0 0 auto 0; width: auto; max-height: 48vh; }
.panel[data-side="bottom"] { inset: auto 0 0 0; width: auto; max-height: 48vh; }
.panel[hidden] { display: none; }
.panel:is([data-side="top"], [data-side="bottom"]) .view { max-width: 22rem; }
.panel header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; }
.panel h2 { margin: 0; padding: 0; border: 0; font-size: 1.1rem; font-variant-numeric: tabular-nums; }
.panel h3 { margin: 1rem 0 .4rem; }
.panel .close { padding: .1rem .6rem; font-size: 1.2rem; }
.panel .view { margin: .6rem 0; }
.panel .buttons { display: flex; justify-content: space-between; gap: .5rem; margin-bottom: .75rem; }
.panel .key { font-size: .8rem; color: var(--muted); }
.panel ul { margin: 0; padding: 0; list-style: none; }
.panel .pair { display: grid; grid-template-columns: 5.5rem 1fr; gap: .6rem; align-items: center; width: 100%; margin-bottom: .4rem; text-align: left; }
details { margin-top: .75rem; }
summary { cursor: pointer; color: var(--accent); }
.mark { color: var(--muted); font-weight: 400; }
nav { max-width: 68rem; margin: 0 auto 1.5rem; font-size: .95rem; }
nav ol { display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav ol ol { display: none; }
nav a { display: inline-block; padding: .2rem 0; text-decoration: none; }
nav a:hover { text-decoration: underline; }
@media screen and (max-width: 40rem) {
  .toolbar { position: static; }
  .checks div { grid-template-columns: 1fr auto; }
  .checks dd:last-child { grid-column: 1 / -1; }
  th, td { padding-left: .6rem; }
  .scroll th, .measures td { white-space: normal; }
  .measures tbody th { white-space: nowrap; }
  td.hash { min-width: 10rem; }
  thead th[scope="col"]:not(.split) { padding-left: .6rem; }
  .counts :is(.left-out, .part) th { padding-left: .75rem; }
  :is(.performance, .measures, .unseen) { font-size: .9rem; }
}
@media screen and (min-width: 78rem) {
  body { display: grid; grid-template-columns: 13rem minmax(0, 68rem); gap: 3rem; justify-content: center; padding-top: 2.5rem; }
  main { width: 100%; margin: 0; }
  nav { position: sticky; top: 2.5rem; align-self: start; max-height: calc(100vh - 4rem); margin: 0; overflow-y: auto; }
  nav ol { display: block; }
  nav ol ol { display: block; padding-left: 1rem; }
}
@media print {
  @page { margin: 15mm; }
  html { font-size: 10pt; }
  body { padding: 0; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  nav, details, .toolbar, .panel, .downloads, .choice, .on-screen { display: none; }
  .on-paper { display: block; }
  .scroll { overflow: visible; background: none; }
  .facts, .columns { grid-template-columns: 1fr 1fr; }
  .selection:not(:empty) { display: block; font-weight: 600; }
  /* Drawn for the window, shrunk to the paper. */
  .chart, .chart > div { position: static !important; width: 100% !important; height: auto !important; }
  .chart canvas { position: static !important; width: auto !important; height: auto !important; max-width: 100%; max-height: 20cm; }
  .card { break-inside: avoid; }
  h2, h3, h4, .finding p, p:has(+ :is(.gallery, .scroll, table, ul, dl)) { break-after: avoid; }
  figure, table, p, .facts section, .examples li, .checks div, .facts-list div { break-inside: avoid; }
}
`;
