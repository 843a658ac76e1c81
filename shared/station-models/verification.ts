import pMap from 'p-map';
import { listFolders, readVersion } from '../aws/object-store.ts';
import { publicFolder, REFRESH_CLAIM_KEY } from '../execution/keys.ts';
import { parseJsonAs } from '../formats/json.ts';
import { s3Uri } from '../formats/object-location.ts';
import { DATABASE_LIMITS, withDatabase } from '../fpe-database/connection.ts';
import { findAllModelUuids, findStationsWithModels } from '../fpe-database/verified-models.ts';
import { modelTypes } from '../model-types/registry.ts';
import { refreshClaim } from '../refresh/claim.ts';
import type { VerifiedStation } from '../verification/facts.ts';
import {
  describeRepair,
  fault,
  needsConfirmation,
  type Places,
  repairsOf,
  type VerificationFinding,
} from '../verification/findings.ts';
import { verifyStation } from '../verification/verify.ts';
import { isOfService, lookAtStation, type Unchecked } from './facts.ts';
import { repairStation } from './repair.ts';

/** What was done about a finding; `failed` says why the repair failed, null if it succeeded. */
export type Repaired = { what: string; failed: string | null };

/** Result of checking a station: the findings that are left after the repairs. */
export type StationVerification = {
  station: VerifiedStation;
  models: number;
  findings: VerificationFinding[];
  repaired: Repaired[];
  unchecked: Unchecked[];
  /** Every model that is accounted for. */
  uuids: string[];
};

export type VerifyOptions = {
  repair: boolean;
  /** Whether repairs may remove what visitors see. */
  confirmed: boolean;
  /** Milliseconds since 1970. */
  now: number;
};

/** A repair may reveal what the fault was hiding, such as a restored file that differs. */
const MAX_ROUNDS = 3;

/**
 * Checks one station, and repairs what may be repaired.
 *
 * @returns null if there is no such station
 * @throws the errors of the database
 */
export async function verifyAndRepair(
  stationId: number,
  places: Places,
  options: VerifyOptions,
): Promise<StationVerification | null> {
  return withDatabase(async (database) => {
    const repaired: Repaired[] = [];
    const tried = new Set<string>();
    for (let round = 1; ; round++) {
      const look = await lookAtStation(database, stationId, places);
      if (!look) return null;
      const { facts, unchecked } = look;
      const findings = verifyStation(facts, places, options.now);
      const repairs = repairsOf(findings).filter(
        (repair) => !tried.has(JSON.stringify(repair)) && (options.confirmed || !needsConfirmation(repair)),
      );
      if (!options.repair || repairs.length === 0 || round > MAX_ROUNDS) {
        const uuids = [...facts.published.keys()];
        return { station: facts.station, models: facts.rows.length, findings, repaired, unchecked, uuids };
      }
      for (const repair of repairs) {
        tried.add(JSON.stringify(repair));
        const failed = await repairStation(repair, look, database, places).catch((error) => {
          if (!isOfService(error)) throw error;
          return `${error.name}: ${error.message}`;
        });
        repaired.push({ what: describeRepair(repair), failed });
      }
    }
  }, DATABASE_LIMITS.manyRows);
}

/** Stations that have a model, or files in the model bucket; ascending. @throws the errors of the bucket */
export async function findStationIds({ model }: Places): Promise<number[]> {
  const folders = (await pMap(modelTypes(), ({ prefix }) => listFolders(model, prefix))).flat();
  const withFiles = folders.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
  const withModels = await withDatabase(findStationsWithModels);
  return [...new Set([...withModels, ...withFiles])].sort((one, other) => one - other);
}

/**
 * Public folders of models that no station knows, once all stations have been checked.
 *
 * @param known uuids that the stations account for
 */
export async function findStrayFolders(
  { storage }: Places,
  known: ReadonlySet<string>,
): Promise<VerificationFinding[]> {
  const uuids = await listFolders(storage, 'models/');
  const named = await withDatabase(findAllModelUuids);
  return uuids
    .filter((uuid) => !named.has(uuid) && !known.has(uuid))
    .map((uuid) => {
      const where = s3Uri({ bucket: storage, key: publicFolder(uuid) });
      return {
        kind: 'files_without_row',
        severity: 'fault',
        where,
        found: 'public files that no row of models names',
        expected: 'a row, or no public files',
        repair: null,
        advice: `find out who owns them; if no one does: aws s3 rm --recursive ${where}`,
      };
    });
}

/** What all refreshes share: a claim that nobody can read lets none of them begin. @throws the errors of the bucket */
export async function verifyRefreshClaim({ model: bucket }: Places): Promise<VerificationFinding[]> {
  const location = { bucket, key: REFRESH_CLAIM_KEY };
  const version = await readVersion(location);
  if (!version) return [];
  try {
    parseJsonAs(version.text, refreshClaim);
    return [];
  } catch (error) {
    const words = {
      found: (error as Error).message,
      expected: 'the JSON that PlanRefresh writes',
      advice: 'delete that object if no refresh is running; until then none can start',
    };
    return [fault('claim_unreadable', s3Uri(location), words)];
  }
}
