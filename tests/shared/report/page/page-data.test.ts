import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { envelope, thin } from '../../../../shared/report/data/decimation.ts';
import {
  narrowed,
  packColumns,
  secondSteps,
  sumSeconds,
  unpackColumns,
} from '../../../../shared/report/page/columns.ts';
import { type PageData, packPage, unpackPage } from '../../../../shared/report/page/page-data.ts';
import { judgedPairs, scoredPhotos } from '../../../fixtures/report.ts';

describe('Columns', () => {
  test('come back as they were packed, of every type and length', () => {
    const integers = fc.array(fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.array(fc.double()),
        integers,
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''))),
        fc.jsonValue(),
        (doubles, bytes, texts, head) => {
          const columns = {
            a: Float64Array.from(doubles),
            b: Uint8Array.from(bytes),
            c: texts,
            d: Uint32Array.from(bytes),
          };

          const unpacked = unpackColumns(packColumns(head, columns));

          expect(JSON.stringify(unpacked.head)).toBe(JSON.stringify(head));
          expect(unpacked.columns).toEqual(columns);
        },
      ),
    );
  });

  test('of 64 bits are halved only where that loses nothing', () => {
    expect(narrowed(Float64Array.of(0.5, Number.NaN, Math.fround(0.1), -0))).toBeInstanceOf(Float32Array);
    expect(narrowed(Float64Array.of(0.5, 0.1))).toBeInstanceOf(Float64Array);
  });

  test('of instants come back from their steps', () => {
    const instants = Float64Array.of(1_772_366_400_000, 1_772_366_400_000, 1_772_452_800_000, 0);

    expect(sumSeconds(secondSteps(instants))).toEqual(instants);
  });
});

describe('The data of a page', () => {
  test('comes back as it was packed', () => {
    const page: PageData = {
      kind: 'report',
      station: { id: 29, name: 'West Brook', synthetic: false },
      code: 'RANK-FLOW-20260401',
      variable: { label: 'Flow [cfs]', noun: 'flow', unit: 'cfs' },
      timezone: 'America/New_York',
      seed: 1691,
      resamples: 150,
      photoBase: 'https://storage.s3.amazonaws.com/',
      photos: scoredPhotos([
        { at: '2026-03-01T12:00:00Z', value: 0.1, score: 0.5, split: 'val' },
        {
          at: '2026-03-01T13:00:00Z',
          value: null,
          score: null,
          split: 'test-out',
          key: 'a "b" </script>.jpg',
        },
      ]),
      pairs: judgedPairs([{ left: 0, right: 1, choice: -1, split: 'val', annotator: 3 }]),
      epochs: [{ epoch: 1, train: 0.5, val: null }],
      learningCurve: {
        valPairs: 4,
        points: [{ pairs: 9, accuracy: [], loss: [0.5, 0.6] }],
        missing: null,
      },
      strata: null,
      previous: { model_code: 'older', scores: Float64Array.of(1, Number.NaN), wasTest: Uint8Array.of(0, 1) },
      observed: { timestamps: Float64Array.of(1_000, 2_000), values: Float64Array.of(1.5, 2.5) },
      noted: {
        examples: Uint32Array.of(0, 1),
        timestamps: Float64Array.of(Date.UTC(2190, 0, 1), Date.UTC(1901, 0, 1)),
        imageIds: Uint32Array.of(7, 9),
        keys: ['imagesets/1/images/a.JPG', '</script>.JPG'],
      },
    };

    expect(unpackPage(packPage(page))).toEqual(page);
    expect(unpackPage(packPage({ ...page, previous: null, observed: null }))).toEqual({
      ...page,
      previous: null,
      observed: null,
    });
  });
});

describe('Decimation for drawing', () => {
  test('keeps every k-th row of a cloud, at most as many as asked for', () => {
    expect(thin([0, 1, 2, 3, 4, 5, 6], 3)).toEqual([0, 3, 6]);
    expect(thin([5, 6], 3)).toEqual([5, 6]);
  });

  test('keeps lowest and highest of a line wherever it is thinned', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 20 }),
        (numbers, buckets) => {
          const y = Float64Array.from(numbers);
          const rows = [...y.keys()];

          const kept = envelope(rows, y, buckets);

          const values = kept.map((row) => y[row] as number);
          expect(Math.max(...values)).toBe(Math.max(...numbers));
          expect(Math.min(...values)).toBe(Math.min(...numbers));
          expect(kept.length).toBeLessThanOrEqual(
            Math.max(rows.length === kept.length ? rows.length : 0, 2 * buckets),
          );
          expect(kept).toEqual(kept.toSorted((a, b) => a - b));
        },
      ),
    );
  });
});
