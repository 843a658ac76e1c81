import { expect, test } from '@jest/globals';
import { parseAnnotationFile } from '../../../shared/dataset/annotation-sessions.ts';
import { AnnotationFileInvalid } from '../../../shared/errors.ts';

const pair = { left: { imageId: 1, attributes: [] }, right: { imageId: 2, attributes: [] }, rank: 'LEFT' };

test('accepts attributes as array, bare string or nothing, and a missing comment (Q-S5)', () => {
  const body = JSON.stringify([
    { ...pair, left: { imageId: 1, attributes: 'DRY' }, right: { imageId: 2 } },
    { ...pair, left: { imageId: 1, attributes: ['ICE', 'BAD'] }, comment: 'a, "b"\nc' },
  ]);

  const { pairs } = parseAnnotationFile(body, 'here');

  expect(pairs.map(({ left, right, comment }) => [left.attributes, right.attributes, comment])).toEqual([
    [['DRY'], [], null],
    [['ICE', 'BAD'], [], 'a, "b"\nc'],
  ]);
});

test.each([
  ['{"allPairs": [], "currentIndex": 3}', 'a JSON object'],
  ['null', 'null'],
  ['[{"left":', 'text that is not JSON'],
  [JSON.stringify([{ ...pair, rank: 'BOTH' }, 7]), 'element 1: rank'],
  [JSON.stringify([{ ...pair, left: { imageId: 'x' } }]), 'element 1: left.imageId'],
])('refuses %j and says what was found (Q-D9)', (body, found) => {
  const parse = () => parseAnnotationFile(body, 'annotation session 7, s3://bucket/annotations/x.json');

  expect(parse).toThrow(AnnotationFileInvalid);
  expect(parse).toThrow(found);
  expect(parse).toThrow('annotation session 7, s3://bucket/annotations/x.json');
});

test('leaves out and counts elements that are no pairs of two photos; the others keep their place in the file', () => {
  const elements = [pair, { ...pair, rank: 'BOTH' }, null, { ...pair, right: { imageId: 1 } }, [pair], pair];

  const file = parseAnnotationFile(JSON.stringify(elements), 'here');

  expect(file.elements).toBe(6);
  expect(file.pairs.map(({ pair_id }) => pair_id)).toEqual([1, 6]);
  expect(file.excluded).toEqual({ malformed: 3, no_photo: 0, same_photo: 1 });
});

test.each([null, undefined, 'NA'])(
  'leaves out a pair whose imageId is %j, also the only one of its file',
  (imageId) => {
    const file = parseAnnotationFile(JSON.stringify([{ ...pair, right: { imageId } }]), 'here');

    expect(file).toEqual({ elements: 1, pairs: [], excluded: { malformed: 0, no_photo: 1, same_photo: 0 } });
  },
);

test('takes an empty list for a session without pairs', () => {
  expect(parseAnnotationFile('[]', 'here')).toEqual({
    elements: 0,
    pairs: [],
    excluded: { malformed: 0, no_photo: 0, same_photo: 0 },
  });
});
