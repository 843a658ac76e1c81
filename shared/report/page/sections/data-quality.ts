import { countOf, formatCount } from '../../../formats/numbers.ts';
import { CHECKS, type CheckName, type CheckResult, countFindings } from '../../../quality/finding.ts';
import { type Html, html, NOTHING, wholeRunNote } from '../html.ts';
import type { Section } from '../page.ts';

/** Heads of the checks, and why one of them may not have been made. */
const CHECK_WORDS: Record<CheckName, { title: string; notMade: string }> = {
  clock: { title: 'Camera clocks', notMade: 'Not checked by the version that made the dataset.' },
  duplicates: { title: 'Duplicates', notMade: 'Not checked by the version that made the dataset.' },
  gaps: { title: 'Gaps', notMade: 'Not checked by the version that made the dataset.' },
  values: { title: 'Observed values', notMade: 'Not checked by the version that made the dataset.' },
  darkness: {
    title: 'Light',
    notMade:
      'Not known: photos are opened when they are scored, so the report of a model tells, where its answers do.',
  },
  annotators: { title: 'Annotators', notMade: 'Not checked by the version that made the dataset.' },
};

/**
 * Everything that was checked and found; the photos of the findings are in `notedPhotos`.
 *
 * @param remarks what does not take part and why, in sentences; see `shared/dataset/reasons.ts`
 */
export function qualitySection(checks: readonly CheckResult[], remarks: readonly string[]): Section {
  const counts = countFindings(checks);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  let number = 0;
  return {
    id: 'data-quality',
    title: 'Data quality',
    content: html`<p>${total === 0 ? nothingFound(checks) : countOf(total, 'finding')}. A finding is a question to whoever knows the station; nothing is left out because of it.</p>
${wholeRunNote('Findings are')}
<dl class="checks">${CHECKS.map((name) => {
      const made = checks.find(({ check }) => check === name);
      return html`<div><dt>${CHECK_WORDS[name].title}</dt><dd>${made ? result(made) : 'not checked'}</dd><dd>${made?.checked ?? CHECK_WORDS[name].notMade}</dd></div>
`;
    })}</dl>
<section id="left-out"><h3>Left out</h3>
${
  remarks.length > 0
    ? remarks.map(
        (remark) => html`<p>${remark}</p>
`,
      )
    : html`<p>Every photo, pair and observed value takes part.</p>`
}</section>
${checks.flatMap(({ findings }) =>
  findings.map(
    ({
      kind,
      title,
      meaning,
      action,
      examples,
      more,
    }) => html`<section class="finding" id="${anchor(kind)}"><h3>${title}</h3>
<p>${meaning}</p>
<p><b>What to do:</b> ${action}</p>
<ul class="examples">${examples.map(
      ({ caption }) => html`<li>${caption}<div class="noted" data-example="${number++}"></div></li>
`,
    )}</ul>${more > 0 ? html`<p class="note">And ${formatCount(more)} more.</p>` : NOTHING}</section>
`,
  ),
)}`,
  };
}

/** What was not checked is not in order for that. */
function nothingFound(checks: readonly CheckResult[]): string {
  if (checks.length === 0) return 'Nothing was checked';
  return checks.length < CHECKS.length
    ? 'Nothing was found by the checks that were made'
    : 'Nothing was found';
}

/** How many findings, with a link to the first. */
function result({ findings }: CheckResult): Html {
  const [first] = findings;
  if (!first) return html`nothing found`;
  return html`<a href="#${anchor(first.kind)}">${countOf(findings.length, 'finding')}</a>`;
}

const anchor = (kind: string): string => `finding-${kind.replaceAll(/[^a-z]+/g, '-')}`;
