/**
 * Draws the states of each machine that do work, in running order, as docs/{machine}.svg: `npm run diagram` redraws them, and a
 * test detects a machine that has changed since.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

type State = { Type: string; Resource?: unknown; ItemProcessor?: Machine; Choices?: { Next: string }[] };
type Machine = { StartAt: string; States: Record<string, State> };
type Box = { name: string; kind: 'function' | 'service'; isOptional: boolean; isMap: boolean };

const FOLDER = import.meta.dirname;
export const diagramFile = (machine: DrawnMachine): string => join(FOLDER, '..', 'docs', `${machine}.svg`);

type Row = { title: string; first: string };
/** Rows of each picture, by the state that begins each row. */
const ROWS = {
  'train-station': [
    { title: 'Prepare', first: 'PrepareRun' },
    { title: 'Learn', first: 'TrainModel' },
    { title: 'Publish', first: 'PlanMerge' },
  ],
  'score-station': [
    { title: 'Select', first: 'PrepareScoring' },
    { title: 'Score', first: 'SupplyCode' },
    { title: 'Publish', first: 'ExtendPredictions' },
  ],
} as const satisfies Record<string, Row[]>;
export type DrawnMachine = keyof typeof ROWS;
export const DRAWN_MACHINES = Object.keys(ROWS) as DrawnMachine[];
/** A Choice leads to these only because the preceding state has succeeded, or because they are the first of a whole row. */
const NO_OPTIONS = new Set(['CreateModel', 'PlanMerge', 'SupplyCode']);
const BOX = { width: 166, height: 34, gapX: 20, gapY: 30 };
const LEFT = 84;
const TOP = 14;

/** The picture as SVG, in the colors of the reader's scheme. */
export function drawDiagram(machine: DrawnMachine): string {
  const text = readFileSync(join(FOLDER, `${machine}.asl.yml`), 'utf8');
  const rows = rowsOf(ROWS[machine], boxesOf(parse(text, { merge: true })));
  const longest = rows.reduce((most, { boxes }) => Math.max(most, boxes.length), 0);
  const width = LEFT + longest * (BOX.width + BOX.gapX);
  const height = TOP + rows.length * (BOX.height + BOX.gapY) - BOX.gapY + 40;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="States of ${machine}">
<style>
  text { font: 13px system-ui, sans-serif; fill: #1b2126; text-anchor: middle }
  .title { font-weight: 600; text-anchor: start } .legend { fill: #57626b; text-anchor: start }
  rect { stroke-width: 1.5; rx: 6px } path { fill: none; stroke: #8a959d; stroke-width: 1.5 }
  .function { fill: #fff4e5; stroke: #d9822b } .service { fill: #e6f4ec; stroke: #3f8f62 }
  .optional { stroke-dasharray: 5 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6eaed } .legend { fill: #9aa7b0 }
    .function { fill: #3a2a16 } .service { fill: #16302299 }
  }
</style>
${rows.map(drawRow).join('\n')}
${drawLegend(height - 12)}
</svg>
`;
}

function boxesOf({ States }: Machine): Box[] {
  const offered = new Set(
    Object.values(States).flatMap(({ Choices = [] }) => Choices.map(({ Next }) => Next)),
  );
  return Object.entries(States)
    .filter(([, { Type }]) => Type === 'Task' || Type === 'Map')
    .map(([name, { Type, Resource, ItemProcessor }]) => ({
      name: ItemProcessor?.StartAt ?? name,
      kind: typeof Resource === 'string' ? 'service' : 'function',
      // A Choice leads here or bypasses this state.
      isOptional: offered.has(name) && !NO_OPTIONS.has(name),
      isMap: Type === 'Map',
    }));
}

function rowsOf(titles: readonly Row[], boxes: Box[]): { title: string; boxes: Box[] }[] {
  const starts = titles.map(({ first }) => boxes.findIndex(({ name }) => name === first));
  return titles.map(({ title }, row) => ({ title, boxes: boxes.slice(starts[row], starts[row + 1]) }));
}

function drawRow({ title, boxes }: { title: string; boxes: Box[] }, row: number): string {
  const y = TOP + row * (BOX.height + BOX.gapY);
  const middle = y + BOX.height / 2;
  const shapes = boxes.map(({ name, kind, isOptional, isMap }, column) => {
    const x = LEFT + column * (BOX.width + BOX.gapX);
    const style = `class="${kind}${isOptional ? ' optional' : ''}"`;
    const rectangle = (shift: number) =>
      `<rect x="${x + shift}" y="${y - shift}" width="${BOX.width}" height="${BOX.height}" ${style}/>`;
    return [
      column > 0 ? arrow(x - BOX.gapX, middle, x - 2) : '',
      // A Map is drawn as a stack of several boxes.
      isMap ? rectangle(4) : '',
      rectangle(0),
      `<text x="${x + BOX.width / 2}" y="${middle + 4.5}">${name}</text>`,
    ].join('');
  });
  return [`<text x="8" y="${middle + 4.5}" class="title">${title}</text>`, ...shapes].join('\n');
}

const arrow = (fromX: number, y: number, toX: number): string =>
  `<path d="M${fromX} ${y}H${toX}m-5 -4l5 4l-5 4"/>`;

const drawLegend = (y: number): string =>
  [
    `<rect x="${LEFT}" y="${y - 11}" width="16" height="12" class="function"/>`,
    `<text x="${LEFT + 24}" y="${y}" class="legend">Lambda function</text>`,
    `<rect x="${LEFT + 160}" y="${y - 11}" width="16" height="12" class="service"/>`,
    `<text x="${LEFT + 184}" y="${y}" class="legend">SageMaker or SNS, called by the machine itself</text>`,
    `<rect x="${LEFT + 510}" y="${y - 11}" width="16" height="12" class="function optional"/>`,
    `<text x="${LEFT + 534}" y="${y}" class="legend">only where it applies</text>`,
  ].join('\n');

if (import.meta.main)
  for (const machine of DRAWN_MACHINES) writeFileSync(diagramFile(machine), drawDiagram(machine));
