/** Draws photos of a generated station's folder side by side, from the lowest value to the highest: FOLDER OUT.png [COUNT]. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import Papa from 'papaparse';

const COLUMNS = 6;
const WIDTH = 320;
const HEIGHT = 240;

const [folder, target, count = '36'] = process.argv.slice(2);
if (!folder || !target) {
  console.error('Usage: node demo-station/contact-sheet.ts FOLDER OUT.png [COUNT]');
  process.exit(2);
}
const paths = new Map(
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => [basename(path), path]),
);
const truth = Papa.parse<Record<string, string>>(readFileSync(join(folder, 'truth.csv'), 'utf8'), {
  header: true,
  skipEmptyLines: true,
}).data;
/** The demo's truth.csv has a flow, that of a member of the family a value of its variable. */
const valueIn = (row: Record<string, string>) => Number(row.true_value ?? row.flow_cfs);
const photos = truth
  .filter(({ defect, usable }) => !defect && usable?.toLowerCase() !== 'false')
  .toSorted((a, b) => valueIn(a) - valueIn(b));
const shown = Array.from(
  { length: Math.min(Number(count), photos.length) },
  (_, index) => photos[Math.floor((index * photos.length) / Number(count))] as Record<string, string>,
);
const canvas = createCanvas(COLUMNS * WIDTH, Math.ceil(shown.length / COLUMNS) * HEIGHT);
const context = canvas.getContext('2d');
for (const [index, photo] of shown.entries()) {
  const path = paths.get(basename(photo.filename as string)) as string;
  const [x, y] = [(index % COLUMNS) * WIDTH, Math.floor(index / COLUMNS) * HEIGHT];
  context.drawImage(await loadImage(join(folder, path)), x, y, WIDTH, HEIGHT);
  context.fillStyle = 'yellow';
  context.font = '14px sans-serif';
  context.fillText(`${valueIn(photo)}  ${photo.phenomena ?? ''}`, x + 6, y + 18);
}
writeFileSync(target, canvas.toBuffer('image/png'));
