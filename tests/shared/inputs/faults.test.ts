import { expect, test } from '@jest/globals';
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
