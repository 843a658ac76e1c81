import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readAddress, writeAddress } from '../../browser/address.ts';

import { DAY_MS } from '../../shared/formats/durations.ts';

import { IMAGE_SPLITS, type ImageSplit } from '../../shared/model-input/image-split.ts';
import { SPLIT_GROUPS } from '../../shared/report/data/split-groups.ts';
import { DAYS, FIRST_DAY, viewWith as view } from '../fixtures/page-view.ts';

describe('The address of a page', () => {
  test('tells nothing of what every page begins with', () => {
    expect(writeAddress('', view())).toBe('');
    expect(writeAddress('certainty', view())).toBe('certainty');
  });

  test('is read and written by people', () => {
    const selection = {
      from: FIRST_DAY + DAY_MS,
      to: FIRST_DAY + 4 * DAY_MS,
      splits: new Set<ImageSplit>(['val']),
      strataSplit: 'val' as const,
    };
    const text = 'tau-strata&from=2026-03-02&to=2026-03-04&splits=val&strata=val';

    expect(writeAddress('tau-strata', view(selection))).toBe(text);
    expect(readAddress(`#${text}`)).toEqual({ anchor: 'tau-strata', selection });
  });

  test('comes back as it was written', () => {
    const selections = fc.record({
      days: fc.tuple(fc.nat(DAYS - 1), fc.nat(DAYS - 1)).map((days) => days.toSorted((a, b) => a - b)),
      splits: fc.subarray([...IMAGE_SPLITS]),
      strataSplit: fc.constantFrom(...SPLIT_GROUPS.map(({ id }) => id)),
      anchor: fc.constantFrom('', 'certainty', 'finding-clock-reset'),
    });
    fc.assert(
      fc.property(selections, ({ days, splits, strataSplit, anchor }) => {
        const [first, last] = days as [number, number];
        const selection = {
          from: FIRST_DAY + first * DAY_MS,
          to: FIRST_DAY + (last + 1) * DAY_MS,
          splits: new Set(splits),
          strataSplit,
        };

        const address = readAddress(`#${writeAddress(anchor, view(selection))}`);

        expect(address.anchor).toBe(anchor);
        expect({ ...view().selection, ...address.selection }).toEqual(selection);
      }),
    );
  });

  test('leaves out what makes no sense, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { selection } = readAddress(`#from=${text}&to=2026-03-04&strata=${text}`);

        if (selection.from !== undefined) expect(selection.from).toBeLessThan(selection.to as number);
      }),
    );
    expect(readAddress('#from=2026-03-05&to=2026-03-04').selection).toEqual({});
    expect(readAddress('#from=2026-02-31&to=2026-13-04').selection).toEqual({});
  });
});
