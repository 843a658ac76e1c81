import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readAddress, writeAddress } from '../../browser/address.ts';
import { noPhotosWords, withinPhotos } from '../../browser/period.ts';

import { DAY_MS } from '../../shared/formats/durations.ts';

import { IMAGE_SPLITS, type ImageSplit } from '../../shared/model-input/image-split.ts';
import { SPLIT_GROUPS } from '../../shared/report/data/split-groups.ts';
import { DAYS, FIRST_DAY, PAGE, viewWith as view } from '../fixtures/page-view.ts';

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
    expect(readAddress(`#${text}`)).toEqual({ anchor: 'tau-strata', selection, problem: '' });
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
    expect(readAddress('#splits=none&strata=x').selection).toEqual({});
    expect(readAddress('#splits=').selection).toEqual({ splits: new Set() });
  });

  test.each([
    '#from=2026-03-05&to=2026-03-04',
    '#from=2026-02-31&to=2026-13-04',
    '#from=2026-03-05',
    '#a&to=',
  ])('tells of a period that cannot be read: %s', (hash) => {
    expect(readAddress(hash)).toMatchObject({
      selection: {},
      problem: expect.stringContaining('cannot be read'),
    });
  });
});

describe('A period without photos', () => {
  const period = (first: number, days: number) => ({
    from: FIRST_DAY + first * DAY_MS,
    to: FIRST_DAY + (first + days) * DAY_MS,
  });

  test.each([
    [
      'before all',
      -40,
      'There are no photos from 2026-01-20 to 2026-01-21: those of this page are from 2026-03-01 to 2026-03-10.',
    ],
    [
      'after all',
      40,
      'There are no photos from 2026-04-10 to 2026-04-11: those of this page are from 2026-03-01 to 2026-03-10.',
    ],
    ['among them', 3, ''],
  ])('says where there are some: %s', (_, first, words) => {
    expect(noPhotosWords(view(), period(first, 2))).toBe(words);
  });

  test('in a gap says how far it goes', () => {
    const { photos } = PAGE;
    const gap = Float64Array.from(photos.timestamps, (at, row) => (row < 24 ? at : at + 5 * DAY_MS));
    const withGap = view({}, { ...PAGE, photos: { ...photos, timestamps: gap } });

    expect(noPhotosWords(withGap, period(3, 1))).toBe(
      'There are no photos from 2026-03-04 to 2026-03-04: the last before are of 2026-03-02, the first after of 2026-03-07.',
    );
  });

  test('is none to select, unless some of its days have photos', () => {
    const { selection, whole } = view();

    expect(withinPhotos({ ...selection, ...period(-40, 2) }, { whole })).toBeNull();
    expect(withinPhotos({ ...selection, ...period(-40, 42) }, { whole })).toMatchObject(period(0, 2));
  });
});
