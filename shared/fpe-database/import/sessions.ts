import { readRecords, rowOf } from './export-records.ts';
import { identifySessions } from './identity.ts';
import { type ImportRow, writeRows } from './rows.ts';
import type { StationTarget } from './station-target.ts';
import { sessionIdentity } from './survey.ts';

/**
 * @param hasImageIds whether the export contains which photos a session compared
 * @returns the ids of the new sessions
 */
export async function importSessions(
  { database, catalog, storageBucket, id, ownerId, count, onRows }: StationTarget,
  file: string,
  hasImageIds: boolean,
): Promise<number[]> {
  const records = readRecords(file, storageBucket);
  const identities = await identifySessions(
    database,
    id,
    records.map((session, index) => sessionIdentity(session, rowOf(file, index))),
    file,
  );
  const { rows: users } = await database.query<{ id: string }>('SELECT id FROM users WHERE id = ANY($1)', [
    [...new Set(records.map((session) => session.user_id))],
  ]);
  const annotators = new Set<unknown>(users.map((user) => user.id));
  const rows = records.map((session, index): ImportRow => {
    const record: ImportRow['record'] = {
      ...session,
      station_id: id,
      // Annotators that this database does not know are replaced by the owner of the station, as upstream does for all
      // annotators.
      user_id: annotators.has(session.user_id) ? session.user_id : ownerId,
      variable: session.variable ?? 'FLOW', // exports made before June 2025 have none
    };
    // Without the images' ids nobody knows which photos were compared (contract 3.2).
    if (!hasImageIds) record.flag = true;
    return { ...(identities[index] as { id: number | null; exists: boolean }), record };
  });
  const { ids } = count(await writeRows(database, catalog, 'annotations', rows, file));
  onRows(rows.length);
  return ids;
}
