import { ModelAmbiguous, NoModel } from '../errors.ts';
import { canBeDefault } from './default-model.ts';
import type { ModelRow } from './model-row.ts';

/**
 * What a person may change in how the website shows a station's models: `promote` makes a model the default and draws it,
 * `unpublish` takes one off the page, `restore` draws a model again without making it the default.
 */
export type DrawingAction = 'promote' | 'unpublish' | 'restore';

/** A row of `models`, and whether this pipeline created it: then its files can be created again. */
export type StationModel = ModelRow & { is_ours: boolean };

export type DrawingChange = {
  action: DrawingAction;
  model: StationModel;
  /** Former defaults that are no longer drawn. */
  superseded: StationModel[];
  /** What stays on the page beside it: former defaults, as those of upstream's scripts are taken off only on request; of a restored model all others. */
  kept: StationModel[];
};

/** By FPE's rule, whatever else the row says: without a uuid, failed, or not the default (contract 9.1). */
export const isDrawn = ({ predictions_url }: Pick<ModelRow, 'predictions_url'>): boolean =>
  predictions_url !== null;

/**
 * @param models rows of the station
 * @returns null if the website already shows the model that way
 * @throws NoModel, ModelAmbiguous
 */
export function planDrawing(
  models: readonly StationModel[],
  { action, code, keepPrevious }: { action: DrawingAction; code: string; keepPrevious: boolean },
  where: string,
): DrawingChange | null {
  const ofCode = models.filter((each) => each.code === code);
  if (action === 'unpublish') {
    const drawn = ofCode.filter(isDrawn);
    if (drawn.length === 0 && ofCode.length > 0) return null;
    return { action, model: requireOne(drawn, models, code, where), superseded: [], kept: [] };
  }
  const finished = ofCode.filter(canBeDefault);
  // A model that was drawn in spite of that is drawn again.
  const isAny = action === 'restore' && finished.length === 0;
  const model = requireOne(isAny ? ofCode : finished, models, code, where);
  const isRival = (each: StationModel) =>
    each.id !== model.id &&
    each.model_type_id === model.model_type_id &&
    each.variable_id === model.variable_id;
  if (action === 'restore')
    return isDrawn(model)
      ? null
      : { action, model, superseded: [], kept: models.filter((each) => isRival(each) && isDrawn(each)) };
  const former = models.filter((each) => each.default && isRival(each));
  if (model.default && isDrawn(model) && former.length === 0) return null;
  const leaves = (each: StationModel) => !keepPrevious && each.is_ours && isDrawn(each);
  return {
    action,
    model,
    superseded: former.filter(leaves),
    kept: former.filter((each) => isDrawn(each) && !leaves(each)),
  };
}

/** @throws NoModel, ModelAmbiguous */
function requireOne(
  found: readonly StationModel[],
  models: readonly StationModel[],
  code: string,
  where: string,
): StationModel {
  const [model, ...others] = found;
  const codes = models.map(({ code, status, uuid }) => {
    const lacks = [...(status === 'DONE' ? [] : [status]), ...(uuid === null ? ['without uuid'] : [])];
    return lacks.length > 0 ? `${code} (${lacks.join(', ')})` : code;
  });
  if (!model)
    throw new NoModel({
      what:
        models.length > 0 ? 'The station has no finished model of this code' : 'The station has no models',
      where,
      found: codes.join(', ') || 'no models',
      expected: `a row with code ${code}, status DONE and a uuid`,
      fix: `${models.length > 0 ? 'give the code of one of its models' : 'train one with ./fpe start ID (on a local stack without ImageNet weights, with --pretrained false)'}; one with publish: false has no row`,
    });
  if (others.length > 0)
    throw new ModelAmbiguous({
      what: 'Several models have this code',
      where,
      found: `${code} with the ids ${found.map(({ id }) => id).join(', ')}`,
      expected: 'one row for a station and code',
      fix: 'delete the wrong rows',
    });
  return model;
}

/** What a change does, for the person who has to agree. */
export function describeDrawing({ action, model, superseded, kept }: DrawingChange): string[] {
  const named = (each: StationModel) => `${each.code} (models.id ${each.id})`;
  const kind = `${model.model_type_id} ${model.variable_id ?? 'without a variable'}`;
  switch (action) {
    case 'promote':
      return [
        `${named(model)} becomes the default of ${kind}${isDrawn(model) ? '' : ', and the website draws it'}.`,
        ...superseded.map((each) => `The website no longer draws ${named(each)}, the default until now.`),
        ...kept.map((each) => `${named(each)}, the default until now, stays on the page beside it.`),
      ];
    case 'unpublish':
      return [
        `The website no longer draws ${named(model)}. Its files stay where they are.`,
        ...(model.default
          ? [
              `It is no longer the default: the station then has none of ${kind}. To make it the default again: ./fpe promote --station ${model.station_id} --model-code ${model.code} (restore alone draws it, and makes it no default).`,
            ]
          : []),
      ];
    case 'restore':
      return [
        `The website draws ${named(model)} again${kept.length > 0 ? `, beside ${kept.map(named).join(', ')}` : ''}; the default stays as it is.`,
        ...(model.uuid === null
          ? [
              'It has no uuid, by which its files are found: nobody looks whether they name photos that show people.',
            ]
          : []),
      ];
  }
}
