import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readExecutionInput } from '../../cli/execution-input.ts';
import { UsageError } from '../../cli/usage-error.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-input-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('an input', () => {
  test.each([
    ['a station id', '7\n', undefined, { station_id: 7 }],
    ['a station id, for a refresh', '7', 'refresh-stations', { station_ids: [7] }],
    ['JSON', '{"station_id": 7}', undefined, { station_id: 7 }],
  ] as const)('from standard input may be %s', (_, text, kind, expected) => {
    expect(readExecutionInput('-', kind, () => text)).toEqual(expected);
  });

  test.each(['01', '0', '00000000007', '99999999999'])(
    'of digits that are no station id is told so: %s',
    (id) => {
      for (const read of [() => readExecutionInput(id), () => readExecutionInput('-', undefined, () => id)]) {
        expect(read).toThrow(UsageError);
        expect(read).toThrow(`${id} is no station id. Expected: a whole number from 1`);
        expect(read).not.toThrow('JSON.');
      }
    },
  );

  test('that is not JSON is told with its fault and what to give instead', () => {
    const file = join(folder, 'README.md');
    writeFileSync(file, '# A title');

    const comma = () => readExecutionInput('{"station_ids":[1,]}', 'refresh-stations');
    const markdown = () => readExecutionInput(file);

    expect(comma).toThrow(
      /^The input is not JSON\. .* the comma in line 1, column 18\. Give a station id, .*mode/,
    );
    expect(markdown).toThrow(
      /README\.md is not JSON\. .* does not begin with \{ or \[\. Give a station id, /,
    );
  });
});
