import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import { NoImages } from '../../../shared/errors.ts';
import type { RefreshDecision } from '../../../shared/refresh/plan.ts';
import type { RefreshRow } from '../../../shared/refresh/state.ts';
import {
  describeRow,
  refreshMessage,
  resultCsv,
  resultRows,
  type StationExecution,
  summarizeRefresh,
} from '../../../shared/refresh/summary.ts';

const refresh = { id: 'r', status: 'refreshed', note: '' } as const;

function decision(row: Partial<RefreshDecision> = {}): RefreshDecision {
  return { station_id: 29, station_name: 'Mill Brook', action: 'train', reason: '500 new pairs.', ...row };
}

/** Of a training that failed with this cause. */
function failedRow(cause: string | null, row: Partial<RefreshDecision> = {}): RefreshRow {
  const execution: StationExecution = {
    execution_arn: 'arn:x',
    status: 'FAILED',
    error: 'Fault',
    cause,
    output: null,
  };
  const decided = decision(row);
  const [failed] = resultRows([decided], refresh, new Map([[decided.station_id, execution]]));
  return failed as RefreshRow;
}

const messageOf = (rows: readonly RefreshRow[]) =>
  refreshMessage(summarizeRefresh(refresh, rows, 's3://models/result.csv'), 's3://models/result.csv');

test('a station that a program made up is told as one', () => {
  const [row] = resultRows([decision({ synthetic: true, action: 'nothing' })], refresh, new Map());

  expect(describeRow(row as RefreshRow)).toBe('Station 29 (Mill Brook, synthetic): nothing. 500 new pairs.');
});

describe('What is told of a failed station', () => {
  test('is the message within the cause of a function or a job', () => {
    expect(failedRow('{"errorMessage":"No photos."}').detail).toBe('Fault: No photos.');
    expect(failedRow('{"FailureReason":"AlgorithmError"}').detail).toBe('Fault: AlgorithmError');
    expect(failedRow('plain text').detail).toBe('Fault: plain text');
    expect(failedRow(null).detail).toBe('Fault');
  });

  test('is of a job the error that it has told, without the frame of SageMaker', () => {
    const execution: StationExecution = {
      ...{ execution_arn: 'arn:x', status: 'FAILED', error: 'States.TaskFailed', output: null },
      cause: '{"FailureReason":"AlgorithmError: TrainingDiverged: It diverged., exit code: 1"}',
    };

    const [row] = resultRows([decision()], refresh, new Map([[29, execution]]));
    expect(row?.detail).toBe('TrainingDiverged: It diverged.');
  });

  test('reads the same for the same fault, wherever in memory it was', () => {
    const cause = (address: string) =>
      JSON.stringify({ FailureReason: `cannot identify image file <_io.BytesIO object at ${address}>` });

    expect(failedRow(cause('0x7f3c5a1b2c40')).detail).toBe(failedRow(cause('0x7f00deadbeef')).detail);
  });

  test('says what a message holds that is no text', () => {
    expect(failedRow('{"errorMessage":{"code":7}}').detail).toBe('Fault: {"code":7}');
  });

  test('is one line, without what a terminal obeys', () => {
    expect(failedRow('{"errorMessage":"a\\nStation 30: train succeeded\\u001b[2J"}').detail).toBe(
      'Fault: a Station 30: train succeeded',
    );
  });

  test('keeps what to do, and lets go of what was found where both are too long', () => {
    const failure = (found: string, fix: string) =>
      new NoImages({ what: 'The station has no photo', where: 'station 29', found, expected: 'one', fix });
    const detailOf = ({ message }: Error) => failedRow(JSON.stringify({ errorMessage: message })).detail;
    const fix = 'upload photos and wait until they have been processed, then start a new execution';

    expect(detailOf(failure('none', fix))).toBe(
      `Fault: The station has no photo (station 29). Found: none. Expected: one. To fix: ${fix}.`,
    );
    expect(detailOf(failure('photos '.repeat(60), fix))).toBe(
      `Fault: The station has no photo (station 29). To fix: ${fix}.`,
    );
    expect(detailOf(failure('none', 'x'.repeat(900)))).toMatch(
      /^Fault: The station has no photo \(station 29\)\. To fix: x+…$/,
    );
  });
});

describe('The message of a refresh', () => {
  test('names the stations that failed on a line each, and their numbers in the subject', () => {
    const { subject, message } = messageOf([failedRow('no'), failedRow('no', { station_id: 30 })]);

    expect(subject).toBe('FPE refresh: 0 trained, 0 scored, 2 failed');
    expect(message.split('\n')).toContain('Station 30 (Mill Brook): train failed. Fault: no');
  });

  test('has no more lines than stations, and fits into SNS, whatever these are called', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom('a\nStation 1: train failed', 'x'.repeat(100_000), '\u001b[2J', '=HYPERLINK("x")'),
    );
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 70 }), (names) => {
        const rows = names.map((station_name, index) =>
          failedRow('no', { station_id: index + 1, station_name }),
        );

        const { subject, message } = messageOf(rows);

        expect(subject).toMatch(/^[\x20-\x7e]{1,99}$/);
        expect(message).not.toMatch(/[\p{Cc}--\n]/v);
        expect(message.split('\n').filter((line) => line.startsWith('Station ')).length).toBeLessThanOrEqual(
          rows.length,
        );
        expect(Buffer.byteLength(message)).toBeLessThan(128 * 1024);
      }),
    );
  });

  test('leaves out a station whose name fills the table, and no other', () => {
    const rows = ['x'.repeat(200_000), 'Mill Brook'].map((station_name, index) =>
      failedRow('no', { station_id: index + 1, station_name }),
    );

    const { stations, stations_left_out } = summarizeRefresh(refresh, rows, null);

    expect(stations.map(({ station_id }) => station_id)).toEqual([2]);
    expect(stations_left_out).toBe(1);
  });
});

test('A station that does not exist is told of in words that say so', () => {
  const decided = decision({ station_id: 99, station_name: null, action: 'nothing', reason: '' });

  const rows = resultRows([decided], refresh, new Map());
  const [row] = rows;

  expect(describeRow(row as RefreshRow)).toBe(
    'Station 99: failed. StationNotFound: the database has no station of this id; correct the file of --stations, or station_ids or stations of the input, which names it',
  );
  expect(summarizeRefresh(refresh, rows, null).counts).toMatchObject({ stations: 1, nothing: 0, failed: 1 });
});

test('A line for the terminal is one line of a limited length', () => {
  const line = describeRow(failedRow('no', { station_name: `Mill\n\u001b[31mBrook${'x'.repeat(500)}` }));

  expect(line).toMatch(/^Station 29 \(Mill Brookx+…\): train failed\. Fault: no$/);
});

test('result.csv has no cell that a spreadsheet would run', () => {
  const name = '=HYPERLINK("http://example.org","Mill Brook")';

  const csv = resultCsv([failedRow('=cmd', { station_name: name, reason: '-2 pairs' })]);

  const { data } = Papa.parse<Record<string, string>>(csv, { header: true, skipEmptyLines: true });
  expect(data).toMatchObject([
    { station_id: '29', station_name: `'${name}`, reason: "'-2 pairs", detail: 'Fault: =cmd' },
  ]);
});

test('the table in the output is as long as the output of an execution allows, with what stands between its rows', () => {
  const rows = Array.from({ length: 2_000 }, (_, station_id) =>
    failedRow('x'.repeat(station_id % 7), { station_id, reason: '' }),
  );

  const { stations, stations_left_out } = summarizeRefresh(refresh, rows, null);

  expect(stations.length + stations_left_out).toBe(rows.length);
  const bytes = Buffer.byteLength(JSON.stringify(stations).slice(1, -1));
  expect(bytes).toBeLessThanOrEqual(104 * 1024);
  expect(bytes).toBeGreaterThan(103 * 1024);
});
