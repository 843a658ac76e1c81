import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { stationClock } from '../../shared/formats/local-time.ts';
import { print, runR } from './run-r.ts';

const folder = mkdtempSync(join(tmpdir(), 'fpe-published-times-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The lines of R in the README. */
const documented = (): string => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  const lines = /\nIn R:\n\n((?: {4}.*\n)+)/.exec(readme)?.[1] as string;
  return lines.replaceAll(/^ {4}/gm, '');
};

test('R reads the times of predictions as the README says, on both sides of daylight saving time', () => {
  const instants = [
    '2022-03-13T06:59:59Z',
    '2022-03-13T07:00:00Z',
    '2022-11-06T05:30:00Z',
    '2022-11-06T06:30:00Z',
  ];
  const { iso } = stationClock('America/New_York');
  // As they are published, and as they are in other files.
  const written = [...instants.map((instant) => iso(Date.parse(instant))), ...instants];
  writeFileSync(
    join(folder, 'predictions.csv'),
    `image_id,timestamp,score\n${written.map((time, index) => `${index},${time},0.5\n`).join('')}`,
  );

  const seconds = runR(`setwd("${folder}")\n${documented()}\n${print('scores$timestamp')}`);

  expect(seconds).toEqual([...instants, ...instants].map((instant) => Date.parse(instant) / 1000));
});
