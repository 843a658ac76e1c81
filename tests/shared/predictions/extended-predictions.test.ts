import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readCsv } from '../../../shared/formats/csv.ts';
import { type PredictedPhoto, predictedPhoto } from '../../../shared/predictions/columns.ts';
import { byInstant, extendPredictions } from '../../../shared/predictions/extended-predictions.ts';

const photo = (
  image_id: number | null,
  timestamp: number,
  more: Partial<PredictedPhoto> = {},
): PredictedPhoto => ({
  split: 'test-in',
  image_id,
  timestamp,
  filename: `imagesets/a/images/${image_id}.jpg`,
  url: null,
  value: null,
  score: 0.5,
  ...more,
});
async function* batches(rows: PredictedPhoto[], size = 2) {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}
const extend = async (rows: PredictedPhoto[], added: PredictedPhoto[]) =>
  (await Array.fromAsync(extendPredictions(batches(rows), added))).flat();
const ids = (rows: PredictedPhoto[]) => rows.map(({ image_id }) => image_id);

describe('extended predictions', () => {
  test('have the new rows where their time is, after those of the same instant', async () => {
    const extended = await extend(
      [photo(1, 10), photo(2, 20), photo(3, 30)],
      [photo(9, 5), photo(8, 20), photo(7, 40)],
    );

    expect(ids(extended)).toEqual([9, 1, 2, 8, 3, 7]);
  });

  test('are the new rows alone where there were none', async () => {
    expect(ids(await extend([], [photo(9, 5)]))).toEqual([9]);
  });

  test('have no photo twice, as a run that was cut off is repeated', async () => {
    const added = [photo(8, 20), photo(9, 20)];
    const once = await extend([photo(1, 10), photo(2, 20)], added);

    const twice = await extend(once, added);

    expect(twice).toEqual(once);
  });

  test('leave out each new photo that is there already, wherever it stands among those of its instant', async () => {
    const known = [photo(1, 20), photo(2, 20), photo(3, 20)];

    expect(ids(await extend(known, [photo(2, 20), photo(9, 20), photo(1, 20), photo(3, 20)]))).toEqual([
      ...[1, 2, 3],
      9,
    ]);
  });

  test('tell photos apart by their ids where both have one, whatever their files are called', async () => {
    const filename = 'imagesets/a/images/same.jpg';

    const extended = await extend([photo(1, 20, { filename })], [photo(2, 20, { filename })]);

    expect(ids(extended)).toEqual([1, 2]);
    expect(await extend([photo(null, 20, { filename })], [photo(7, 20)])).toHaveLength(2);
  });

  test('come in batches that are never empty', async () => {
    const found = await Array.fromAsync(extendPredictions(batches([photo(1, 10)]), [photo(1, 10)]));

    expect(found.map((rows) => rows.length)).toEqual([1]);
  });

  test('are sorted by time, then by id, of which none is the least', () => {
    const rows = [photo(3, 20), photo(2, 20), photo(null, 20), photo(9, 10)];

    expect(ids(rows.sort(byInstant))).toEqual([9, null, 2, 3]);
  });

  test('know a photo of a file without ids by its key', async () => {
    const known = photo(null, 20, { filename: 'imagesets/a/images/8.jpg' });

    expect(await extend([known], [photo(8, 20)])).toEqual([known]);
  });

  test('are in order of time and complete, whatever the batches are', async () => {
    const photos = fc.uniqueArray(fc.record({ id: fc.nat(5000), at: fc.nat(50) }), {
      selector: ({ id }) => id,
    });
    await fc.assert(
      fc.asyncProperty(photos, fc.nat(100), fc.integer({ min: 1, max: 7 }), async (all, share, size) => {
        const rows = all
          .map(({ id, at }) => photo(id, at))
          .sort((one, other) => one.timestamp - other.timestamp);
        const isAdded = ({ image_id }: PredictedPhoto) => (image_id as number) % 100 < share;
        const added = rows.filter(isAdded);
        const kept = rows.filter((row) => !isAdded(row));

        const extended = (await Array.fromAsync(extendPredictions(batches(kept, size), added))).flat();

        const times = extended.map(({ timestamp }) => timestamp);
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        expect(ids(extended).sort()).toEqual(ids(rows).sort());
      }),
    );
  });

  test('are made as their file arrives: no more rows are held than one batch and the new ones', async () => {
    const ROWS = 100_000;
    const added = Array.from({ length: 2000 }, (_, index) => photo(200_000 + index, index * 50_000 + 500));
    let read = 0;
    let written = 0;
    let held = 0;
    // Chunks of 64 KiB, as S3 sends them, and cut anywhere.
    async function* chunks() {
      let text = 'split,image_id,timestamp,filename,url,value,score\n';
      for (let row = 0; row < ROWS; row++) {
        text += `train,${row},${new Date(row * 1000).toISOString()},imagesets/a/images/${row}.jpg,,,0.5\n`;
        if (text.length < 65_536) continue;
        yield Buffer.from(text.slice(0, 65_536));
        text = text.slice(65_536);
      }
      yield Buffer.from(text);
    }
    async function* counted() {
      for await (const rows of readCsv(chunks(), predictedPhoto, 'test')) {
        read += rows.length;
        yield rows;
      }
    }

    for await (const rows of extendPredictions(counted(), added)) {
      held = Math.max(held, read - written, rows.length);
      written += rows.length;
    }

    expect(written).toBe(ROWS + added.length);
    expect(held).toBeLessThan(20_000);
  });
});
