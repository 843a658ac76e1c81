import { expect, test } from '@jest/globals';
import type { AnnotationRow } from '../../../shared/dataset/columns.ts';
import type { RankedPair } from '../../../shared/filters/filter-pairs.ts';
import { stationClock } from '../../../shared/formats/local-time.ts';
import { imageSplitter, isImageSplit } from '../../../shared/model-input/image-split.ts';
import { pairLines } from '../../../shared/model-input/pair-lines.ts';

const clock = stationClock('America/New_York');
const at = (text: string) => Date.parse(text);

const pair = (left: number, right: number, rank: string | null, time = '2026-01-10T12:00:00-05:00') =>
  ({
    rank,
    'left.imageId': left,
    'right.imageId': right,
    'left.timestamp': at(time),
    'right.timestamp': at(time),
    'left.filename': `${left}.jpg`,
    'right.filename': `${right}.jpg`,
    'left.value': left,
    'right.value': null,
  }) as AnnotationRow;

test('each pair is written twice, mirrored, with a plain 0 for SAME (Q-I6)', () => {
  const pairs = [pair(1, 2, 'LEFT'), pair(3, 4, 'SAME')] as RankedPair[];

  const lines = [...pairLines(pairs, [true, false], () => 't')];

  expect(
    lines.map(({ split, pair, image_id_1, image_id_2, label }) => [
      split,
      pair,
      image_id_1,
      image_id_2,
      label,
    ]),
  ).toEqual([
    ['train', 1, 1, 2, 1],
    ['train', 1, 2, 1, -1],
    ['val', 2, 3, 4, 0],
    ['val', 2, 4, 3, 0],
  ]);
  expect(lines.every(({ label }) => !Object.is(label, -0))).toBe(true);
});

test('each side of a line has its own photo: number, time, name and value', () => {
  const row = {
    ...pair(1, 2, 'RIGHT'),
    'left.timestamp': at('2026-01-10T12:00:00Z'),
    'right.timestamp': at('2026-01-11T12:00:00Z'),
    'left.value': 3.5,
  } as RankedPair;

  const [line, mirrored] = [
    ...pairLines([row], [true], (epochMs) => new Date(epochMs).toISOString().slice(0, 10)),
  ];

  expect(line).toEqual({
    ...{ split: 'train', pair: 1, label: -1 },
    ...{ image_id_1: 1, timestamp_1: '2026-01-10', filename_1: '1.jpg', value_1: 3.5 },
    ...{ image_id_2: 2, timestamp_2: '2026-01-11', filename_2: '2.jpg', value_2: null },
  });
  expect(mirrored).toMatchObject({
    image_id_1: 2,
    timestamp_1: '2026-01-11',
    filename_2: '1.jpg',
    value_2: 3.5,
  });
});

test('a photo takes the split of its pairs, training first, else it lies within or outside their local dates', () => {
  const pairs = [
    pair(2, 3, 'LEFT', '2026-01-12T12:00:00-05:00'),
    pair(1, 2, 'LEFT'),
    pair(4, 3, 'LEFT', '2026-01-11T12:00:00-05:00'),
  ] as RankedPair[];
  const splitOf = imageSplitter(pairs, [false, true, false], (epochMs) => clock.calendar(epochMs).date);

  const splits = [1, 2, 3].map((image_id) => splitOf({ image_id, timestamp: 0 }));
  const others = ['2026-01-09T23:59', '2026-01-10T00:00', '2026-01-12T23:59', '2026-01-13T00:00'].map(
    (time) => splitOf({ image_id: 9, timestamp: at(`${time}:00-05:00`) }),
  );

  expect(splits).toEqual(['train', 'train', 'val']);
  expect(others).toEqual(['test-out', 'test-in', 'test-in', 'test-out']);
});

test('without pairs, every photo lies outside', () => {
  const splitOf = imageSplitter([], [], (epochMs) => clock.calendar(epochMs).date);

  expect(splitOf({ image_id: 1, timestamp: 0 })).toBe('test-out');
});

test('the names of the splits are known, and no others', () => {
  expect(['train', 'val', 'test-in', 'test-out', 'test', '', null].map(isImageSplit)).toEqual([
    ...[true, true, true, true],
    ...[false, false, false],
  ]);
});
