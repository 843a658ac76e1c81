import { hasInterval } from './comparison.ts';
import { type Comparison, type ComparisonRow, differenceText, type Figure, signed } from './tables.ts';

const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } caption { text-align: left; font-weight: 600 }
th, td { border-bottom: 1px solid #8886; padding: 0.2rem 0.6rem; text-align: right } th:first-child { text-align: left } th[scope=row] { font-weight: 400 }
.scroll { overflow-x: auto } svg { vertical-align: middle } th.better[scope=row] { font-weight: 700 }
:root { color-scheme: light dark }`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** Half the width of the scale of differences, in Kendall tau. */
const REACH = 0.2;
const WIDTH = 220;

/** A difference as a dot with its interval on a line whose middle is no difference. */
function intervalDrawing({ difference }: Figure): string {
  if (!difference) return '';
  const x = (value: number) =>
    (((Math.max(-REACH, Math.min(REACH, value)) + REACH) / (2 * REACH)) * WIDTH).toFixed(1);
  return `<svg width="${WIDTH}" height="16" role="img" aria-label="${differenceText(difference)}">
<line x1="${WIDTH / 2}" x2="${WIDTH / 2}" y1="0" y2="16" stroke="currentColor" opacity="0.4"/>
${hasInterval(difference) ? `<line x1="${x(difference.low)}" x2="${x(difference.high)}" y1="8" y2="8" stroke="currentColor" stroke-width="2"/>` : ''}
<circle cx="${x(difference.mean)}" cy="8" r="4" fill="currentColor"/></svg>`;
}

function figureTable(figure: string, reference: string, rows: readonly ComparisonRow[]): string {
  const lines = rows.flatMap(({ recipe, pairs, figures, isBetter }) => {
    const own = figures.get(figure);
    if (!own) return [];
    const { mean, low, high, n } = own.estimate;
    const cells = [
      ...[String(pairs), String(n), mean.toFixed(3)],
      hasInterval(own.estimate) ? `${low.toFixed(3)} – ${high.toFixed(3)}` : '',
      ...[differenceText(own.difference), intervalDrawing(own)],
      own.difference ? `${signed(own.difference.worst.mean)} ${escaped(own.difference.worst.station)}` : '',
    ];
    const name = `<th scope="row"${isBetter ? ' class="better"' : ''}>${escaped(recipe)}</th>`;
    return [`<tr>${name}${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`];
  });
  const header = [
    'recipe',
    'pairs',
    'trainings',
    'mean',
    '95 %',
    `against ${escaped(reference)}`,
    '',
    'worst station',
  ];
  return `<div class="scroll"><table><caption>${escaped(figure)}</caption>
<tr>${header.map((name) => `<th scope="col">${name}</th>`).join('')}</tr>
${lines.join('\n')}
</table></div>`;
}

/** One page with a table for each figure. @param about lines that say what was measured, where and when */
export function evaluationPage({ reference, figures, rows }: Comparison, about: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Recipes compared</title><style>${STYLE}</style></head><body>
<h1>Recipes compared</h1>
<p>Kendall tau of scores and true values, of photos that the network has not seen; against ${escaped(reference)} trained with the
same pairs of the same station and seed. Bold: better within and after the annotation period, and clearly worse nowhere.</p>
<ul>${about.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>
${figures.map((figure) => figureTable(figure, reference, rows)).join('\n')}
</body></html>
`;
}
