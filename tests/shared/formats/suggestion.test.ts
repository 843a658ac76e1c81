import { expect, test } from '@jest/globals';
import { suggestion } from '../../../shared/formats/suggestion.ts';

const NAMES = [
  'station_id',
  'model_code',
  'model_type',
  'n_epochs',
  'seed',
  'mode',
  'max_hour',
  'storageBucket',
];

test.each([
  ['a letter is missing', 'n_epoch', ', did you mean n_epochs?'],
  ['a letter is too much', 'max_hours', ', did you mean max_hour?'],
  ['the case is another', 'storagebucket', ', did you mean storageBucket?'],
  ['a word is missing', 'epochs', ', did you mean n_epochs?'],
  ['it has the words of a name and another', 'model_version_code', ', did you mean model_code?'],
  ['a word is too much', 'the_station_id', ', did you mean station_id?'],
  ['no name is like it', 'weights', ''],
  ['no name is like it, be it short', '$schema', ''],
])('where %s, %s is answered with "%s"', (_, unknown, expected) => {
  expect(suggestion(unknown, NAMES)).toBe(expected);
});

test('a word that several names share is answered with all of them', () => {
  expect(suggestion('code_model', NAMES)).toBe(', did you mean model_code?');
  expect(suggestion('model', ['model_code', 'model_type', 'seed'])).toBe(
    ', did you mean model_code or model_type?',
  );
});

test('nothing is like a name where there are no names', () => {
  expect(suggestion('seed', [])).toBe('');
});
