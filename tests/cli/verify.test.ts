import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { requireStations } from '../../cli/known-stations.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { describeVerification, exitCodeOf, summarize, verifyCommand } from '../../cli/verify.ts';
import type { StationVerification } from '../../shared/station-models/verification.ts';
import type { VerificationFinding } from '../../shared/verification/findings.ts';
import { expectDocumented } from '../support/documented-json.ts';

const FAULT: VerificationFinding = {
  kind: 'row_without_file',
  severity: 'fault',
  where: 'models.id 4, A, predictions_url',
  found: 'no such file',
  expected: 'a file that is there',
  repair: { do: 'unlink', model_id: 4, column: 'predictions_url', url: 'https://x/predictions.csv' },
  advice: 'upload the file',
};
const REMARK: VerificationFinding = { ...FAULT, kind: 'claim_waits', severity: 'remark', repair: null };
const station = (parts: Partial<StationVerification> = {}): StationVerification => ({
  station: { id: 29, name: 'Mill Brook', timezone: 'America/New_York', synthetic: false },
  models: 1,
  findings: [],
  repaired: [],
  unchecked: [],
  uuids: [],
  ...parts,
});
const UNCHECKED = [{ where: 's3://storage/models/a/', why: 'AccessDenied: Access Denied' }];

describe('the exit code', () => {
  test.each([
    [0, 'all is well', station()],
    [0, 'there are remarks alone', station({ findings: [REMARK] })],
    [1, 'a fault is left', station({ findings: [FAULT] })],
    [2, 'something could not be looked at', station({ unchecked: UNCHECKED })],
    [
      1,
      'a fault is left and something could not be looked at',
      station({ findings: [FAULT], unchecked: UNCHECKED }),
    ],
  ])('is %i where %s', (code, _, found) => {
    expect(exitCodeOf(summarize([found], []))).toBe(code);
  });

  test.each([['verify'], ['verify --station x'], ['verify --station 29 --all'], ['verify --all --yes']])(
    'is 2 for fpe %s, which is no use of it',
    (command) => {
      const fpe = join(import.meta.dirname, '..', '..', 'cli', 'fpe.ts');

      const { status } = spawnSync(process.execPath, ['--no-warnings', fpe, ...command.split(' ')]);

      expect(status).toBe(2);
    },
  );
});

describe('the words', () => {
  test('say what was found, what was expected and what to do', () => {
    const repaired = [
      { what: 'claim.json is deleted', failed: null },
      { what: 'two defaults', failed: 'it has changed meanwhile; look again' },
    ];
    const found = summarize([station({ findings: [FAULT, REMARK], repaired, unchecked: UNCHECKED })], []);

    expect(describeVerification(found, { repair: true }).split('\n')).toEqual([
      'Station 29 “Mill Brook”, 1 model',
      '✔ Repaired: claim.json is deleted',
      '✖ Not repaired: two defaults. it has changed meanwhile; look again',
      '✖ row_without_file: models.id 4, A, predictions_url',
      '    Found: no such file.',
      '    Expected: a file that is there.',
      '    With --repair --yes: predictions_url of model 4 is set to null.',
      '! claim_waits: models.id 4, A, predictions_url',
      '    Found: no such file.',
      '    Expected: a file that is there.',
      '    To do: upload the file.',
      '? Could not check s3://storage/models/a/: AccessDenied: Access Denied',
      '',
      '1 station: 1 fault, 1 remark, 1 place that could not be checked.',
    ]);
  });

  test('say that all is well', () => {
    expect(describeVerification(summarize([station()], []))).toBe(
      'Station 29 “Mill Brook”, 1 model: no problems\n\n1 station: no faults.',
    );
  });
});

test('its help names the exit codes', () => {
  const fpe = join(import.meta.dirname, '..', '..', 'cli', 'fpe.ts');
  const help = execFileSync(process.execPath, ['--no-warnings', fpe, 'verify', '--help'], {
    encoding: 'utf8',
  });

  expect(help).toContain('Exit codes: 0 no faults');
});

describe('fpe verify', () => {
  afterEach(() => {
    process.exitCode = undefined;
  });

  const STRAY: VerificationFinding = { ...REMARK, kind: 'files_without_row' };

  /** Runs the command on a database with station 29, and files of station 30. @returns what it did and printed */
  async function run(
    args: string[],
    found: StationVerification = station(),
    claims: VerificationFinding[] = [],
    stationsInDatabase = 1,
  ) {
    const did: unknown[][] = [];
    const printed: string[] = [];
    const facts: unknown[] = [];
    const command = verifyCommand({
      connect: async (stage) => void did.push(['connect', stage]),
      requireStations: async (ids, stage) =>
        requireStations(ids, stage, async () => [{ id: 29, name: 'Mill Brook' }]),
      buckets: () => ({ storage: 'photos', model: 'models' }),
      findStationIds: async () => [29, 30],
      countStations: async () => stationsInDatabase,
      verifyAndRepair: async (id, _places, { repair, confirmed }) => {
        did.push(['verify', id, repair, confirmed]);
        return id === 29 ? found : null;
      },
      findStrayFolders: async () => [STRAY],
      verifyRefreshClaim: async () => claims,
      now: () => new Date(0),
      print: (text) => printed.push(text),
      printJson: (json) => facts.push(json),
    });
    const failure = await command.parseAsync(args, { from: 'user' }).then(
      () => null,
      (error) => error,
    );
    return { did, printed: printed.join('\n'), facts, failure };
  }

  test('looks at the stations that are named, and changes nothing', async () => {
    const { did, printed } = await run(['--station', '29', '--stage', 'prod']);

    expect(did).toEqual([
      ['connect', 'prod'],
      ['verify', 29, false, false],
    ]);
    expect(printed).toMatch(/1 station: no faults\.$/);
    expect(process.exitCode).toBe(0);
  });

  test('repairs as it is told to', async () => {
    const { did } = await run(['--station', '29', '--repair', '--yes'], station({ findings: [FAULT] }));

    expect(did.at(-1)).toEqual(['verify', 29, true, true]);
    expect(process.exitCode).toBe(1);
  });

  test('with --all also tells of files that belong to no station', async () => {
    const { printed } = await run(['--all']);

    expect(printed).toContain('files of station 30, which is not in the database');
    expect(printed).toMatch(/1 station with models or files of models: no faults, 2 remarks\.$/);
  });

  test('with --all says how many stations have nothing to check', async () => {
    const { printed, facts } = await run(['--all'], station(), [], 4);
    const json = await run(['--all', '--json'], station(), [], 4);

    expect(printed).toMatch(
      /1 station with models .*\.\n3 other stations: no models and no files of models, so nothing to check\.$/,
    );
    expect(facts).toEqual([]);
    expect(json.facts[0]).toMatchObject({ others: 3 });
  });

  test('with --all tells of the claim that lets no refresh begin', async () => {
    const claim: VerificationFinding = { ...FAULT, kind: 'claim_unreadable' };

    const of29 = await run(['--station', '29'], station(), [claim]);
    const ofAll = await run(['--all'], station(), [claim]);

    expect(of29.printed).not.toContain('claim_unreadable');
    expect(ofAll.printed).toMatch(
      /✖ claim_unreadable[\s\S]*1 station with models or files of models: 1 fault, 2 remarks\.$/,
    );
    expect(process.exitCode).toBe(1);
  });

  test('prints with --json what docs/commands.md says', async () => {
    const repaired = [{ what: 'claim.json is deleted', failed: null }];

    const { facts, printed } = await run(
      ['--station', '29', '--json'],
      station({ findings: [FAULT], repaired, unchecked: UNCHECKED }),
    );

    expectDocumented('verify', facts[0]);
    expect(printed).toBe('');
  });

  test.each<[string, string[], string]>([
    ['no station is named', [], 'Which stations? Give --station ID, or --all.'],
    [
      'a station is not there',
      ['--station', '29', '--station', '30', '--repair'],
      'There is no station 30 in the database. It has 29 “Mill Brook”. Load another one with: ./fpe import FOLDER',
    ],
  ])('ends with 2 where %s', async (_, args, message) => {
    const { did, failure } = await run(args);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toBe(message);
    expect(did.filter(([what]) => what === 'verify')).toEqual([]);
    expect(process.exitCode).toBe(2);
  });
});
