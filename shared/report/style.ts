/**
 * Style of the report. Splits in ColorBrewer's Set1 as upstream, lightened on dark ground until they contrast as well;
 * paper is always light, and always gets the wide charts.
 */
export const STYLE = `
:root {
  --ground: #fff; --panel: #f5f7f8; --ink: #1b2126; --muted: #57626b; --line: #dde2e6; --accent: #0b6aa2;
  --train: #e41a1c; --val: #377eb8; --test-in: #3d9a3a; --test-out: #984ea3;
  color-scheme: light dark;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #14181b; --panel: #1d2327; --ink: #e6eaed; --muted: #9aa7b0; --line: #333c43; --accent: #6cb8e6;
    --train: #ff6b63; --val: #6aaee6; --test-in: #74c470; --test-out: #c78ad1;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body {
  margin: 0; padding: 1.25rem 1rem 3rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
main { max-width: 52rem; margin: 0 auto; }
h1 { margin: 0; font-size: clamp(1.5rem, 5vw, 2.1rem); line-height: 1.2; text-wrap: balance; }
h1 .id { color: var(--muted); font-weight: 400; }
h2 { margin: 2.75rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); font-size: 1.3rem; }
h3 { margin: 1.25rem 0 .5rem; font-size: 1.05rem; }
p { margin: .75rem 0; max-width: 46rem; text-wrap: pretty; }
a { color: var(--accent); }
.over { margin: 0 0 .25rem; color: var(--muted); font-size: .9rem; letter-spacing: .02em; }
.lead { margin: .75rem 0 1.5rem; font-size: 1.1rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: .75rem; }
.facts section { padding: .75rem 1rem; border-radius: .5rem; background: var(--panel); }
.facts h2 { margin: 0 0 .4rem; padding: 0; border: 0; font-size: .95rem; color: var(--muted); font-weight: 600; }
dl { margin: 0; }
dl div { display: grid; grid-template-columns: 6.5rem 1fr; gap: .75rem; padding: .1rem 0; }
dt { color: var(--muted); }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem 0 .3rem 1.25rem; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400; }
:is(th, td):first-child { padding-left: 0; }
:is(th[scope="row"], .split) { text-align: left; }
thead th { color: var(--muted); font-size: .9rem; }
thead th[scope="col"]:not(.split) { padding-left: 1.25rem; }
.total th, .total td { font-weight: 600; }
.performance { width: 100%; max-width: 34rem; }
.performance td:not(.tau) { color: var(--muted); font-weight: 400; }
.swatch { display: inline-block; width: .65em; height: .65em; margin-right: .6em; border-radius: 50%; }
.swatch.train { background: var(--train); } .swatch.val { background: var(--val); }
.swatch.test-in { background: var(--test-in); } .swatch.test-out { background: var(--test-out); }
.legend { margin: .75rem 0; padding: 0; list-style: none; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 3rem; }
.counts { width: 100%; }
.counts :is(.left-out, .part) th { padding-left: 1.25rem; }
.left-out th, .left-out td { color: var(--muted); }
figure { margin: 0; }
figcaption { max-width: 46rem; color: var(--muted); font-size: .95rem; }
.chart svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
details { margin-top: .75rem; }
summary { cursor: pointer; color: var(--accent); }
.mark { color: var(--muted); font-weight: 400; }
nav { max-width: 52rem; margin: 0 auto 1.5rem; font-size: .95rem; }
nav ol { display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav ol ol { display: none; }
nav a { display: inline-block; padding: .2rem 0; text-decoration: none; }
nav a:hover { text-decoration: underline; }
@media screen and (max-width: 40rem) {
  .wide { display: none; }
  .narrow { display: block; }
}
@media screen and (min-width: 72rem) {
  body { display: grid; grid-template-columns: 13rem minmax(0, 52rem); gap: 3rem; justify-content: center; padding-top: 2.5rem; }
  main { width: 100%; margin: 0; }
  nav { position: sticky; top: 2.5rem; align-self: start; max-height: calc(100vh - 4rem); margin: 0; overflow-y: auto; }
  nav ol { display: block; }
  nav ol ol { display: block; padding-left: 1rem; }
}
@media print {
  @page { margin: 15mm; }
  html { font-size: 10pt; }
  body { padding: 0; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  nav, details { display: none; }
  .facts { grid-template-columns: 1fr 1fr; }
  .columns { grid-template-columns: 1fr 1fr; }
  h2, h3 { break-after: avoid; }
  figure, table, .facts section { break-inside: avoid; }
}
`;
