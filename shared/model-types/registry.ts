import type { ModelType } from './model-type.ts';
import { RANK } from './rank.ts';

/** Every type of model that can be trained, by its `model_types.id`. */
export const MODEL_TYPES = { RANK };

export type ModelTypeId = keyof typeof MODEL_TYPES;
export const DEFAULT_MODEL_TYPE: ModelTypeId = 'RANK';

export const modelTypeIds = (): ModelTypeId[] => Object.keys(MODEL_TYPES) as ModelTypeId[];
export const modelTypes = (): ModelType[] => Object.values(MODEL_TYPES);

export const isModelType = (id: string): id is ModelTypeId => Object.hasOwn(MODEL_TYPES, id);

/** The type of a row of `models`. One that is not in the list was made by upstream's scripts or before there was a list: as RANK. */
export const modelTypeOf = (id: string): ModelType =>
  isModelType(id) ? MODEL_TYPES[id] : MODEL_TYPES[DEFAULT_MODEL_TYPE];

export const idOf = (type: ModelType): ModelTypeId =>
  modelTypeIds().find((id) => MODEL_TYPES[id] === type) ?? DEFAULT_MODEL_TYPE;
