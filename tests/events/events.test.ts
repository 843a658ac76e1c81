import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { inputSchema, SCHEMA_FILE } from '../../events/generate-schema.ts';
import { InvalidInput } from '../../shared/errors.ts';
import { parseRunInput, runInput } from '../../shared/run-input.ts';

const folder = join(import.meta.dirname, '..', '..', 'events');
const readEvent = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const samples = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.includes('schema'));

test('the JSON Schema of the input is fresh (npm run schema)', () => {
  expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(inputSchema());
});

test.each(samples.filter((name) => !name.includes('.invalid.')))('%s is a valid input', (name) => {
  expect(parseRunInput(readEvent(name))).toMatchObject({ station_id: expect.any(Number) });
});

test('the sample with everything names every parameter', () => {
  const given = Object.keys(readEvent('train-station.all.json') as object);

  expect(given.sort()).toEqual(Object.keys(runInput.shape).sort());
});

test('the invalid sample is refused with all three faults at once', () => {
  const parse = () => parseRunInput(readEvent('train-station.invalid.json'));

  expect(parse).toThrow(InvalidInput);
  expect(parse).toThrow(
    /3 faults.*station_id is "29".*train_frac is 80.*max_hours is not a name of the input, did you mean max_hour\?/,
  );
});
