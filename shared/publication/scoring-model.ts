import { ModelAmbiguous, NoModel } from '../errors.ts';
import type { ScoringInput } from '../inputs/score-station.ts';
import { DEFAULT_MODEL_TYPE, isModelType, modelTypeIds } from '../model-types/registry.ts';
import { DEFAULT_VARIABLE } from '../variables.ts';
import { canBeDefault, defaultModelOf } from './default-model.ts';
import type { ModelRow } from './model-row.ts';

/**
 * The model requested by its code, otherwise the station's default.
 *
 * @throws NoModel, ModelAmbiguous
 */
export function requireModel({ models }: StationModels, input: ScoringInput): ModelRow & { uuid: string } {
  const { model_code: code } = input;
  if (code === undefined) {
    const variable_id = input.variable_code ?? DEFAULT_VARIABLE;
    const model = defaultModelOf(models, {
      model_type_id: input.model_type ?? DEFAULT_MODEL_TYPE,
      variable_id,
    });
    if (!model) throw noModel(models, input, variable_id);
    return model;
  }
  const found = models.filter(
    (model) =>
      (input.model_type ? model.model_type_id === input.model_type : isModelType(model.model_type_id)) &&
      model.code === code &&
      (input.variable_code === undefined || model.variable_id === input.variable_code),
  );
  const [model] = found;
  if (found.length > 1)
    throw new ModelAmbiguous({
      what: 'Several models have this code',
      where: `models table of the FPE database, station ${input.station_id}`,
      found: `${code} with the ids ${found.map(({ id }) => id).join(', ')}`,
      expected: 'one row for a station and code',
      fix: 'delete the wrong rows, then start a new execution',
    });
  if (!model?.uuid) throw noModel(models, input, input.variable_code);
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
              `${model.code} (${[model.model_type_id, model.variable_id, model.default && 'default', model.status !== 'DONE' && `status ${model.status}`, !model.uuid && 'without uuid'].filter(Boolean).join(', ')})`,
          )
          .join(', ')
      : 'no models',
    expected: [
      `a row of type ${input.model_type ?? (input.model_code ? modelTypeIds().join(' or ') : DEFAULT_MODEL_TYPE)}`,
      input.model_code && `code ${input.model_code}`,
      !input.model_code && 'that is the default, with status DONE',
      variable && `variable ${variable}`,
      'with a uuid',
    ]
      .filter(Boolean)
      .join(', '),
    fix: `${helpOf(models, input)}, and start a new execution`,
  });

/** A model that is finished and no default was replaced, or taken off the website by hand. */
function helpOf(
  models: readonly ModelRow[],
  { station_id, model_code, variable_code }: ScoringInput,
): string {
  const finished = models.find(
    (model) => canBeDefault(model) && model.variable_id === (variable_code ?? DEFAULT_VARIABLE),
  );
  return finished && !model_code
    ? `give the model_code of one of these models, or make one the default (./fpe promote --station ${station_id} --model-code ${finished.code})`
    : 'train a model of the station with train-station, or correct the input';
}

export type StationModels = {
  station: { id: number; name: string; timezone: string; synthetic: boolean } | null;
  /** Every row of the station. */
  models: ModelRow[];
};
