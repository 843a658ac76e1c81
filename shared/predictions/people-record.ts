import * as z from 'zod';

/**
 * What is known about a station's photos with people: the ids of those that a public folder does not name, by the uuid of its
 * model. A photo not listed for a folder may be in it, so it is searched for: every publication removes from the list what it has
 * not left out.
 */
export const peopleRecord = z.object({
  /** Grows with each write, so that the same content written twice is a new version. */
  writes: z.int().min(0),
  folders: z.record(z.string(), z.array(z.int())),
  /**
   * Uuids of the imagesets whose photos public files may name: an imageset that has since moved to another station is still
   * checked for people.
   */
  imagesets: z.array(z.string()).default([]),
});
export type PeopleRecord = z.output<typeof peopleRecord>;

export const NO_PEOPLE_RECORD: PeopleRecord = { writes: 0, folders: {}, imagesets: [] };

/**
 * @param people ids of photos that show people
 * @param uuids models whose folders the website may read; others in the record were replaced, and stay readable
 * @returns ids of those that at least one folder may name, in their order
 */
export function peopleLeft(
  people: readonly number[],
  uuids: readonly string[],
  { folders }: PeopleRecord,
): number[] {
  const clean = [...new Set([...uuids, ...Object.keys(folders)])].map((uuid) => new Set(folders[uuid]));
  return people.filter((id) => clean.some((ids) => !ids.has(id)));
}

/** The record after these folders were searched for the people photos and cleared of them. */
export const withCleanFolders = (
  record: PeopleRecord,
  uuids: readonly string[],
  people: readonly number[],
): PeopleRecord => ({
  ...record,
  writes: record.writes + 1,
  folders: { ...record.folders, ...Object.fromEntries(uuids.map((uuid) => [uuid, [...people]])) },
});

/** Before and after a file of the folder is replaced by one that names these photos, whether or not they show people by now. */
export function withNamedPhotos(
  record: PeopleRecord,
  uuid: string,
  named: ReadonlySet<number>,
): PeopleRecord {
  const known = record.folders[uuid];
  const folders = known && { [uuid]: known.filter((id) => !named.has(id)) };
  return { ...record, writes: record.writes + 1, folders: { ...record.folders, ...folders } };
}

/** Before files are published that may name photos of these imagesets. */
export const withImagesets = (record: PeopleRecord, uuids: readonly string[]): PeopleRecord => ({
  ...record,
  imagesets: [...new Set([...record.imagesets, ...uuids])].sort(),
});

/** After a model was published in a folder of its own: it names none of these; what it replaces still has to be checked. */
export const withNewFolder = (
  record: PeopleRecord,
  uuid: string,
  leftOut: readonly number[],
  replaced: readonly string[],
): PeopleRecord => ({
  ...record,
  writes: record.writes + 1,
  folders: {
    ...Object.fromEntries(replaced.map((each) => [each, []])),
    ...record.folders,
    [uuid]: [...leftOut],
  },
});
