import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readAddress, writeAddress } from '../../browser/address.ts';

import { createView, type PageSelection } from '../../browser/view.ts';
import { DAY_MS } from '../../shared/formats/durations.ts';

import { IMAGE_SPLITS, type ImageSplit } from '../../shared/model-input/image-split.ts';
import { SPLIT_GROUPS } from '../../shared/report/data/split-groups.ts';
import type { PageData } from '../../shared/report/page/page-data.ts';
import { hourlyPhotos, judgedPairs, scoredPhotos } from '../fixtures/report.ts';

const FIRST_DAY = Date.UTC(2026, 2, 1);
const DAYS = 10;
const page: PageData = {
  kind: 'report',
  variable: { label: 'Flow [cfs]', noun: 'flow' },
  timezone: 'UTC',
  seed: 1,
  resamples: 10,
  photoBase: 'https://storage.s3.amazonaws.com/',
  photos: scoredPhotos(hourlyPhotos(24 * (DAYS - 1))),
  pairs: judgedPairs([]),
  epochs: [],
  learningCurve: { valPairs: 0, points: [], missing: null },
  strata: null,
  previous: null,
  observed: null,
  noted: {
    examples: new Uint32Array(),
    timestamps: new Float64Array(),
    imageIds: new Uint32Array(),
    keys: [],
  },
};

const view = (selection: Partial<PageSelection> = {}) => {
  const made = createView(page);
  made.selection = { ...made.selection, ...selection };
  return made;
};

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
