import { Command, InvalidArgumentError } from 'commander';
import { buckets } from '../shared/aws/configuration.ts';
import { shownStationName } from '../shared/execution/station.ts';
import { countOf } from '../shared/formats/numbers.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { findStations } from '../shared/fpe-database/stations.ts';
import { modelTypes } from '../shared/model-types/registry.ts';
import type { Unchecked } from '../shared/station-models/facts.ts';
import {
  findStationIds,
  findStrayFolders,
  type Repaired,
  type StationVerification,
  verifyAndRepair,
  verifyRefreshClaim,
} from '../shared/station-models/verification.ts';
import {
  describeRepair,
  needsConfirmation,
  type VerificationFinding,
} from '../shared/verification/findings.ts';
import { requireStations } from './known-stations.ts';
import { printJson, printText } from './print.ts';
import { connectToData, optionalStageOption } from './stage.ts';
import { UsageError } from './usage-error.ts';

type Options = {
  station?: number[];
  all?: boolean;
  stage?: string;
  repair?: boolean;
  yes?: boolean;
  json?: boolean;
};

/** Findings for all requested stations. */
export type Verification = {
  stations: Omit<StationVerification, 'uuids'>[];
  /** Stations with neither models nor files of models: only with --all. */
  others: number;
  /** Findings that belong to no station: only with --all. */
  findings: VerificationFinding[];
  faults: number;
  remarks: number;
  unchecked: number;
};

/** Exit code for cron, which distinguishes a fault from what could not be checked. */
const FAULTS = 1;
const UNCHECKED = 2;

/** The command's effects. */
const EFFECTS = {
  connect: connectToData,
  requireStations,
  buckets,
  findStationIds,
  countStations: async (): Promise<number> =>
    (await withDatabase(findStations, DATABASE_LIMITS.byHand)).length,
  findStrayFolders,
  verifyAndRepair,
  verifyRefreshClaim,
  now: (): Date => new Date(),
  print: printText,
  printJson,
};
type Effects = typeof EFFECTS;

/** `fpe verify`: whether rows, files and claims of stations are consistent, and what to do if they are not. */
export function verifyCommand(effects: Effects = EFFECTS): Command {
  return new Command('verify')
    .option('--station <id...>', 'which stations', stationIds)
    .option('--all', 'all stations, public files that belong to none, and the claim of refreshes')
    .addOption(optionalStageOption())
    .option('--repair', 'repair what is safe to repair and report it; otherwise nothing is changed')
    .option(
      '--yes',
      'with --repair: also remove what visitors of the website see, such as a dead URL of a row',
    )
    .option('--json', 'everything as JSON')
    .addHelpText(
      'after',
      `
Checks the local stack while it is running, unless --stage or the environment names a database (as for fpe import); run it
where that database can be reached. It reads every public table, so a station with a million photos takes minutes.

Exit codes: 0 no faults (remarks do not count); 1 faults remain; 2 something could not be checked, or the command was invalid.

  ./fpe verify --station 29                    report inconsistencies
  ./fpe verify --station 29 --repair           repair what is safe to repair
  ./fpe verify --all --stage prod --json       for cron`,
    )
    .action(async (options: Options, command: Command) => {
      try {
        await runVerify(options, command, effects);
      } catch (error) {
        process.exitCode = UNCHECKED;
        throw error;
      }
    });
}

async function runVerify(options: Options, command: Command, effects: Effects): Promise<void> {
  if (!options.all === !options.station)
    throw new UsageError(`Which stations? Give --station ID, or --all${options.all ? ', not both' : ''}.`);
  if (options.yes && !options.repair) throw new UsageError('--yes needs --repair.');
  await effects.connect(options.stage, command);
  // Before any of them is looked at, or repaired.
  if (options.station) await effects.requireStations(options.station, options.stage);
  const verification = await verify(options, effects);
  if (options.json) effects.printJson(verification);
  else effects.print(describeVerification(verification, options));
  process.exitCode = exitCodeOf(verification);
}

export const exitCodeOf = ({ faults, unchecked }: Verification): number =>
  faults > 0 ? FAULTS : unchecked > 0 ? UNCHECKED : 0;

async function verify({ station: ids, all, repair, yes }: Options, effects: Effects): Promise<Verification> {
  const { verifyAndRepair, now } = effects;
  const places = effects.buckets();
  const stations: StationVerification[] = [];
  const findings: VerificationFinding[] = all ? await effects.verifyRefreshClaim(places) : [];
  for (const id of ids ?? (await effects.findStationIds(places))) {
    const options = { repair: repair === true, confirmed: yes === true, now: now().getTime() };
    const found = await verifyAndRepair(id, places, options);
    if (found) stations.push(found);
    else findings.push(lostStation(id, places.model));
  }
  const isComplete = stations.every(({ unchecked }) => unchecked.length === 0);
  if (all && isComplete)
    for (const finding of await effects.findStrayFolders(
      places,
      new Set(stations.flatMap(({ uuids }) => uuids)),
    ))
      findings.push(finding);
  const others = all ? Math.max(0, (await effects.countStations()) - stations.length) : 0;
  return summarize(stations, findings, others);
}

const lostStation = (id: number, bucket: string): VerificationFinding => ({
  kind: 'files_without_row',
  severity: 'remark',
  where: modelTypes()
    .map(({ prefix }) => `s3://${bucket}/${prefix}${id}/`)
    .join(', '),
  found: `files of station ${id}, which is not in the database`,
  expected: 'a station',
  repair: null,
  advice: 'check whether the station was deleted; only this account can read the files',
});

export function summarize(
  stations: readonly StationVerification[],
  findings: readonly VerificationFinding[],
  others: number = 0,
): Verification {
  const all = [...stations.flatMap((station) => station.findings), ...findings];
  const count = (severity: VerificationFinding['severity']) =>
    all.filter((each) => each.severity === severity).length;
  return {
    stations: stations.map(({ uuids: _, ...station }) => station),
    others,
    findings: [...findings],
    faults: count('fault'),
    remarks: count('remark'),
    unchecked: stations.reduce((sum, { unchecked }) => sum + unchecked.length, 0),
  };
}

/** For the terminal. */
export function describeVerification(
  { stations, others, findings, faults, remarks, unchecked }: Verification,
  { repair, yes, all }: Pick<Options, 'repair' | 'yes' | 'all'> = {},
): string {
  const how = { repair: repair === true, yes: yes === true };
  const summary = [
    faults > 0 ? countOf(faults, 'fault') : 'no faults',
    ...(remarks > 0 ? [countOf(remarks, 'remark')] : []),
    ...(unchecked > 0 ? [`${countOf(unchecked, 'place')} that could not be checked`] : []),
  ];
  return [
    ...stations.map((each) => describeStation(each, how)),
    ...findings.map((finding) => describeFinding(finding, how)),
    `${countOf(stations.length, 'station')}${all ? ' with models or files of models' : ''}: ${summary.join(', ')}.`,
    ...(others > 0
      ? [`${countOf(others, 'other station')}: no models and no files of models, so nothing to check.`]
      : []),
  ].join('\n');
}

type How = { repair: boolean; yes: boolean };

const describeStation = (
  { station, models, findings, repaired, unchecked }: Verification['stations'][number],
  how: How,
): string =>
  [
    `Station ${station.id} “${shownStationName(station.name, station.synthetic)}”, ${countOf(models, 'model')}${findings.length + repaired.length + unchecked.length === 0 ? ': no problems' : ''}`,
    ...repaired.map(describeRepaired),
    ...findings.map((finding) => describeFinding(finding, how)),
    ...unchecked.map(describeUnchecked),
    '',
  ].join('\n');

const describeRepaired = ({ what, failed }: Repaired): string =>
  failed === null ? `✔ Repaired: ${what}` : `✖ Not repaired: ${what}. ${failed}`;

const describeUnchecked = ({ where, why }: Unchecked): string => `? Could not check ${where}: ${why}`;

const describeFinding = (finding: VerificationFinding, how: How): string =>
  [
    `${finding.severity === 'fault' ? '✖' : '!'} ${finding.kind}: ${finding.where}`,
    `    Found: ${finding.found}.`,
    `    Expected: ${finding.expected}.`,
    `    ${whatToDo(finding, how)}.`,
  ].join('\n');

function whatToDo({ repair, advice }: VerificationFinding, { repair: isRepairing, yes }: How): string {
  if (!repair) return `To do: ${advice}`;
  const needsYes = needsConfirmation(repair) && !yes;
  // Failed repairs are reported above.
  if (isRepairing && !needsYes) return `To do: ${advice}`;
  return `With --repair${needsYes ? ' --yes' : ''}: ${describeRepair(repair)}`;
}

function stationIds(text: string, known: number[] = []): number[] {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('Expected a station id.');
  return [...known, Number(text)];
}
