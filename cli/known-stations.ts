import { type NamedStation, shownStationName } from '../shared/execution/station.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { enumerate } from '../shared/fpe-database/import/enumerate.ts';
import { findStations } from '../shared/fpe-database/stations.ts';
import type { Connection } from './connection.ts';
import { UsageError } from './usage-error.ts';

type Known = readonly NamedStation[];
const STATIONS_SHOWN = 5;

export const knownStations = (): Promise<Known> => withDatabase(findStations, DATABASE_LIMITS.byHand);

/** For what is told besides: none where the database is in AWS, perhaps out of reach, or does not answer. */
export const findLocalStations = async (
  { kind }: Pick<Connection, 'kind'>,
  find: typeof knownStations = knownStations,
): Promise<Known> => (kind === 'local' ? find().catch(() => []) : []);

export const unknownAmong = (ids: readonly number[], known: Known): number[] =>
  ids.filter((id) => known.every((station) => station.id !== id));

/**
 * For a command that is about stations of the database, before its work begins.
 *
 * @param stage that the command was given, if any
 * @throws UsageError with the stations that there are
 */
export async function requireStations(
  ids: readonly number[],
  stage: string | undefined,
  find: typeof knownStations = knownStations,
): Promise<void> {
  const known = await find();
  const unknown = unknownAmong(ids, known);
  if (unknown.length === 0) return;
  throw new UsageError(
    `There is no station ${enumerate(unknown.map(String))} in the database. ${describeStations(known, offeredAt(stage))}`,
  );
}

/** The demo is made on a local stack alone. */
const offeredAt = (stage: string | undefined): MoreStations => (stage === undefined ? {} : { demo: null });

/** For a list that would be empty. */
export const describeNoStations = (stage: string | undefined): string =>
  `There is no station in the database. ${loadFirst(offeredAt(stage))}`;

type MoreStations = {
  /** Command that loads one. */
  load?: string;
  /** Command that makes the demo station; null where there is none. */
  demo?: string | null;
};

const IMPORT = './fpe import FOLDER';

const loadFirst = ({ load = IMPORT, demo = './fpe demo' }: MoreStations): string =>
  `Load one with: ${load}${demo === null ? '' : `; the demo station is made by: ${demo}`}`;

/** Which stations there are, and how there are more. */
export function describeStations(known: Known, offered: MoreStations = {}): string {
  if (known.length === 0) return `It has none at all. ${loadFirst(offered)}`;
  const shown = known
    .slice(0, STATIONS_SHOWN)
    .map(({ id, name, synthetic }) => `${id} “${shownStationName(name, synthetic)}”`);
  const others = known.length - STATIONS_SHOWN;
  const it =
    others > 0 ? `${shown.join(', ')} and ${others} more (./fpe models lists them)` : shown.join(', ');
  return `It has ${it}. Load another one with: ${offered.load ?? IMPORT}`;
}
