import { describe, expect, test } from '@jest/globals';
import { csvHeader, parseCsv } from '../../../shared/formats/csv.ts';
import { MalformedJson } from '../../../shared/formats/json.ts';
import { stationClock } from '../../../shared/formats/local-time.ts';
import {
  chunkName,
  faultOf,
  imagesetLine,
  inStationTime,
  parseModelAnswer,
  predictedPhoto,
  unclearName,
} from '../../../shared/predictions/columns.ts';

const read = (columns: readonly string[], line: string) =>
  parseCsv(`${csvHeader(columns)}${line}\n`, predictedPhoto, 'predictions.csv')[0];

describe('A row of predictions, whoever wrote it', () => {
  test('has null for columns that the file lacks', () => {
    expect(read(['filename', 'timestamp', 'score'], 'a.jpg,2026-02-01T12:00:00.75Z,0.5')).toEqual({
      ...{ split: null, image_id: null, url: null, value: null },
      ...{ filename: 'a.jpg', timestamp: Date.UTC(2026, 1, 1, 12), score: 0.5 },
    });
  });

  test.each(['', 'NaN', 'nan', 'Inf', '-Inf', '+inf', 'Infinity', '-infinity'])(
    'has no score where it is written as %j',
    (score) => {
      expect(read(['filename', 'timestamp', 'score'], `a.jpg,2026-02-01T12:00:00Z,${score}`)?.score).toBe(
        null,
      );
    },
  );

  test.each(['nano', 'banan', 'x', 'infi'])('is refused where its score is %j', (score) => {
    expect(() => read(['filename', 'timestamp', 'score'], `a.jpg,2026-02-01T12:00:00Z,${score}`)).toThrow(
      'predictions.csv',
    );
  });
});

describe('The answer of a model', () => {
  test.each([
    ['{"score": 0.0754, "luma": [6, 216]}', { score: 0.0754, luma: [6, 216] }],
    ['{"score": null, "error": "e", "fault": "truncated"}', { score: null, error: 'e', fault: 'truncated' }],
    ['{"score": 1, "luma": [6], "error": 7, "fault": {}}', { score: 1 }],
    ['{"score": NaN}', { score: null, fault: 'no_finite_score' }],
    [' {\n "score" : -Infinity, "luma": [0, 1]}', { score: null, fault: 'no_finite_score' }],
    ['{"score":Infinity}', { score: null, fault: 'no_finite_score' }],
  ])('is read from %s', (text, answer) => {
    expect(JSON.parse(JSON.stringify(parseModelAnswer(text)))).toEqual(answer);
  });

  test.each(['', '{}', '{"score": "0.5"}', 'x {"score": NaN}', '{"score": NaNs}'])(
    'is none in %j',
    (text) => {
      expect(() => parseModelAnswer(text)).toThrow(MalformedJson);
    },
  );

  test.each([
    [{ fault: 'truncated' }, 'truncated'],
    [{ fault: 'toString', error: 'TooManyPixels' }, 'too_large_to_read'],
    [{ error: 'UnidentifiedImageError: cannot identify' }, 'not_an_image'],
    [{ error: 'the score is nan' }, 'no_finite_score'],
    [{ error: 'image file is truncated (3 bytes)' }, 'truncated'],
    [{ error: 'OSError: broken data stream' }, 'truncated'],
    [{ error: 'error: bad header' }, 'truncated'],
    [{ error: 'an OSError: of another kind' }, 'other'],
    [{ error: 'was TooMany' }, 'other'],
    [{}, 'other'],
  ])('tells of %j why there is no score: %s', (answer, fault) => {
    expect(faultOf({ score: null, ...answer })).toBe(fault);
  });
});

test('Times for the website and for imagesets are those of the station', () => {
  const clock = stationClock('America/New_York');
  const row = { timestamp: Date.UTC(2026, 1, 1, 12), score: 0.5 };

  expect(inStationTime(clock)(row)).toEqual({ timestamp: '2026-02-01T07:00:00-05:00', score: 0.5 });
  expect(imagesetLine(clock)(row)).toEqual({ timestamp: '2026-02-01 07:00:00-05:00', score: 0.5 });
});

test('Chunks are named by their first row and their nominal last one', () => {
  expect(chunkName({ skip: 0, size: 5000 })).toBe('predictions-00000-04999.csv');
  expect(chunkName({ skip: 5000, size: 5000 })).toBe('predictions-05000-09999.csv');
  expect([unclearName({ skip: 0, size: 5000 }), unclearName()]).toEqual([
    'unclear-00000-04999.csv',
    'unclear.csv',
  ]);
});
