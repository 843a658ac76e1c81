import { expect, test } from '@jest/globals';
import { InvalidInput } from '../../../shared/errors.ts';
import { STARTED_BY } from '../../../shared/inputs/parameters.ts';
import { parseRefreshInput, stationRules } from '../../../shared/inputs/refresh-stations.ts';
import { parseRunInput } from '../../../shared/inputs/train-station.ts';

test('nothing is required', () => {
  expect(parseRefreshInput({})).toEqual({
    mode: 'auto',
    min_new_pairs: 500,
    max_model_age_days: 365,
    max_training_jobs: 20,
    concurrency: 5,
    train: {},
    stations: {},
    dry_run: false,
  });
});

test('all faults are told at once, unknown names with the nearest one, wherever they are', () => {
  const parse = () =>
    parseRefreshInput({
      station_ids: [29, 29],
      mod: 'score',
      concurrency: 41,
      train: { n_epoch: 5, train_frac: 80 },
      stations: { 29: { mode: 'sometimes' }, x: {} },
    });

  expect(parse).toThrow(InvalidInput);
  for (const fault of [
    '7 faults',
    'mod is not a name of the input, did you mean mode?',
    'station_ids is [29,29]: expected each station once',
    'concurrency is 41: ',
    'train.n_epoch is not a name of the input, did you mean n_epochs?',
    'train.train_frac is 80: ',
    'stations.29.mode is "sometimes": ',
    'stations.x is not the id of a station',
  ])
    expect(parse).toThrow(fault);
});

test.each([
  [
    'dates of a station that do not fit those of all',
    { train: { images_start: '2026-05-01' }, stations: { 29: { images_end: '2026-04-01' } } },
    'stations.29.images_end is "2026-04-01": 2026-04-01 is before images_start 2026-05-01',
  ],
  [
    'a station that is not among those asked for',
    { station_ids: [41], stations: { 29: {} } },
    'stations.29 is {}: it is not among station_ids',
  ],
  ['an input that is no object', [], '[] is not a JSON object'],
])('%s is refused', (_, input, message) => {
  expect(() => parseRefreshInput(input)).toThrow(message);
});

test('what is given for a station goes before what is given for all', () => {
  const input = parseRefreshInput({
    min_new_pairs: 200,
    train: { n_epochs: 5, variable_code: 'STAGE_FT' },
    stations: { 29: { min_new_pairs: 50, n_epochs: 9 } },
  });

  expect(stationRules(input, 29)).toEqual({
    mode: 'auto',
    min_new_pairs: 50,
    max_model_age_days: 365,
    model_type: 'RANK',
    variable_code: 'STAGE_FT',
    own: { n_epochs: 9 },
  });
  expect(stationRules(input, 41)).toMatchObject({ min_new_pairs: 200, own: {} });
});

test('the station whose model all others start from starts without, unless it has a start of its own', () => {
  const start_from = { station_id: 29, model_code: 'A' };
  const another = { station_id: 41, model_code: 'B' };
  const common = parseRefreshInput({ train: { start_from } });
  const own = parseRefreshInput({ train: { start_from }, stations: { 29: { start_from: another } } });

  expect(stationRules(common, 29).own).toEqual({ start_from: null });
  expect(stationRules(common, 41).own).toEqual({});
  expect(stationRules(own, 29).own).toEqual({ start_from: another });
});

test('a start from a model of the station itself is refused, whichever station it is', () => {
  for (const id of [1, 29]) {
    const start_from = { station_id: id, model_code: 'A' };

    expect(() => parseRefreshInput({ stations: { [id]: { start_from } } })).toThrow(InvalidInput);
    expect(() => parseRefreshInput({ stations: { [id]: { start_from } } })).toThrow(
      `stations.${id}.start_from.station_id is ${id}: a model of the station itself knows the pairs`,
    );
    expect(parseRefreshInput({ train: { start_from }, stations: { [id]: { n_epochs: 9 } } }).train).toEqual({
      start_from,
    });
  }
});

test('defaults of a training are left to train-station', () => {
  expect(parseRefreshInput({ train: { n_epochs: 5 } }).train).toEqual({ n_epochs: 5 });
});

test('the link to the execution that started it is no parameter', () => {
  expect(parseRefreshInput({ [STARTED_BY]: 'arn' })).toEqual(parseRefreshInput({}));
  expect(parseRunInput({ station_id: 29, [STARTED_BY]: 'arn' })).toEqual(parseRunInput({ station_id: 29 }));
});
