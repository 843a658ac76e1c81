import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeVerification, exitCodeOf, summarize } from '../../cli/verify.ts';
import type { StationVerification } from '../../shared/station-models/verification.ts';
import type { VerificationFinding } from '../../shared/verification/findings.ts';

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
  station: { id: 29, name: 'Mill Brook', timezone: 'America/New_York' },
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
