import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { formatCsv, parseCsv, textCell } from '../../../shared/formats/csv.ts';
import { chunkName } from '../../../shared/predictions/columns.ts';
import { planBatches } from '../../../shared/predictions/merge-plan.ts';

async function* cut(bytes: Uint8Array, size: number) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

const row = z.object({ filename: textCell });

test('batches are the rows of the file, once each and in order, wherever the stream is cut', async () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'é', ' ', '"', ',', '\n'), minLength: 1 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        name.filter((text) => text.trim() !== ''),
        { maxLength: 30 },
      ),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 40 }),
      async (names, batchSize, cutSize) => {
        const text = formatCsv(
          ['filename'],
          names.map((filename) => ({ filename })),
        );
        const bytes = Buffer.from(text);

        const { images, batches } = await planBatches(cut(bytes, cutSize), names.length, batchSize);

        const read = batches.flatMap(({ first_byte, last_byte, skip, n }) => {
          const lines = bytes.subarray(first_byte, last_byte + 1).toString();
          const rows = parseCsv(`filename\n${lines}`, row, 'test').map(({ filename }) => filename);
          expect(rows).toEqual(names.slice(skip, skip + n));
          return rows;
        });
        expect(read).toEqual(names);
        expect(images).toBe(names.length);
        expect(batches.slice(0, -1).every(({ n }) => n === batchSize)).toBe(true);
      },
    ),
  );
});

test('the last batch stops at the last row, and its chunk is named by the nominal one (Q-M4)', async () => {
  const text = formatCsv(
    ['filename'],
    Array.from({ length: 8123 }, () => ({ filename: 'x' })),
  );

  const { batches } = await planBatches(cut(Buffer.from(text), 1000), 8123, 5000);

  expect(batches.map(({ skip, n }) => [skip, n])).toEqual([
    [0, 5000],
    [5000, 3123],
  ]);
  expect(batches.map(chunkName)).toEqual(['predictions-00000-04999.csv', 'predictions-05000-09999.csv']);
});

test('a million photos in small batches still fit the state', async () => {
  const text = formatCsv(
    ['filename'],
    Array.from({ length: 1_000_000 }, () => ({ filename: 'x' })),
  );

  const plan = await planBatches(cut(Buffer.from(text), 65_536), 1_000_000, 1);

  expect(plan.batches).toHaveLength(100);
  expect(JSON.stringify(plan).length).toBeLessThan(10_000);
});
