import { expect, test } from '@jest/globals';
import { NoModel } from '../../../shared/errors.ts';
import { parseScoringInput } from '../../../shared/inputs/score-station.ts';
import type { ModelRow } from '../../../shared/publication/model-row.ts';
import { requireModel } from '../../../shared/publication/scoring-model.ts';

const STATION = { id: 29, name: 'Mill Brook', timezone: 'America/New_York' };
const row = (change: Partial<ModelRow> = {}): ModelRow => ({
  id: 7,
  station_id: 29,
  uuid: 'c4',
  code: 'RANK-A',
  model_type_id: 'RANK',
  variable_id: 'FLOW_CFS',
  default: false,
  status: 'DONE',
  diagnostics_url: null,
  predictions_url: null,
  ...change,
});

const refuse =
  (models: ModelRow[], input: object = {}) =>
  () =>
    requireModel({ station: STATION, models }, parseScoringInput({ station_id: 29, ...input }));

test('A station whose models are no default is helped to one of them', () => {
  const attempt = refuse([row({ variable_id: 'STAGE_FT' }), row()]);

  expect(attempt).toThrow(NoModel);
  expect(attempt).toThrow(
    'give the model_code of one of these models, or make one the default (./fpe promote --station 29 --model-code RANK-A)',
  );
});

test.each<[string, ModelRow[], object]>([
  ['no model', [], {}],
  ['a model that failed', [row({ status: 'FAILED' })], {}],
  ['a model without uuid', [row({ uuid: null })], {}],
  ['a model of another variable', [row({ variable_id: 'STAGE_FT' })], {}],
  ['no model of the code', [row()], { model_code: 'RANK-B' }],
])('A station with %s needs a training, or another input', (_, models, input) => {
  expect(refuse(models, input)).toThrow(
    'To fix: train a model of the station with train-station, or correct',
  );
});

test('The default is taken, and by its code any other', () => {
  const models = [row(), row({ code: 'RANK-B', default: true, uuid: 'd5' })];

  const byDefault = requireModel({ station: STATION, models }, parseScoringInput({ station_id: 29 }));
  const byCode = requireModel(
    { station: STATION, models },
    parseScoringInput({ station_id: 29, model_code: 'RANK-A' }),
  );

  expect([byDefault.uuid, byCode.uuid]).toEqual(['d5', 'c4']);
});
