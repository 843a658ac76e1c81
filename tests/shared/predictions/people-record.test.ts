import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  NO_PEOPLE_RECORD,
  type PeopleRecord,
  peopleLeft,
  peopleRecord,
  withCleanFolders,
  withImagesets,
  withNamedPhotos,
  withNewFolder,
} from '../../../shared/predictions/people-record.ts';

describe('what is left to look for', () => {
  const record: PeopleRecord = { writes: 3, folders: { a: [1, 2, 3], b: [1, 2] }, imagesets: [] };

  test.each<[string, number[], string[], number[]]>([
    ['nothing, where each folder is known to be free of them', [1, 2], ['a', 'b'], []],
    ['what one folder may name', [1, 2, 3], ['a', 'b'], [3]],
    ['all, where a folder is not known', [1, 2], ['a', 'b', 'new'], [1, 2]],
    ['what a folder may name whose model has no row any more', [3], ['a'], [3]],
    ['nothing, where nobody is to be seen', [], ['new'], []],
  ])('is %s', (_, people, uuids, left) => {
    expect(peopleLeft(people, uuids, record)).toEqual(left);
  });

  test('is nothing where nothing is published', () => {
    expect(peopleLeft([1], [], NO_PEOPLE_RECORD)).toEqual([]);
  });
});

describe('what is written down', () => {
  const record: PeopleRecord = { writes: 3, folders: { a: [1, 2], b: [1] }, imagesets: ['y'] };

  test('after a search, so that nobody searches again: these people are in none of these folders', () => {
    const searched = withCleanFolders(record, ['b', 'c'], [1, 5]);

    expect(searched).toEqual({ writes: 4, folders: { a: [1, 2], b: [1, 5], c: [1, 5] }, imagesets: ['y'] });
    expect(peopleLeft([1, 5], ['b', 'c'], { ...searched, folders: { b: [1, 5], c: [1, 5] } })).toEqual([]);
  });

  test('around a file that names photos: these alone may be in its folder, where anything is known of it', () => {
    expect(withNamedPhotos(record, 'a', new Set([2, 9]))).toEqual({
      ...{ writes: 4, imagesets: ['y'] },
      folders: { a: [1], b: [1] },
    });
    expect(withNamedPhotos(record, 'new', new Set([2]))).toEqual({ ...record, writes: 4 });
  });

  test('after a model was published: it names nobody who was left out, and what it replaces is still to be searched', () => {
    expect(withNewFolder(record, 'new', [1, 5], ['b', 'z'])).toEqual({
      ...{ writes: 4, imagesets: ['y'] },
      folders: { a: [1, 2], b: [1], z: [], new: [1, 5] },
    });
  });

  test('of imagesets: each once, in order', () => {
    expect(withImagesets(record, ['z', 'x', 'y'])).toEqual({ ...record, imagesets: ['x', 'y', 'z'] });
  });

  test('is read with no imagesets where it is of an earlier version, and refused where it counts backward', () => {
    expect(peopleRecord.parse({ writes: 2, folders: { a: [1] } })).toEqual({
      ...{ writes: 2, folders: { a: [1] } },
      imagesets: [],
    });
    expect(NO_PEOPLE_RECORD).toEqual({ writes: 0, folders: {}, imagesets: [] });
    expect(peopleRecord.safeParse({ writes: -1, folders: {} }).success).toBe(false);
  });
});

/** Photos are flagged and cleared; files are published and photos withdrawn, which takes a while; whatever comes in between. */
class Station {
  readonly people = new Set<number>();
  readonly folders = new Map<string, Set<number>>();
  record: PeopleRecord = NO_PEOPLE_RECORD;
  #withdrawal: { record: PeopleRecord; people: number[]; uuids: string[] } | null = null;
  #publication: { uuid: string; photos: number[] } | null = null;

  flag(id: number): void {
    if (!this.people.delete(id)) this.people.add(id);
  }

  publishNew(uuid: string, photos: readonly number[]): void {
    if (this.folders.has(uuid)) return;
    const people = [...this.people];
    this.folders.set(uuid, new Set(photos.filter((id) => !this.people.has(id))));
    this.record = withNewFolder(this.record, uuid, people, [...this.folders.keys()]);
  }

  /** The last look at the photos, and what is said before the copy. */
  beginScoring(uuid: string, photos: readonly number[]): void {
    if (!this.folders.has(uuid)) return;
    const shown = photos.filter((id) => !this.people.has(id));
    this.record = withNamedPhotos(this.record, uuid, new Set(shown));
    this.#publication = { uuid, photos: shown };
  }

  /** The copy, and what is said after it. */
  endScoring(): void {
    if (!this.#publication) return;
    const { uuid, photos } = this.#publication;
    this.folders.set(uuid, new Set(photos));
    this.record = withNamedPhotos(this.record, uuid, new Set(photos));
    this.#publication = null;
  }

  beginWithdrawal(): void {
    const uuids = [...this.folders.keys()];
    this.#withdrawal = { record: this.record, people: [...this.people], uuids };
    for (const photos of this.folders.values()) for (const id of this.people) photos.delete(id);
  }

  /** Writes what it has found, unless somebody has written since it began. */
  endWithdrawal(): void {
    const work = this.#withdrawal;
    this.#withdrawal = null;
    if (work && work.record.writes === this.record.writes)
      this.record = withCleanFolders(work.record, work.uuids, work.people);
  }

  /** Photos with people that are public and that nobody would look for. */
  get forgotten(): number[] {
    const left = new Set(peopleLeft([...this.people], [...this.folders.keys()], this.record));
    return [...this.folders.values()].flatMap((photos) =>
      [...photos].filter((id) => this.people.has(id) && !left.has(id)),
    );
  }
}

test('a photo with people that is public is always looked for, whatever happens in whichever order', () => {
  const id = fc.integer({ min: 1, max: 4 });
  const uuid = fc.constantFrom('a', 'b');
  const photos = fc.uniqueArray(id);
  const step = fc.oneof(
    fc.record({ do: fc.constant('flag' as const), id }),
    fc.record({ do: fc.constant('publishNew' as const), uuid, photos }),
    fc.record({ do: fc.constant('beginScoring' as const), uuid, photos }),
    fc.record({ do: fc.constantFrom('endScoring', 'beginWithdrawal', 'endWithdrawal') }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const station = new Station();
      for (const each of steps) {
        if ('id' in each) station.flag(each.id);
        else if ('uuid' in each) station[each.do](each.uuid, each.photos);
        else station[each.do as 'endScoring' | 'beginWithdrawal' | 'endWithdrawal']();
        expect(station.forgotten).toEqual([]);
      }
    }),
    { numRuns: 3000 },
  );
});
