import { findSize } from '../aws/object-store.ts';
import { StartModelUnusable } from '../errors.ts';
import { scoredModelKeys } from '../execution/keys.ts';
import type { StartModel } from '../execution/train-station-state.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import type { RunInput } from '../inputs/train-station.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import type { ModelRow } from '../publication/model-row.ts';
import { findArchive } from './model-files.ts';
import { findManifest } from './model-publication.ts';

type StartFrom = NonNullable<RunInput['start_from']>;
const FIX = 'name another model in start_from, or leave it out, and start a new execution';

/**
 * The published model that a training starts from, and its archive. One that has itself started from another model is refused,
 * because that one may be of this station: what it knows of the pairs that judge the new model would pass for skill.
 *
 * @param models rows of the station that `start_from` names
 * @throws StartModelUnusable
 */
export async function findStartModel(
  models: ModelRow[],
  start_from: StartFrom,
  {
    model_type,
    buckets,
  }: { model_type: RunInput['model_type']; buckets: { storage: string; model: string } },
): Promise<{ model: StartModel; archive: ObjectLocation }> {
  const { code, uuid } = requirePublished(models, start_from, model_type);
  const keys = scoredModelKeys(modelTypeOf(model_type), start_from.station_id, code, uuid);
  const archive = await findArchive({ buckets, keys, model_uuid: uuid });
  const where = whereOf(start_from);
  if ((await findSize(archive)) === null)
    throw new StartModelUnusable({
      what: 'The archive of the model to start from is not there',
      where,
      found: `no object ${s3Uri(archive)}`,
      expected: 'the model.tar.gz that was published with the model',
      fix: FIX,
    });
  const manifestAt = (key: string) => findManifest({ buckets }, key);
  // At the fixed place may be that of a newer model.
  const manifest = (await manifestAt(keys.version.manifest)) ?? (await manifestAt(keys.manifest));
  const former = manifest?.model_uuid === uuid ? manifest.start_model : null;
  if (former)
    throw new StartModelUnusable({
      what: 'The model to start from has itself started from another one, whose pairs it knows as well',
      where,
      found: `it started from model ${former.model_code} of station ${former.station_id}`,
      expected: 'a model that started from ImageNet weights or from chance',
      fix: FIX,
    });
  return { model: { station_id: start_from.station_id, model_code: code, model_uuid: uuid }, archive };
}

const whereOf = ({ station_id, model_code }: StartFrom): string =>
  `start_from of the input: model ${model_code} of station ${station_id}`;

/** The one row of `models` that is meant. */
function requirePublished(
  models: readonly ModelRow[],
  start_from: StartFrom,
  model_type: RunInput['model_type'],
): { code: string; uuid: string } {
  const ofCode = models.filter(
    (model) => model.code === start_from.model_code && model.model_type_id === model_type,
  );
  const [model] = ofCode;
  if (ofCode.length === 1 && model?.uuid && model.status === 'DONE')
    return { code: model.code, uuid: model.uuid };
  throw new StartModelUnusable({
    what:
      ofCode.length > 1
        ? 'Several models have the code of the model to start from'
        : 'There is no such finished model to start from',
    where: whereOf(start_from),
    found: models.map(rowInWords).join(', ') || `no models of station ${start_from.station_id}`,
    expected: `one row of type ${model_type}, code ${start_from.model_code}, with status DONE and a uuid`,
    fix: FIX,
  });
}

const rowInWords = ({ code, model_type_id, variable_id, status, uuid }: ModelRow): string =>
  `${code} (${[model_type_id, variable_id, status !== 'DONE' && `status ${status}`, !uuid && 'without uuid'].filter(Boolean).join(', ')})`;
