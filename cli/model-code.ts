import { Option } from 'commander';
import type { ModelType } from '../shared/model-types/model-type.ts';
import { type ModelTypeId, modelTypeIds, modelTypeOf } from '../shared/model-types/registry.ts';
import { UsageError } from './usage-error.ts';

/** A model as people name it: the newest of this code, whatever its type unless that is given. */
export type NamedModel = { station: number; code: string; modelType?: ModelTypeId | undefined };

export const modelTypeOption = (): Option =>
  new Option(
    '--model-type <type>',
    'with --station: the type, where models of several have the code',
  ).choices(modelTypeIds());

/**
 * Looks for something of a model at the fixed places of its code, which every type has below a prefix of its own.
 *
 * @param what is looked for, for people
 * @throws UsageError unless one type has it
 */
export async function findByCode<Found>(
  { station, code, modelType }: NamedModel,
  what: string,
  find: (type: ModelType) => Promise<Found | null>,
): Promise<Found> {
  const types = modelType ? [modelType] : modelTypeIds();
  const found: { type: ModelTypeId; value: Found }[] = [];
  for (const type of types) {
    const value = await find(modelTypeOf(type));
    if (value !== null) found.push({ type, value });
  }
  const [one, other] = found;
  if (one && !other) return one.value;
  throw new UsageError(
    one
      ? `Station ${station} has models ${code} of ${found.map(({ type }) => type).join(' and ')}. Say which: --model-type ${one.type}`
      : `Station ${station} has no ${what} of a model ${code} (${types.join(', ')}). Its models: ./fpe models --station ${station}`,
  );
}
