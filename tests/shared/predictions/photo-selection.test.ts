import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ImageRow } from '../../../shared/dataset/photo-key.ts';
import { TooManyRemovals } from '../../../shared/errors.ts';
import { windowFilter } from '../../../shared/filters/filter-images.ts';
import { stationClock } from '../../../shared/formats/local-time.ts';
import { splitByDate } from '../../../shared/model-input/image-split.ts';
import {
  DEFAULT_WINDOWS,
  modelFilters,
  pairDatesOf,
  windowsOf,
} from '../../../shared/model-input/model-windows.ts';
import type { PredictedPhoto } from '../../../shared/predictions/columns.ts';
import {
  areFewVanished,
  photosScoredElsewhere,
  readPredictedPhotos,
  requireFewRemovals,
  type ScoredElsewhere,
  selectPhotos,
} from '../../../shared/predictions/photo-selection.ts';
import { PhotoSet } from '../../../shared/predictions/photo-set.ts';
import type { Withdrawal } from '../../../shared/predictions/withdrawal.ts';

const stored = (image_id: number, more: Partial<ImageRow> = {}): ImageRow => ({
  imageset_id: 1,
  image_id,
  epoch_seconds: image_id,
  bucket: 'storage',
  key: `${image_id}.jpg`,
  url: null,
  exclusion: null,
  has_pii: false,
  ...more,
});
const predicted = (image_id: number | null, more: Partial<PredictedPhoto> = {}): PredictedPhoto => ({
  split: null,
  image_id,
  timestamp: (image_id ?? 0) * 1000,
  filename: `${image_id}.jpg`,
  url: null,
  value: null,
  score: 0.5,
  ...more,
});
async function* one<Row>(rows: Row[]) {
  yield rows;
}
const select = async (
  rows: PredictedPhoto[],
  images: ImageRow[],
  isOfModel = (_: number) => true,
  more: { others?: ScoredElsewhere[]; toGo?: Withdrawal } = {},
) => selectPhotos(await readPredictedPhotos(one(rows)), one(images), isOfModel, more);
const named = (...ids: number[]) =>
  PhotoSet.fromJSON({ image_ids: ids, filenames: ids.map((id) => `${id}.jpg`) });

describe('the selection of photos', () => {
  test('takes those that have no prediction, and counts an unreadable one as predicted', async () => {
    const { added, removed, scored } = await select(
      [predicted(1), predicted(2, { score: null })],
      [stored(1), stored(2), stored(3)],
    );

    expect(added.map(({ image_id }) => image_id)).toEqual([3]);
    expect(removed.size).toBe(0);
    expect(scored).toBe(1);
  });

  test('knows photos by their keys where a file has no ids', async () => {
    const { added, removed } = await select(
      [predicted(null, { filename: '1.jpg' }), predicted(null, { filename: 'gone.jpg' })],
      [stored(1), stored(2)],
    );

    expect(added.map(({ image_id }) => image_id)).toEqual([2]);
    expect(removed.toJSON()).toEqual({ image_ids: [], filenames: ['gone.jpg'] });
  });

  test('leaves out what is left out for any reason, and what is not the model’s', async () => {
    const images = [
      stored(1, { exclusion: 'pii', has_pii: true }),
      stored(2, { exclusion: 'image_not_done' }),
      stored(3, { exclusion: 'no_timestamp', epoch_seconds: null }),
      stored(4),
      stored(5),
    ];

    const { added } = await select([], images, (epochMs) => epochMs !== 4000);

    expect(added.map(({ image_id }) => image_id)).toEqual([5]);
  });

  test('removes what has vanished or shows people since, also while it is processed again', async () => {
    const { removed } = await select(
      [predicted(1), predicted(2), predicted(3), predicted(4)],
      [
        stored(1, { exclusion: 'imageset_not_done' }),
        stored(2, { exclusion: 'pii', has_pii: true }),
        stored(3, { exclusion: 'imageset_not_done', has_pii: true }),
      ],
    );

    expect(removed.toJSON().image_ids).toEqual([2, 3, 4]);
  });

  test('compares times by whole seconds, as files have them', async () => {
    const { corrected, outside } = await select([predicted(1)], [stored(1, { epoch_seconds: 1.75 })]);

    expect([corrected.size, outside.size]).toEqual([0, 0]);
  });

  test('knows what has vanished from what is there but may not be shown', async () => {
    const { removed, vanished, known } = await select(
      [predicted(1), predicted(2, { score: null }), predicted(3)],
      [stored(1), stored(2, { exclusion: 'pii', has_pii: true })],
    );

    expect(removed.toJSON().image_ids).toEqual([2, 3]);
    expect(vanished.toJSON().image_ids).toEqual([3]);
    expect(known).toBe(3);
  });

  test('finds back, by both names, what was to be withdrawn and is there without people', async () => {
    const toGo = { image_ids: [1, 2], filenames: ['1.jpg', '2.jpg'] };

    const { back } = await select(
      [],
      [stored(1), stored(2, { exclusion: 'pii', has_pii: true }), stored(3)],
      undefined,
      { toGo },
    );

    expect(back).toEqual({ image_ids: [1], filenames: ['1.jpg'] });
  });

  test('takes corrected times under both names, while the score stays', async () => {
    const { corrected, outside, added, removed } = await select(
      [predicted(1), predicted(2)],
      [stored(1, { epoch_seconds: 7 }), stored(2)],
    );

    expect(corrected.get({ image_id: 1, filename: '' })).toBe(7000);
    expect(corrected.get({ image_id: null, filename: '1.jpg' })).toBe(7000);
    expect([corrected.size, outside.size, added.length, removed.size]).toEqual([2, 0, 0, 0]);
  });

  test.each<[string, Partial<ImageRow>]>([
    ['no time any more', { epoch_seconds: null, exclusion: 'no_timestamp' }],
    ['a time that no camera has', { epoch_seconds: 9e12, exclusion: 'impossible_timestamp' }],
    ['a time outside the hours of the model', { epoch_seconds: 4 }],
  ])('sets aside a photo with %s', async (_, change) => {
    const { corrected, outside } = await select(
      [predicted(1), predicted(2)],
      [stored(1, change), stored(2)],
      (epochMs) => epochMs !== 4000,
    );

    expect(outside.toJSON()).toEqual({ image_ids: [1], filenames: ['1.jpg'] });
    expect(corrected.size).toBe(0);
  });

  test('does not judge the time of a photo that is being processed again', async () => {
    const again = stored(1, { exclusion: 'image_not_done', epoch_seconds: null });

    const { corrected, outside } = await select([predicted(1)], [again]);

    expect([corrected.size, outside.size]).toEqual([0, 0]);
  });

  test('tells photos that another tool has scored from those that nobody has', async () => {
    const others = [{ photos: named(1, 2), isPublic: false }];

    const { added, elsewhere } = await select(
      [predicted(1, { score: null })],
      [stored(1), stored(2), stored(3)],
      undefined,
      { others },
    );

    expect(added.map(({ image_id }) => image_id)).toEqual([3]);
    expect([1, 2, 3].map((id) => elsewhere.get({ image_id: id, filename: '' }))).toEqual([
      1000,
      2000,
      undefined,
    ]);
    expect(elsewhere.get({ image_id: null, filename: '2.jpg' })).toBe(2000);
  });

  test.each([
    ['keeps', true, 2],
    ['does not yet publish', false, 0],
  ])(
    '%s the score of a photo in work that another tool gave in a file that is public: %s',
    async (_, isPublic, names) => {
      const others = [{ photos: named(1), isPublic }];

      const { added, elsewhere } = await select(
        [],
        [stored(1, { exclusion: 'imageset_not_done' })],
        undefined,
        { others },
      );

      expect([elsewhere.size, added.length]).toEqual([names, 0]);
    },
  );

  test('takes another tool’s scores neither of photos with people nor of those outside the model’s hours', async () => {
    const others = [{ photos: named(1, 2), isPublic: true }];

    const { elsewhere } = await select(
      [],
      [stored(1, { exclusion: 'imageset_not_done', has_pii: true }), stored(2)],
      (epochMs) => epochMs !== 2000,
      { others },
    );

    expect(elsewhere.size).toBe(0);
  });

  test('tells whether the predictions are in order of time (Q-P3)', async () => {
    expect((await select([predicted(1), predicted(2)], [])).isSorted).toBe(true);
    expect((await select([predicted(2), predicted(1)], [])).isSorted).toBe(false);
  });
});

describe('Scores of another tool', () => {
  // Their spread is 10, so that those of the same model differ by at most 0.2.
  const predictions = [
    predicted(1, { score: 0 }),
    predicted(2, { score: 10 }),
    predicted(3, { score: null }),
  ];

  test('are those of the same model where known photos have nearly the same scores', async () => {
    const file = [
      predicted(1, { score: 0.19 }),
      predicted(2, { score: 9.81 }),
      predicted(3, { score: 4 }),
      predicted(4, { score: 5 }),
      predicted(5, { score: null }),
    ];

    const found = await photosScoredElsewhere(await readPredictedPhotos(one(predictions)), one(file));

    expect(found?.toJSON().image_ids).toEqual([3, 4]);
  });

  test.each([0.21, -0.21])('are of another model where a known photo is off by %f', async (by) => {
    const file = [predicted(4, { score: 5 }), predicted(1, { score: by })];

    const found = await photosScoredElsewhere(await readPredictedPhotos(one(predictions)), one(file));

    expect(found).toBeNull();
  });
});

test('a set of photos holds what a set of ids holds', () => {
  const id = fc.oneof(fc.nat(100_000), fc.nat(2 ** 31 - 1));
  fc.assert(
    fc.property(fc.array(id), fc.array(id), (added, deleted) => {
      const expected = new Set(added);
      const photos = new PhotoSet();
      for (const image_id of added) photos.add({ image_id, filename: '' });
      for (const image_id of deleted) {
        expected.delete(image_id);
        photos.delete({ image_id, filename: '' });
      }

      expect(photos.size).toBe(expected.size);
      expect(photos.toJSON().image_ids).toEqual([...expected].sort((a, b) => a - b));
      expect([...expected].every((image_id) => photos.has({ image_id, filename: '' }))).toBe(true);
      expect(PhotoSet.fromJSON(photos.toJSON()).toJSON()).toEqual(photos.toJSON());
    }),
  );
});

describe('the filters of a model', () => {
  test('are those of its rank-input.json, whatever the limits of its dates', () => {
    const filters = modelFilters.parse({
      args: { options: { min_hour: 22, max_hour: 4, images_end: '2020-01-01' } },
      pairs: { start: '2022-02-01T07:00:00-0500', end: '2022-02-11T07:00:00-0500' },
    });

    expect(windowsOf(filters)).toEqual({ min_hour: 22, max_hour: 4, min_month: 1, max_month: 12 });
    expect(pairDatesOf(filters)).toEqual({ first: '2022-02-01', last: '2022-02-11' });
  });

  test('are the contract’s where it has no such file', () => {
    expect(windowsOf(null)).toEqual(DEFAULT_WINDOWS);
    expect(pairDatesOf(null)).toBe(null);
  });

  test('look at the station’s clock, and wrap around midnight and the year (Q-I10)', () => {
    const clock = stationClock('America/Los_Angeles');
    const isOfModel = windowFilter(
      { ...DEFAULT_WINDOWS, min_hour: 22, max_hour: 4, min_month: 11, max_month: 3 },
      clock,
    );

    expect(
      ['2026-01-02T06:00:00Z', '2026-01-02T12:59:00Z', '2026-01-02T13:00:00Z', '2026-07-02T06:00:00Z'].map(
        (text) => isOfModel(Date.parse(text)),
      ),
    ).toEqual([true, true, false, false]);
  });

  test('tell photos of the annotated period from later ones', () => {
    const dates = { first: '2026-02-01', last: '2026-02-11' };

    expect(['2026-02-01', '2026-02-11', '2026-02-12'].map((date) => splitByDate(date, dates))).toEqual([
      'test-in',
      'test-in',
      'test-out',
    ]);
    expect(splitByDate('2026-02-01', null)).toBe('test-out');
  });
});

describe('Removals', () => {
  const remove =
    (vanished: number, outside: number, known: number, isAllowed = false) =>
    () =>
      requireFewRemovals({ vanished, outside, known }, isAllowed, 'station 29');

  test('are few up to a tenth', () => {
    expect(areFewVanished({ vanished: 10, known: 100 })).toBe(true);
    expect(areFewVanished({ vanished: 11, known: 100 })).toBe(false);
  });

  test('that are too many say where, why that may be, and what to do', () => {
    expect(remove(11, 0, 100)).toThrow(/station 29.*check whether the rows .* "allow_removals": true/s);
  });

  test('of a tenth of the scored photos are few, and of any share where the input allows them', () => {
    expect(remove(6, 4, 100)).not.toThrow();
    expect(remove(0, 0, 0)).not.toThrow();
    expect(remove(60, 40, 100, true)).not.toThrow();
  });

  test.each([
    [11, 0, '11 of 100 scored photos are no longer in the database.'],
    [0, 11, '11 of 100 by their times are no longer the model’s.'],
    [
      10,
      1,
      '10 of 100 scored photos are no longer in the database, 1 of 100 by their times are no longer the model’s.',
    ],
  ])(
    'of %i photos that are gone and %i of other times are too many, and both are told',
    (vanished, outside, found) => {
      const attempt = remove(vanished, outside, 100);

      expect(attempt).toThrow(TooManyRemovals);
      expect(attempt).toThrow(`Found: ${found} Expected: at most 10 %.`);
    },
  );
});
