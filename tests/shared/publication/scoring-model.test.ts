import { expect, test } from '@jest/globals';
import { NoModel } from '../../../shared/errors.ts';
import { parseScoringInput } from '../../../shared/inputs/score-station.ts';
import type { ModelRow } from '../../../shared/publication/model-row.ts';
import { requireModel } from '../../../shared/publication/scoring-model.ts';
import { modelRow } from '../../fixtures/model-row.ts';

const STATION = { id: 29, name: 'Mill Brook', timezone: 'America/New_York', synthetic: false };
const refuse =
  (models: ModelRow[], input: object = {}) =>
  () =>
    requireModel({ station: STATION, models }, parseScoringInput({ station_id: 29, ...input }));

test('A station whose models are no default is helped to one of them', () => {
  const attempt = refuse([modelRow({ variable_id: 'STAGE_FT' }), modelRow()]);

  expect(attempt).toThrow(NoModel);
  expect(attempt).toThrow(
    'give the model_code of one of these models, or make one the default (./fpe promote --station 29 --model-code RANK-A)',
  );
});

test.each<[string, ModelRow[], object]>([
  ['no model', [], {}],
  ['a model that failed', [modelRow({ status: 'FAILED' })], {}],
  ['a model without uuid', [modelRow({ uuid: null })], {}],
  ['a model of another variable', [modelRow({ variable_id: 'STAGE_FT' })], {}],
  ['no model of the code', [modelRow()], { model_code: 'RANK-B' }],
])('A station with %s needs a training, or another input', (_, models, input) => {
  expect(refuse(models, input)).toThrow(
    'To fix: train a model of the station with train-station, or correct',
  );
});

test('The default is taken, and by its code any other', () => {
  const models = [modelRow(), modelRow({ code: 'RANK-B', default: true, uuid: 'd5' })];

  const byDefault = requireModel({ station: STATION, models }, parseScoringInput({ station_id: 29 }));
  const byCode = requireModel(
    { station: STATION, models },
    parseScoringInput({ station_id: 29, model_code: 'RANK-A' }),
  );

  expect([byDefault.uuid, byCode.uuid]).toEqual(['d5', 'c4']);
});
