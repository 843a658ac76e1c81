import { datasetsFolder, modelKeys, versionKeys } from '../execution/keys.ts';
import type { ModelType } from '../model-types/model-type.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import type { ModelManifest } from '../publication/model-manifest.ts';
import type { ModelRow } from '../publication/model-row.ts';
import type { CodeFacts, Looked, Objects, StationFacts, VersionFacts } from './facts.ts';

/** Names in one finding. */
const SHOWN = 5;

export const readValue = <Value>(looked: Looked<Value> | null): Value | null =>
  looked !== null && typeof looked === 'object' && 'value' in looked ? looked.value : null;

/** A code, and of which type the models are whose files lie there. */
export type OfCode = Pick<CodeFacts, 'type' | 'code'>;

/** What lies below the code of a row, by the row's type. */
export const codeOfRow = <Facts extends OfCode>(
  { codes }: { codes: readonly Facts[] },
  { code, model_type_id }: Pick<ModelRow, 'code' | 'model_type_id'>,
): Facts | undefined => codes.find((each) => each.code === code && each.type === modelTypeOf(model_type_id));

/** Whether a model was published by this pipeline: only then its own folder tells what it is made of. */
export const versionOf = (facts: StationFacts, code: string, uuid: string): VersionFacts | null =>
  facts.codes
    .filter((each) => each.code === code)
    .flatMap(({ versions }) => versions)
    .find((version) => version.uuid === uuid && readValue(version.manifest) !== null) ?? null;

/** The row of a code that counts: the newest, should there be several. */
export const rowOfCode = ({ rows }: StationFacts, { code, type }: OfCode): ModelRow | null =>
  rows
    .filter((row) => row.code === code && modelTypeOf(row.model_type_id) === type)
    .sort((one, other) => other.id - one.id)[0] ?? null;

/** Where the model's own predictions lie: in its own folder, or of upstream's at the fixed places. */
export function ownPredictionsKey(
  facts: Pick<StationFacts, 'station' | 'codes'>,
  row: ModelRow,
): string | null {
  const code = codeOfRow(facts, row);
  if (!code || row.uuid === null) return null;
  const own = versionKeys(code.type, facts.station.id, row.code, row.uuid).transform.predictions;
  if (code.versions.some(({ files }) => files.has(own))) return own;
  const fixed = modelKeys(code.type, facts.station.id, row.code).transform.predictions;
  const isOfModel = code.manifest === 'missing' || readValue(code.manifest)?.model_uuid === row.uuid;
  return isOfModel && code.files.has(fixed) ? fixed : null;
}

/** Files of a manifest that are not there, or are others. */
export const differing = (files: readonly { key: string; etag: string }[], found: Objects): string[] =>
  files.flatMap(({ key, etag }) => {
    const file = found.get(key);
    if (!file) return [`${key}: no such file`];
    return file.etag === etag ? [] : [`${key}: ${file.etag} in the place of ${etag}`];
  });

export const enumerateFiles = (wrong: readonly string[]): string =>
  wrong.length <= SHOWN
    ? wrong.join('; ')
    : `${wrong.slice(0, SHOWN).join('; ')}; and ${wrong.length - SHOWN} more files`;

export function ownFilesOf(version: VersionFacts, stationId: number, { type, code }: OfCode) {
  const { predictions } = versionKeys(type, stationId, code, version.uuid).transform;
  return (readValue(version.manifest)?.files ?? []).filter(({ key }) => key !== predictions);
}

/** Whether a model's own folder has all that its manifest names. */
export function hasOwnFiles(version: VersionFacts, stationId: number, of: OfCode): boolean {
  const { predictions } = versionKeys(of.type, stationId, of.code, version.uuid).transform;
  return (
    readValue(version.manifest) !== null &&
    version.files.has(predictions) &&
    differing(ownFilesOf(version, stationId, of), version.files).length === 0
  );
}

/** The same file at the fixed places, if it is the one that was published there; null where it is not. */
export function twinOf(key: string, uuid: string, code: CodeFacts, stationId: number): string | null {
  const manifest = readValue(code.manifest);
  if (manifest?.model_uuid !== uuid) return null;
  const own = versionKeys(code.type, stationId, code.code, uuid);
  const isTwin = (fixed: string): boolean => ownKeyOf(fixed, manifest, stationId, code.type) === key;
  const listed = manifest.files.find((file) => isTwin(file.key));
  if (!listed) return null;
  const file = code.files.get(listed.key);
  if (!file) return null;
  return key === own.transform.predictions || file.etag === listed.etag ? listed.key : null;
}

/** Where the copy of a file at a fixed place lies in the folder of its model; null where it has none. */
export function ownKeyOf(
  fixed: string,
  manifest: ModelManifest,
  stationId: number,
  type: ModelType,
): string | null {
  const { model_code, dataset_code, model_uuid } = manifest;
  const own = versionKeys(type, stationId, model_code, model_uuid);
  const folder = own.manifest.slice(0, own.manifest.lastIndexOf('/'));
  const models = modelKeys(type, stationId, model_code);
  const dataset = `${datasetsFolder(type, stationId)}${dataset_code}/`;
  if (fixed.startsWith(`${models.jobs}/`)) return `${folder}/${fixed.slice(fixed.lastIndexOf('/') + 1)}`;
  if (fixed.startsWith(dataset)) return `${folder}/dataset/${fixed.slice(dataset.length)}`;
  const ofCode = models.manifest.slice(0, models.manifest.lastIndexOf('/') + 1);
  return fixed.startsWith(ofCode) ? `${folder}/${fixed.slice(ofCode.length)}` : null;
}
