import { expect, test } from '@jest/globals';
import { InvalidInput } from '../../../shared/errors.ts';
import { parseRefreshInput } from '../../../shared/inputs/refresh-stations.ts';
import { parseRunInput } from '../../../shared/inputs/train-station.ts';

test.each([
  [{ n_epochs: 1e30 }, 'n_epochs is 1e+30: Too big: expected number to be <=500.'],
  [
    { batch_size: 1 },
    'batch_size is 1: Too small: expected number to be >=2 and Invalid number: must be a multiple of 2.',
  ],
])('a value that breaks several rules is one fault: %j', (given, fault) => {
  const parse = () => parseRunInput({ station_id: 29, ...given });
  const parseOfAll = () => parseRefreshInput({ train: given });

  expect(parse).toThrow(`The input has a fault (input of the execution). Found: ${fault}`);
  expect(parseOfAll).toThrow(`The input has a fault (input of the execution). Found: train.${fault}`);
});

test.each([
  [{ start_from: 'A' }, 'start_from is "A": Invalid input: expected object, received string'],
  [
    { start_from: { station_id: '41', model_code: 'A' } },
    'start_from.station_id is "41": Invalid input: expected number, received string',
  ],
  [{ start_from: { station_id: 41 } }, 'start_from.model_code is missing'],
  [
    { start_from: { station_id: 41, model_code: 'A', model_kode: 'B' } },
    'start_from.model_kode is not a name of the input, did you mean model_code?',
  ],
  [{ n_epoch: 3 }, 'n_epoch is not a name of the input, did you mean n_epochs?'],
  [
    { n_epochs: 'x'.repeat(200) },
    `n_epochs is "${'x'.repeat(98)}…: Invalid input: expected number, received string`,
  ],
])('a fault is told with its place in the input and what is there: %j', (given, fault) => {
  const faults = [
    () => parseRunInput({ station_id: 29, ...given }),
    () => parseRefreshInput({ train: given }),
    () => parseRefreshInput({ stations: { 29: given } }),
  ];

  const found = ['', 'train.', 'stations.29.'].map(
    (place) => `Found: ${place}${fault}. Expected: names and values as in `,
  );
  for (const [index, parse] of faults.entries()) {
    expect(parse).toThrow(InvalidInput);
    expect(parse).toThrow(found[index]);
  }
});
