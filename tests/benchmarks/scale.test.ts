import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { FULL, partOf } from '../../benchmarks/scale/large-station.ts';
import { measureScale, type ScaleMeasures } from '../../benchmarks/scale/measure.ts';
import { marginsOf, scaleTable } from '../../benchmarks/scale/table.ts';
import { STATION_LIMITS } from '../../shared/limits/station-size.ts';

/** That the measuring of `npm run test:scale` works, with a thousandth of its station: most of the time is that of starting processes. */
const PART = 1000;
jest.setTimeout(900_000);

let measures: ScaleMeasures;
beforeAll(async () => {
  measures = await measureScale(partOf(PART), { say: () => undefined, until: null });
});

test('the station that is measured is the largest that is not refused', () => {
  const { photos, annotationFiles, pairs, values } = FULL;

  expect({
    photos,
    annotation_files: annotationFiles,
    annotation_pairs: pairs,
    uploaded_values: values,
  }).toEqual(STATION_LIMITS);
});

test('every function is measured against the memory and the time that it has on AWS', () => {
  const file = join(import.meta.dirname, '..', '..', 'resources', 'functions.yml');
  const functions = parse(readFileSync(file, 'utf8')) as Record<
    string,
    { memorySize: number; timeout: number }
  >;
  const limits = new Map(measures.functions.map(({ name, limits }) => [name, limits]));

  for (const [key, { memorySize, timeout }] of Object.entries(functions)) {
    const name = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect([name, limits.get(name)]).toEqual([name, { seconds: timeout, megabytes: memorySize }]);
  }
});

test('a thousandth of the station leaves a wide margin everywhere', () => {
  expect(measures.failed).toBeNull();
  expect(measures.executions.map(({ name }) => name)).toEqual([
    'train-station',
    'score-station',
    'refresh-stations',
  ]);
  expect(marginsOf(measures).filter(({ margin }) => margin < 2)).toEqual([]);
  for (const { measured } of measures.functions) {
    expect(measured.megabytes).toBeGreaterThan(50);
    expect(measured.seconds).toBeGreaterThan(0);
  }
});

test('a margin that is too narrow is told from the others', () => {
  const [first] = measures.functions as [ScaleMeasures['functions'][0]];
  const narrow = { ...first, limits: { seconds: 900, megabytes: 1.5 * first.measured.megabytes } };

  expect(scaleTable({ functions: [narrow], executions: [], failed: null })).toContain('**1.5 ×**');
  expect(
    marginsOf({ functions: [narrow], executions: [], failed: null }).filter(({ margin }) => margin < 2),
  ).toEqual([expect.objectContaining({ of: first.name, what: 'MB', margin: 1.5 })]);
});
