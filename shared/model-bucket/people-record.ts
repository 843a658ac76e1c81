import { findJsonVersion, readRows, writeConditionally } from '../aws/object-store.ts';
import type { ScoringRun } from '../execution/score-station-state.ts';
import { predictedPhoto } from '../predictions/columns.ts';
import {
  NO_PEOPLE_RECORD,
  type PeopleRecord,
  peopleRecord,
  withImagesets,
  withNamedPhotos,
} from '../predictions/people-record.ts';

/** A station's place in the model bucket (`stationKeys`). */
export type PeopleRecordOwner = { buckets: { model: string }; keys: { people: string } };

export type PeopleRecordVersion = { record: PeopleRecord; etag: string | undefined };

const placeOf = ({ buckets, keys }: PeopleRecordOwner) => ({ bucket: buckets.model, key: keys.people });

/** @throws FileInvalid */
export async function readPeopleRecord(owner: PeopleRecordOwner): Promise<PeopleRecordVersion> {
  const found = await findJsonVersion(placeOf(owner), peopleRecord, {
    what: 'The record of photos with people cannot be read',
    expected: 'the JSON that WithdrawPhotos writes',
    fix: 'delete that object, so that all public files of the station are searched once more',
  });
  return { record: found?.value ?? NO_PEOPLE_RECORD, etag: found?.etag };
}

/** @returns whether it was written; false if anybody has written since `etag` was read */
export const writePeopleRecord = (
  owner: PeopleRecordOwner,
  record: PeopleRecord,
  etag: string | undefined,
): Promise<boolean> => writeConditionally(placeOf(owner), JSON.stringify(record), etag);

/** Every publication writes here: a withdrawal that read the record before then starts over. */
export async function changePeopleRecord(
  owner: PeopleRecordOwner,
  change: (record: PeopleRecord) => PeopleRecord | Promise<PeopleRecord>,
): Promise<void> {
  for (;;) {
    const { record, etag } = await readPeopleRecord(owner);
    if (await writePeopleRecord(owner, await change(record), etag)) return;
  }
}

/**
 * Records that the model's public folder names the photos of the extended predictions: before these are published, so that the
 * record never promises too much, and afterward, so that a withdrawal at the same time looks again.
 *
 * @param imagesets uuids of the imagesets that the photos may belong to
 */
export async function recordExtendedPhotos(
  run: ScoringRun,
  imagesets: readonly string[] = [],
): Promise<void> {
  await changePeopleRecord(run, async (record) => {
    const named = await namedAmong(run, new Set(record.folders[run.model_uuid]));
    return withNamedPhotos(withImagesets(record, imagesets), run.model_uuid, named);
  });
}

/** Most stations have no photos with people, and their predictions are not read. */
async function namedAmong(run: ScoringRun, ids: ReadonlySet<number>): Promise<Set<number>> {
  const named = new Set<number>();
  if (ids.size === 0) return named;
  const extended = { bucket: run.buckets.model, key: run.keys.extended.published };
  for await (const rows of readRows(extended, predictedPhoto))
    for (const { image_id } of rows) if (image_id !== null && ids.has(image_id)) named.add(image_id);
  return named;
}
