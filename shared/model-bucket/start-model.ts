import { findSize } from '../aws/object-store.ts';
import { InvalidInput, NoModel } from '../errors.ts';
import { scoredModelKeys } from '../execution/keys.ts';
import type { StartModel } from '../execution/train-station-state.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import type { RunInput } from '../inputs/train-station.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import type { ModelRow } from '../publication/model-row.ts';
import { requireModel } from '../publication/scoring-model.ts';
import { findArchive } from './model-files.ts';
import { findManifest } from './model-publication.ts';

/** What an input asks to start from. */
export type StartFrom = NonNullable<RunInput['start_from']>;

/**
 * A model of the station itself has learned from pairs and photos that the new one is judged by: what it knows would pass for skill,
 * in validation, promotion and report alike.
 *
 * @throws InvalidInput
 */
export function requireOtherStation({ station_id, start_from }: RunInput): void {
  if (start_from?.station_id !== station_id) return;
  throw new InvalidInput({
    what: 'The model to start from is one of the station itself, and has learned from pairs that the new one is judged by',
    where: 'start_from of the input',
    found: `station ${station_id}`,
    expected: 'a model of another station',
    fix: 'name another station’s model, or leave start_from out, and start a new execution',
  });
}

/**
 * The published model that a training starts from, and its archive.
 *
 * @param models rows of the station that `start_from` names
 * @throws NoModel, ModelAmbiguous; InvalidInput for a model that has itself started from one, which may be one of this station
 */
export async function findStartModel(
  models: ModelRow[],
  start_from: StartFrom,
  {
    model_type,
    buckets,
  }: { model_type: RunInput['model_type']; buckets: { storage: string; model: string } },
): Promise<{ model: StartModel; archive: ObjectLocation }> {
  const { code, uuid } = requireModel({ station: null, models }, { ...start_from, model_type });
  const keys = scoredModelKeys(modelTypeOf(model_type), start_from.station_id, code, uuid);
  const archive = await findArchive({ buckets, keys, model_uuid: uuid });
  const where = `start_from of the input: model ${code} of station ${start_from.station_id}`;
  if ((await findSize(archive)) === null)
    throw new NoModel({
      what: 'The archive of the model to start from is not there',
      where,
      found: `no object ${s3Uri(archive)}`,
      expected: 'the model.tar.gz that was published with the model',
      fix: 'name another model, or leave start_from out, and start a new execution',
    });
  const former = (await findManifest({ buckets }, keys.version.manifest))?.start_model ?? null;
  if (former)
    throw new InvalidInput({
      what: 'The model to start from has itself started from another one, whose pairs it knows as well',
      where,
      found: `it started from model ${former.model_code} of station ${former.station_id}`,
      expected: 'a model that started from ImageNet weights or from chance',
      fix: `name that one (station_id ${former.station_id}, model_code ${former.model_code}) unless it is of this station, or leave start_from out, and start a new execution`,
    });
  return { model: { station_id: start_from.station_id, model_code: code, model_uuid: uuid }, archive };
}
