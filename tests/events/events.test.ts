import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { inputSchema, schemaFile } from '../../events/generate-schema.ts';
import { InvalidInput } from '../../shared/errors.ts';
import { kindOfMachine } from '../../shared/execution/arns.ts';
import { MACHINE_INPUTS, type MachineKind, machineOfInput } from '../../shared/inputs/machines.ts';

const folder = join(import.meta.dirname, '..', '..', 'events');
const readEvent = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const KINDS = Object.keys(MACHINE_INPUTS) as MachineKind[];
const samples = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.includes('schema'));
/** A sample is named after its machine; those of the demo are of the one that trains. */
const kindOf = (name: string): MachineKind =>
  KINDS.find((kind) => name.startsWith(`${kind}.`)) ?? 'train-station';

describe.each(KINDS)('the input of %s', (kind) => {
  test('has a fresh JSON Schema (npm run schema)', () => {
    expect(readFileSync(schemaFile(kind), 'utf8')).toBe(inputSchema(kind));
  });

  test('has a sample with everything that names every parameter', () => {
    const given = Object.keys(readEvent(`${kind}.all.json`) as object);

    expect(given.sort()).toEqual(Object.keys(MACHINE_INPUTS[kind].schema.shape).sort());
  });
});

test.each(samples.filter((name) => !name.includes('.invalid.')))('%s is a valid input', (name) => {
  const { parse } = MACHINE_INPUTS[kindOf(name)];

  expect(() => parse(readEvent(name))).not.toThrow();
});

test.each([
  [
    'train-station',
    /3 faults.*station_id is "29".*train_frac is 80.*max_hours is not a name of the input, did you mean max_hour\?/,
  ],
  [
    'score-station',
    /3 faults.*station_id is "29".*transform_instance_type is "c5.xlarge".*model is not a name of the input, did you mean model_code or model_type\?/,
  ],
  [
    'refresh-stations',
    /3 faults.*concurrency is 100.*train\.epochs is not a name of the input, did you mean n_epochs\?.*stations_ids is not a name of the input, did you mean station_ids\?/,
  ],
] as const)('the invalid sample of %s is refused with all three faults at once', (kind, faults) => {
  const parse = () => MACHINE_INPUTS[kind].parse(readEvent(`${kind}.invalid.json`));

  expect(parse).toThrow(InvalidInput);
  expect(parse).toThrow(faults);
});

test.each(Object.entries(MACHINE_INPUTS))(
  'an input of %s may name its schema for editors',
  (kind, { parse }) => {
    const sample = readEvent(`${kind}.json`) as object;
    const named = { $schema: `./${kind}.schema.json`, ...sample };

    expect(parse(named)).toEqual(parse(sample));
    expect(JSON.parse(readFileSync(schemaFile(kind as MachineKind), 'utf8')).properties).toHaveProperty([
      '$schema',
    ]);
  },
);

test.each([
  ['fpe-prod-score-station', 'score-station'],
  ['fpe-prod-refresh-stations', 'refresh-stations'],
  ['refresh-stations', 'refresh-stations'],
  ['arn:aws:states:us-west-2:123456789012:stateMachine:fpe-dev-train-station', 'train-station'],
  ['arn:aws:states:us-west-2:123456789012:execution:fpe-dev-score-station:refresh-stations', 'score-station'],
  ['greeter', null],
])('the machine %s takes the input of %s', (machine, kind) => {
  expect(kindOfMachine(machine)).toBe(kind);
});

test.each([
  [{ station_id: 29 }, 'train-station'],
  [{ station_id: 29, mode: 'train' }, 'train-station'],
  [{ station_ids: [29] }, 'refresh-stations'],
  [{ dry_run: true }, 'refresh-stations'],
  [{ n_epochs: 5 }, 'train-station'],
  [{}, 'train-station'],
] as const)('the input %j is meant for %s', (input, kind) => {
  expect(machineOfInput(input)).toBe(kind);
});
