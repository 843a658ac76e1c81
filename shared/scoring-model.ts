import { IANAZone } from 'luxon';
import { InvalidTimezone, ModelAmbiguous, NoModel, StationNotFound } from './errors.ts';
import type { ModelRow, StationModels } from './fpe-database/scoring-model.ts';
import type { ScoringInput } from './scoring-input.ts';

const MODEL_TYPE = 'RANK';
const DEFAULT_VARIABLE = 'FLOW_CFS';

/** @throws StationNotFound, InvalidTimezone */
export function requireScoredStation({ station }: StationModels, input: ScoringInput) {
  if (!station)
    throw new StationNotFound({
      what: 'The station does not exist',
      where: 'stations table of the FPE database',
      found: `no row with id ${input.station_id}`,
      expected: 'the id of a station, as in the address of its page on the FPE website',
      fix: 'correct station_id and start a new execution',
    });
  if (!IANAZone.isValidZone(station.timezone))
    throw new InvalidTimezone({
      what: 'The station’s time zone does not exist',
      where: `stations.timezone of station ${station.id} (${station.name})`,
      found: JSON.stringify(station.timezone),
      expected: 'a name of the IANA time zone database, such as America/New_York',
      fix: 'correct the station’s time zone on the FPE website and start a new execution',
    });
  return station;
}

/**
 * The model that is asked for by its code, or else the default one of the variable. Upstream never resets the default of
 * older models (Q-P5): of several the newest is meant.
 *
 * @throws NoModel, ModelAmbiguous
 */
export function requireModel({ models }: StationModels, input: ScoringInput): ModelRow & { uuid: string } {
  const { model_code: code } = input;
  const variable = input.variable_code ?? (code === undefined ? DEFAULT_VARIABLE : undefined);
  const found = models.filter(
    (model) =>
      model.model_type_id === MODEL_TYPE &&
      (variable === undefined || model.variable_id === variable) &&
      (code === undefined ? model.default : model.code === code),
  );
  const [model] = found;
  if (!model) throw noModel(models, input, variable);
  if (code !== undefined && found.length > 1)
    throw new ModelAmbiguous({
      what: 'Several models have this code',
      where: `models table of the FPE database, station ${input.station_id}`,
      found: `${code} with the ids ${found.map(({ id }) => id).join(', ')}`,
      expected: 'one row for a station and code',
      fix: 'delete the rows that are not meant, then start a new execution',
    });
  if (!model.uuid) throw noModel(models, input, variable);
  return { ...model, uuid: model.uuid };
}

const noModel = (models: readonly ModelRow[], input: ScoringInput, variable: string | undefined): NoModel =>
  new NoModel({
    what: input.model_code
      ? 'The station has no published model of this code'
      : 'The station has no default model',
    where: `models table of the FPE database, station ${input.station_id}`,
    found: models.length
      ? models
          .map(
            (model) =>
              `${model.code} (${[model.model_type_id, model.variable_id, model.default && 'default', !model.uuid && 'without uuid'].filter(Boolean).join(', ')})`,
          )
          .join(', ')
      : 'no models',
    expected: [
      `a row of type ${MODEL_TYPE}`,
      input.model_code && `code ${input.model_code}`,
      !input.model_code && 'that is the default',
      variable && `variable ${variable}`,
      'with a uuid',
    ]
      .filter(Boolean)
      .join(', '),
    fix: 'train a model of the station with train-station, or correct the input, and start a new execution',
  });
