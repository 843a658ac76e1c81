import { expect, test } from '@jest/globals';
import { parseAnnotationFile } from '../../shared/annotation-sessions.ts';
import { AnnotationFileInvalid } from '../../shared/errors.ts';

const pair = { left: { imageId: 1, attributes: [] }, right: { imageId: 2, attributes: [] }, rank: 'LEFT' };

test('accepts attributes as array, bare string or nothing, and a missing comment (Q-S5)', () => {
  const body = JSON.stringify([
    { ...pair, left: { imageId: 1, attributes: 'DRY' }, right: { imageId: 2 } },
    { ...pair, left: { imageId: 1, attributes: ['ICE', 'BAD'] }, comment: 'a, "b"\nc' },
  ]);

  const pairs = parseAnnotationFile(body, 'here');

  expect(pairs.map(({ left, right, comment }) => [left.attributes, right.attributes, comment])).toEqual([
    [['DRY'], [], null],
    [['ICE', 'BAD'], [], 'a, "b"\nc'],
  ]);
});

test.each([
  ['{"allPairs": [], "currentIndex": 3}', 'a JSON object'],
  ['null', 'null'],
  ['[{"left":', 'text that is not JSON'],
  [JSON.stringify([pair, { ...pair, rank: 'BOTH' }]), 'element 2: rank'],
  [JSON.stringify([{ ...pair, right: { imageId: 1 } }]), 'element 1: both sides show the same image'],
  [JSON.stringify([{ ...pair, left: { imageId: 'NA' } }]), 'element 1: left.imageId'],
])('refuses %j and says what was found (Q-D9)', (body, found) => {
  const parse = () => parseAnnotationFile(body, 'annotation session 7, s3://bucket/annotations/x.json');

  expect(parse).toThrow(AnnotationFileInvalid);
  expect(parse).toThrow(found);
  expect(parse).toThrow('annotation session 7, s3://bucket/annotations/x.json');
});
