import { modelKeys, stationKeys } from '../execution/keys.ts';
import { DAY_MS } from '../formats/durations.ts';
import { countOf } from '../formats/numbers.ts';
import { s3Uri } from '../formats/object-location.ts';
import { sizeOf } from '../predictions/withdrawal.ts';
import { defaultModelOf } from '../publication/default-model.ts';
import type { ModelRow } from '../publication/model-row.ts';
import type { StationFacts } from './facts.ts';
import { fault, type Places, remark, type VerificationFinding } from './findings.ts';
import { readValue } from './own-files.ts';
import { verifyCode } from './verify-code.ts';
import { verifyRow, whereIs } from './verify-row.ts';

/** Nothing reads a run's folder for longer than this after its start (docs/deploy.md), days. */
const RUN_FOLDER_DAYS = 60;

/**
 * Whether the rows, files and claims of a station fit together. What could not be looked at leads to no finding.
 *
 * @param now milliseconds since 1970
 */
export const verifyStation = (facts: StationFacts, places: Places, now: number): VerificationFinding[] => [
  ...verifyDefaults(facts),
  ...verifyCodes(facts),
  ...facts.rows.flatMap((row) => verifyRow(row, facts, places)),
  ...verifyWithdrawal(facts, places),
  ...facts.codes.flatMap((code) => verifyCode(code, facts, places)),
  ...verifyRunFolders(facts, places, now),
];

/** At most one default of a type and variable; the newest is the one that everything of ours goes by (Q-P5). */
function verifyDefaults({ rows }: StationFacts): VerificationFinding[] {
  const kinds = Map.groupBy(rows, ({ model_type_id, variable_id }) => `${model_type_id} of ${variable_id}`);
  return [...kinds].flatMap(([kind, ofKind]) => {
    const defaults = ofKind.filter((row) => row.default);
    const used = defaultModelOf(ofKind, ofKind[0] as ModelRow);
    if (defaults.length === 0 || (defaults.length === 1 && used === null))
      return remark('no_default', `models of ${kind}`, {
        found: `${countOf(ofKind.length, 'model')}, ${defaults.length === 0 ? 'none of them the default' : `the default, ${whereIs(defaults[0] as ModelRow)}, is not finished or has no uuid`}`,
        expected: 'one default',
        advice: 'nothing, if this is intended; until there is a default, score-station needs a model_code',
      });
    if (defaults.length === 1) return [];
    const kept = used ?? (defaults[0] as ModelRow);
    const others = defaults.filter((row) => row !== kept).map(({ id }) => id);
    return fault(
      'several_defaults',
      `models of ${kind}`,
      {
        found: `${defaults.length} defaults: ${defaults.map(whereIs).join('; ')}`,
        expected: 'one default',
        advice: `./fpe verify --station ${kept.station_id} --repair keeps the newest`,
      },
      { do: 'keep_one_default', model_id: kept.id, others },
    );
  });
}

/** Scoring refuses a code of several rows (Q-P6). Which of them is right, a person has to know. */
const verifyCodes = ({ rows }: StationFacts): VerificationFinding[] =>
  [...Map.groupBy(rows, ({ code }) => code)]
    .filter(([, ofCode]) => ofCode.length > 1)
    .map(([code, ofCode]) =>
      fault('repeated_code', `models of code ${code}`, {
        found: `${ofCode.length} rows: ${ofCode.map(({ id, uuid }) => `${id} with uuid ${uuid}`).join('; ')}`,
        expected: 'one row for a station and code',
        advice: 'delete the wrong rows, or train with that model_code and "overwrite": true',
      }),
    );

function verifyWithdrawal(facts: StationFacts, places: Places): VerificationFinding[] {
  const { withdrawal, tablesWithPeople, station } = facts;
  const isScoring = facts.codes.some(({ type, code, claims }) =>
    claims.some(
      ({ key, holder, claim }) =>
        key === modelKeys(type, station.id, code).scoring_claim &&
        holder === 'running' &&
        readValue(claim)?.status !== 'finished',
    ),
  );
  const findings: VerificationFinding[] = [];
  const where = s3Uri({ bucket: places.model, key: stationKeys(station.id).withdrawal });
  if (withdrawal !== null && typeof withdrawal === 'object' && 'unreadable' in withdrawal)
    findings.push(
      fault('withdrawal_unreadable', where, {
        found: withdrawal.unreadable,
        expected: 'the JSON that SelectPhotos writes',
        advice: 'note which photos that object names, then delete it; the next scoring recreates it',
      }),
    );
  const pending = readValue(withdrawal);
  if (pending && isScoring)
    findings.push(
      remark('withdrawal_pending', where, {
        found: `${countOf(sizeOf(pending), 'photo')} that an execution is withdrawing`,
        expected: 'nothing left to withdraw',
        advice: 'nothing: check again when it has ended',
      }),
    );
  else if (pending)
    findings.push(
      fault(
        'withdrawal_pending',
        where,
        {
          found: `${countOf(sizeOf(pending), 'photo')} that must be withdrawn and may still be public`,
          expected: 'nothing left to withdraw',
          advice: 'start score-station for the station',
        },
        { do: 'withdraw' },
      ),
    );
  for (const key of tablesWithPeople)
    findings.push(
      fault(
        'people_public',
        s3Uri({ bucket: places.storage, key }),
        {
          found: 'photos now known to show people or vehicles',
          expected: 'none of them in a public file',
          advice: 'start score-station for the station',
        },
        isScoring ? null : { do: 'withdraw' },
      ),
    );
  return findings;
}

/** The bucket's lifecycle rule deletes temporary files of runs. */
const verifyRunFolders = (facts: StationFacts, places: Places, now: number): VerificationFinding[] =>
  facts.runFolders.flatMap(({ prefix, code, runId }) => {
    const startedAt = startOf(runId);
    const isHeld = facts.codes
      .find((each) => each.code === code)
      ?.claims.some(
        ({ claim, holder }) =>
          holder !== 'over' &&
          runId.endsWith(`-${readValue(claim)?.job_suffix}`) &&
          readValue(claim)?.status !== 'finished',
      );
    if (startedAt === null || isHeld || now - startedAt < RUN_FOLDER_DAYS * DAY_MS) return [];
    return fault(
      'run_folder_left',
      s3Uri({ bucket: places.model, key: prefix }),
      {
        found: `the folder of a run of ${new Date(startedAt).toISOString().slice(0, 10)}`,
        expected: `nothing older than ${RUN_FOLDER_DAYS} days`,
        advice: 'give the model bucket the lifecycle rule that docs/deploy.md names',
      },
      { do: 'delete_run_folder', prefix },
    );
  });

/** Milliseconds since 1970 of what `runId` made; null for another name. */
function startOf(runId: string): number | null {
  const [, day, time] = /^(\d{8})-(\d{6})-/.exec(runId) ?? [];
  if (!day || !time) return null;
  const text = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`;
  return Date.parse(text) || null;
}
