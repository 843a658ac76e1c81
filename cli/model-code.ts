import { Option } from 'commander';
import pMap from 'p-map';
import { findSize, listFolders } from '../shared/aws/object-store.ts';
import { modelKeys } from '../shared/execution/keys.ts';
import type { ModelType } from '../shared/model-types/model-type.ts';
import { type ModelTypeId, modelTypeIds, modelTypeOf, modelTypes } from '../shared/model-types/registry.ts';
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
      : `Station ${station} has no ${what} of a model ${code} (${types.join(', ')}). Which models there are: ./fpe models, and of one station: ./fpe models --station ID`,
  );
}

const STATIONS_AT_ONCE = 20;
const QUESTIONS = { listFolders, findSize };

/** A code alone names no station. @returns those whose models of this code have numbers, ascending */
export async function stationsOfCode(
  bucket: string,
  code: string,
  { listFolders, findSize } = QUESTIONS,
): Promise<number[]> {
  const found = new Set<number>();
  for (const type of modelTypes()) {
    const folders = await listFolders(bucket, type.prefix);
    const ids = folders.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
    const look = async (id: number) => {
      const size = await findSize({ bucket, key: modelKeys(type, id, code).metrics });
      if (size !== null) found.add(id);
    };
    await pMap(ids, look, { concurrency: STATIONS_AT_ONCE });
  }
  return [...found].sort((one, other) => one - other);
}
