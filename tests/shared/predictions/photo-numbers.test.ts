import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PhotoNumbers } from '../../../shared/predictions/photo-numbers.ts';

const photo = fc.record({
  image_id: fc.option(fc.nat(20_000)),
  filename: fc.constantFrom('a', 'b', 'c', 'd'),
});

/** A map by the name that counts: the id where there is one, else the file. */
const nameOf = ({ image_id, filename }: { image_id: number | null; filename: string }) =>
  image_id ?? filename;

test('A photo has the number that was set last for its id, or for its file without one', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(photo, fc.integer())), fc.array(photo), (given, asked) => {
      const numbers = new PhotoNumbers();
      const expected = new Map<number | string, number>();
      for (const [name, number] of given) {
        numbers.set(name, number);
        expected.set(nameOf(name), number);
      }

      expect(numbers.size).toBe(expected.size);
      for (const name of [...asked, ...given.map(([each]) => each)])
        expect(numbers.get(name)).toBe(expected.get(nameOf(name)) ?? expected.get(name.filename));
    }),
  );
});
