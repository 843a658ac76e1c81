import { basename } from 'node:path';
import * as z from 'zod';
import { ExportFolderInvalid } from '../../errors.ts';
import { parseJson } from '../../formats/json.ts';
import { isTimezone } from '../../formats/local-time.ts';
import { shorten } from '../../formats/shortened-text.ts';
import { VARIABLES } from '../../variables.ts';
import type { Database } from '../connection.ts';
import type { Catalog, ImportedTable } from './catalog.ts';
import { enumerate } from './enumerate.ts';
import { importableColumns, unknownColumns } from './export-columns.ts';
import type {
  ExportedDataset,
  ExportedImageset,
  ExportedStation,
  ExportedUser,
  ExportFolder,
  StorageFile,
} from './export-folder.ts';
import {
  type ExportRecord,
  malformed,
  readRecord,
  readRecords,
  requiredText,
  rowOf,
  sourceId,
} from './export-records.ts';
import { haveSameBytes } from './export-storage.ts';
import { namedKey, requireKeySegment, type StorageKind } from './export-storage-key.ts';
import {
  findByUuid,
  findModel,
  findStationId,
  type Identity,
  type ImageIdentity,
  identifyImages,
  identifySessions,
  refuseForeignPhotos,
  refuseFutureTimes,
  type SessionIdentity,
} from './identity.ts';
import { refuseHiddenPeople } from './people.ts';
import { countKeptPeople } from './rows.ts';
import { readSeries } from './series.ts';

export type StationSurvey = {
  station: ExportedStation;
  user_id: string;
  name: string;
  synthetic: boolean;
  /** Null while the station is not in the database. */
  id: number | null;
  images: number;
  annotations: number;
  values: number;
  models: number;
  /** Whether every image has the id that annotation files use (contract 3.2). */
  hasImageIds: boolean;
};

/** A file below storage/ that a row of its station names. */
export type NamedFile = StorageFile & {
  kind: StorageKind;
  /** Belongs to a model in the database, to whose files no import adds. */
  isPublished: boolean;
};

/** What an import will do, determined without writing anything. */
export type Survey = {
  stations: StationSurvey[];
  /** Files for the storage bucket, each key once. */
  files: NamedFile[];
  /** Highest ids that the export assigns, 0 for none. */
  highestIds: { images: number; annotations: number };
  /** Keys of photos and annotation files in the storage bucket that rows of the export name. */
  photoKeys: Set<string>;
  annotationKeys: Set<string>;
  /** Models that the database lacks, by uuid, and where the export describes them. */
  newModels: Map<string, string>;
  /** For the person running the import: what is left out, and why. */
  notes: string[];
};

const ROW_TIMES = ['created_at', 'updated_at'];
/** Number of refused files that are listed, so that they can be found. */
const REFUSED_SHOWN = 20;
/** Where `namedKey` looks for the objects of a row, and what they are. */
const PHOTO = { s3: 'full_s3', url: 'full_url' };
const THUMBNAIL = { s3: 'thumb_s3', url: 'thumb_url' };
const PREDICTIONS = { s3: 'predictions_s3', url: 'predictions_url' };
const DIAGNOSTICS = { s3: 'diagnostics_s3', url: 'diagnostics_url' };
const ONE_OBJECT = { s3: 's3', url: 'url' };
/** Public files of a model that no column names (contract 5.5), except its archive: that is code, which score-station runs. */
const OTHER_MODEL_FILES = ['images.csv', 'annotations.csv', 'predictions-train.csv'];

/**
 * Reads every file of an export once, so that its faults are known before the first file is uploaded.
 *
 * @throws ExportFolderInvalid for files that cannot be read, rows that clash with the database's or each other, rows that name
 *   objects of others, and files for the bucket that no row names
 */
export async function surveyExport(
  database: Database,
  catalog: Catalog,
  exported: ExportFolder,
  storageBucket: string,
): Promise<Survey> {
  const surveyor = new Surveyor(database, catalog, storageBucket);
  await surveyor.readVariables(exported);
  for (const user of exported.users) surveyor.readUser(user);
  for (const station of exported.stations) await surveyor.readStation(station);
  await surveyor.requirePastTimes();
  await surveyor.requireOwnPhotos();
  await surveyor.readStorage(exported);
  if (exported.ignored.length > 0)
    surveyor.notes.push(
      `Not loaded, as an export has no file of this name at this place: ${enumerate(exported.ignored)}. This is as it should be, unless one of them is misspelled or misplaced.`,
    );
  if (surveyor.unknownColumns.size > 0)
    surveyor.notes.push(
      `The database has no such columns, so they are left out: ${enumerate([...surveyor.unknownColumns])}.`,
    );
  return surveyor;
}

/** Id of a user: the file's, or the folder's name if an export of one station was placed there without the file. */
export const userIdOf = ({ folder, userFile }: ExportedUser, storageBucket: string): string =>
  userFile ? requiredText(readRecord(userFile, storageBucket), 'id', userFile) : basename(folder);

/** uuid of an imageset or dataset, which is also the name of its folder, here and in the bucket. */
export const uuidOf = (record: ExportRecord, folder: string): string =>
  requireKeySegment(
    'uuid',
    typeof record.uuid === 'string' && record.uuid !== '' ? record.uuid : basename(folder),
    folder,
  );

export const imageIdentity = (record: ExportRecord, where: string): ImageIdentity => ({
  id: sourceId(record, where),
  filename: requiredText(record, 'filename', where),
});

export const sessionIdentity = (record: ExportRecord, where: string): SessionIdentity => ({
  id: sourceId(record, where),
  uuid: requireKeySegment('uuid', requiredText(record, 'uuid', where), where),
});

/** Code and uuid of a model; without a uuid it has no public files. */
export const modelIdentity = (
  record: ExportRecord,
  where: string,
): { code: string; uuid: string | null } => ({
  code: requireKeySegment('code', requiredText(record, 'code', where), where),
  uuid:
    record.uuid === undefined || record.uuid === null
      ? null
      : requireKeySegment('uuid', requiredText(record, 'uuid', where), where),
});

/** A station as described by the folders of an export, which may hold several periods of it. */
type Owner = {
  where: string;
  /** The roles that its files below storage/ may have. */
  keys: Map<string, StorageKind>;
  publishedKeys: Set<string>;
};

class Surveyor implements Survey {
  readonly stations: StationSurvey[] = [];
  readonly files: NamedFile[] = [];
  readonly highestIds = { images: 0, annotations: 0 };
  readonly photoKeys = new Set<string>();
  readonly annotationKeys = new Set<string>();
  readonly newModels = new Map<string, string>();
  readonly notes: string[] = [];
  readonly unknownColumns = new Set<string>();
  #variableCodes = new Set<string>(Object.keys(VARIABLES));
  /** Times at which rows were created or changed, and the first place that names each. */
  #rowTimes = new Map<string, string>();
  #photoOfId = new Map<number, string>();
  #owners = new Map<string, Owner>();
  #ownerOfFolder = new Map<ExportedStation, Owner>();
  /** Owners of the uuids of the export, by table and uuid. */
  #ownerOfUuid = new Map<string, Owner>();
  /** Imagesets that the database lacks, by uuid, and where the export describes them. */
  #newImagesets = new Map<string, string>();
  #database: Database;
  #catalog: Catalog;
  #bucket: string;

  constructor(database: Database, catalog: Catalog, storageBucket: string) {
    this.#database = database;
    this.#catalog = catalog;
    this.#bucket = storageBucket;
  }

  async readVariables({ variablesFile, modelTypesFile }: ExportFolder): Promise<void> {
    const { rows } = await this.#database.query<{ id: string }>('SELECT id FROM variables');
    for (const { id } of rows) this.#variableCodes.add(id);
    for (const [index, record] of readRecords(variablesFile, this.#bucket).entries()) {
      this.#variableCodes.add(requiredText(record, 'id', rowOf(variablesFile as string, index)));
      this.#check('variables', record, variablesFile as string);
    }
    for (const [index, record] of readRecords(modelTypesFile, this.#bucket).entries()) {
      requiredText(record, 'id', rowOf(modelTypesFile as string, index));
      this.#check('model_types', record, modelTypesFile as string);
    }
  }

  readUser(user: ExportedUser): void {
    if (user.userFile) this.#check('users', readRecord(user.userFile, this.#bucket), user.userFile);
    else
      this.notes.push(
        `User ${basename(user.folder)} has no user.json, and is a regular user unless known here.`,
      );
  }

  async readStation(station: ExportedStation): Promise<void> {
    const record = readRecord(station.stationFile, this.#bucket);
    this.#check('stations', record, station.stationFile);
    const name = requiredText(record, 'name', station.stationFile);
    requirePlace(record, station.stationFile);
    const user_id = userIdOf(station.user, this.#bucket);
    const id = await findStationId(this.#database, user_id, name);
    const owner = this.#ownerOf(station, JSON.stringify([user_id, name]));
    const { images, hasImageIds } = await this.#readImages(station, id, owner);
    const { values, skipped } = await this.#readDatasets(station, id, owner);
    const { annotations, renumbered } = await this.#readAnnotations(station, id, owner);
    for (const file of station.modelFiles) await this.#readModel(file, id, owner);
    const models = station.modelFiles.length;
    this.stations.push({
      ...{ station, user_id, name, id, images, annotations, values, models, hasImageIds },
      synthetic: isSyntheticRecord(record),
    });

    if (annotations > 0 && !hasImageIds)
      this.notes.push(
        `${name}: ${annotations} annotation sessions name images by ids, and images.json has no ids. They are imported with flag = true, so that no model uses them (add the field id, images.id of the database of origin, to images.json and import into a new database).`,
      );
    if (renumbered > 0)
      this.notes.push(`${name}: ${renumbered} annotation sessions get new ids, because theirs are taken.`);
    if (skipped > 0) this.notes.push(`${name}: ${skipped} observations without a value are left out.`);
  }

  /** A refresh counts from these times: one in the future would hide every later photo and pair. */
  async requirePastTimes(): Promise<void> {
    await refuseFutureTimes(this.#database, this.#rowTimes);
  }

  /** Photos that a station of this database has under another imageset, whose uuid then does not identify them. */
  async requireOwnPhotos(): Promise<void> {
    await refuseForeignPhotos(this.#database, this.#bucket, this.#newImagesets);
  }

  /** Each file of storage/ with the role that the rows of its station give it. */
  async readStorage({ stations }: ExportFolder): Promise<void> {
    const unnamed: string[] = [];
    const byKey = new Map<string, NamedFile>();
    for (const station of stations) {
      const { keys, publishedKeys } = this.#ownerOfFolder.get(station) as Owner;
      for (const file of station.storage) {
        const kind = keys.get(file.key);
        const other = byKey.get(file.key);
        if (!kind) unnamed.push(file.key);
        else if (!other) byKey.set(file.key, { ...file, kind, isPublished: publishedKeys.has(file.key) });
        // Folders with different periods of one station may both hold a file.
        else if (!(await haveSameBytes(file, other)))
          throw malformed(file.path, `other bytes than ${other.path}`, 'the same file under the same key');
      }
    }
    if (unnamed.length > 0) throw unnamedFiles(unnamed);
    for (const file of byKey.values()) this.files.push(file);
  }

  #ownerOf(station: ExportedStation, identity: string): Owner {
    const owner = this.#owners.get(identity) ?? {
      where: station.folder,
      keys: new Map(),
      publishedKeys: new Set(),
    };
    this.#owners.set(identity, owner);
    this.#ownerOfFolder.set(station, owner);
    return owner;
  }

  /** Two stations of one export cannot share a uuid either: it names their folder in the bucket. */
  #requireOwnUuid(table: string, uuid: string, owner: Owner, where: string): void {
    const name = `${table} ${uuid.toLowerCase()}`;
    const other = this.#ownerOfUuid.get(name) ?? owner;
    if (other !== owner)
      throw malformed(where, `uuid ${uuid}, as in ${other.where}`, `a row of ${table} at one station only`);
    this.#ownerOfUuid.set(name, owner);
  }

  async #readImages(station: ExportedStation, stationId: number | null, owner: Owner) {
    let [images, withoutId] = [0, 0];
    for (const imageset of station.imagesets) {
      const identities = await this.#readImageset(imageset, stationId, owner);
      images += identities.length;
      withoutId += identities.filter(({ id }) => id === null).length;
    }
    return { images, hasImageIds: images > 0 && withoutId === 0 };
  }

  async #readImageset(
    { folder, imagesetFile, imagesFile }: ExportedImageset,
    stationId: number | null,
    owner: Owner,
  ): Promise<ImageIdentity[]> {
    const record = readRecord(imagesetFile, this.#bucket);
    this.#check('imagesets', record, imagesetFile);
    const uuid = uuidOf(record, folder);
    this.#requireOwnUuid('imagesets', uuid, owner, imagesetFile);
    const known = await findByUuid(this.#database, 'imagesets', [uuid], stationId, imagesetFile);
    if (!known.has(uuid)) this.#newImagesets.set(uuid, imagesetFile);
    owner.keys.set(`imagesets/${uuid}/pii.json`, 'detections');
    const records = readRecords(imagesFile, this.#bucket);
    const identities = records.map((image, index) => {
      const where = rowOf(imagesFile as string, index);
      const identity = imageIdentity(image, where);
      this.#readPhoto(this.#check('images', image, where), identity, uuid, owner, where);
      this.#requireOwnId(identity, uuid, where);
      return identity;
    });
    const file = imagesFile ?? imagesetFile;
    const found = await identifyImages(this.#database, known.get(uuid) ?? null, identities, file);
    const rows = records.map((record, index) => ({ ...(found[index] as Identity), record }));
    const imageset = { id: known.get(uuid) ?? null, uuid };
    await refuseHiddenPeople(this.#database, this.#catalog, imageset, rows, file);
    const keptPeople = await countKeptPeople(this.#database, this.#catalog, rows, file);
    if (keptPeople > 0)
      this.notes.push(
        `${keptPeople} photos of imageset ${uuid} show people or vehicles here and not in the export: what this database says of it stays.`,
      );
    return identities;
  }

  /** Without a key, a photo is identified by its file name, at FPE's usual place (contract 1.4). */
  #readPhoto(
    columns: ExportRecord,
    { filename }: ImageIdentity,
    imagesetUuid: string,
    { keys }: Owner,
    where: string,
  ): void {
    const folder = `imagesets/${imagesetUuid}/` as const;
    const photo = namedKey(columns, PHOTO, { folder }, this.#bucket, where);
    const thumbnail = namedKey(columns, THUMBNAIL, { folder }, this.#bucket, where);
    keys.set(thumbnail ?? `${folder}thumbs/${filename}`, 'thumbnails');
    keys.set(photo ?? `${folder}images/${filename}`, 'photos');
    if (photo !== null) this.photoKeys.add(photo);
  }

  /** The same photo may occur twice, in exports of overlapping periods; two photos never share an id. */
  #requireOwnId({ id, filename }: ImageIdentity, imagesetUuid: string, where: string): void {
    if (id === null) return;
    const photo = `${filename} of imageset ${imagesetUuid}`;
    const other = this.#photoOfId.get(id) ?? photo;
    if (other !== photo) throw malformed(where, `id ${id}, as ${other}`, 'an id of its own for every image');
    this.#photoOfId.set(id, photo);
    this.highestIds.images = Math.max(this.highestIds.images, id);
  }

  async #readDatasets(station: ExportedStation, stationId: number | null, owner: Owner) {
    let [values, skipped] = [0, 0];
    for (const dataset of station.datasets) {
      await this.#readDataset(dataset, stationId, owner);
      const { series } = dataset;
      for (const { variableCode, file } of series) {
        this.#requireVariable(variableCode, file);
        const read = readSeries(file, this.#bucket);
        values += read.values.length;
        skipped += read.skipped;
      }
    }
    return { values, skipped };
  }

  async #readDataset(
    { folder: exportFolder, datasetFile }: ExportedDataset,
    stationId: number | null,
    owner: Owner,
  ): Promise<void> {
    const record = readRecord(datasetFile, this.#bucket);
    const columns = this.#check('datasets', record, datasetFile);
    const uuid = uuidOf(record, exportFolder);
    this.#requireOwnUuid('datasets', uuid, owner, datasetFile);
    await findByUuid(this.#database, 'datasets', [uuid], stationId, datasetFile);
    const folder = `datasets/${uuid}/` as const;
    const key = namedKey(columns, ONE_OBJECT, { folder }, this.#bucket, datasetFile);
    if (key !== null) owner.keys.set(key, 'files of observed values');
  }

  async #readAnnotations({ annotationsFile }: ExportedStation, stationId: number | null, owner: Owner) {
    const file = annotationsFile ?? '';
    const uuids = new Set<string>();
    const sessions = readRecords(annotationsFile, this.#bucket).map((record, index) => {
      const where = rowOf(file, index);
      const columns = this.#check('annotations', record, where);
      const identity = sessionIdentity(record, where);
      this.#requireOwnUuid('annotations', identity.uuid, owner, where);
      const key = `annotations/${identity.uuid}.json`;
      if (namedKey(columns, ONE_OBJECT, { key }, this.#bucket, where) !== null) this.annotationKeys.add(key);
      owner.keys.set(key, 'annotation files');
      if (uuids.has(identity.uuid))
        throw malformed(where, `uuid ${identity.uuid} again`, 'each session once');
      uuids.add(identity.uuid);
      this.highestIds.annotations = Math.max(this.highestIds.annotations, identity.id ?? 0);
      return identity;
    });
    const identities = await identifySessions(this.#database, stationId, sessions, file);
    const renumbered = identities.filter(
      ({ id, exists }, index) => !exists && id === null && sessions[index]?.id !== null,
    );
    return { annotations: sessions.length, renumbered: renumbered.length };
  }

  async #readModel(file: string, stationId: number | null, owner: Owner): Promise<void> {
    const record = readRecord(file, this.#bucket);
    const columns = this.#check('models', record, file);
    if (typeof record.variable_id === 'string') this.#requireVariable(record.variable_id, file);
    const model = modelIdentity(record, file);
    if (model.uuid !== null) this.#requireOwnUuid('models', model.uuid, owner, file);
    const isPublished = (await findModel(this.#database, stationId, model, file)) !== null;
    const folder = `models/${model.uuid ?? ''}/` as const;
    const named = [
      namedKey(columns, PREDICTIONS, { folder, suffix: '.csv' }, this.#bucket, file),
      namedKey(columns, DIAGNOSTICS, { folder, suffix: '.html' }, this.#bucket, file),
    ];
    if (model.uuid === null) return;
    if (!isPublished) this.newModels.set(model.uuid, file);
    for (const key of [...named, ...OTHER_MODEL_FILES.map((name) => `${folder}${name}`)]) {
      if (key === null) continue;
      owner.keys.set(key, 'files of models');
      if (isPublished) owner.publishedKeys.add(key);
    }
  }

  #requireVariable(code: string, file: string): void {
    if (this.#variableCodes.has(code)) return;
    throw new ExportFolderInvalid({
      what: 'The export uses a variable that nobody describes',
      where: file,
      found: code,
      expected: `one of ${[...this.#variableCodes].join(', ')}`,
      fix: `add {"id": "${code}", "description": "…"} to variables.json at the root of the export`,
    });
  }

  /** Converts a record as the import will, to find its errors, and remembers the fields that the table has no columns for. */
  #check(table: ImportedTable, record: ExportRecord, where: string): ExportRecord {
    const types = this.#catalog[table];
    for (const column of unknownColumns(record, types)) this.unknownColumns.add(`${table}.${column}`);
    const columns = importableColumns(record, types, where);
    for (const name of ROW_TIMES) {
      const time = columns[name];
      if (time === undefined || time === null || this.#rowTimes.has(String(time))) continue;
      this.#rowTimes.set(String(time), `${name} in ${where}`);
    }
    return columns;
  }
}

/** Largest value of a coordinate, in degrees. */
const COORDINATES = { latitude: 90, longitude: 180 };

const metadata = z.object({ synthetic: z.union([z.literal(true), z.literal('true')]) });

/** As the database tells it once the row is there (station-sql.ts): PostgreSQL gives exporters JSON as a value or as text. */
function isSyntheticRecord({ metadata: given }: ExportRecord): boolean {
  try {
    return metadata.safeParse(typeof given === 'string' ? parseJson(given) : given).success;
  } catch {
    return false;
  }
}

/** What a training would refuse, or a map could not show. @throws ExportFolderInvalid */
function requirePlace(record: ExportRecord, where: string): void {
  const { timezone } = record;
  if (typeof timezone === 'string' && timezone !== 'NA' && !isTimezone(timezone))
    throw malformed(
      where,
      `timezone ${JSON.stringify(shorten(timezone, 60))}`,
      'a name of the IANA time zone database, such as America/New_York',
    );
  for (const [name, most] of Object.entries(COORDINATES)) {
    const degrees = record[name];
    if (typeof degrees === 'number' && Math.abs(degrees) > most)
      throw malformed(where, `${name} ${degrees}`, `degrees from −${most} to ${most}`);
  }
}

function unnamedFiles(keys: readonly string[]): ExportFolderInvalid {
  const hasArchive = keys.some((key) => /^models\/.*\/model\.tar\.gz$/s.test(key));
  return new ExportFolderInvalid({
    what: 'Files below storage/ are named by no row of their station',
    where: 'the storage folders of the export',
    found: `${keys.length}: ${enumerate(keys, REFUSED_SHOWN)}`,
    expected:
      'photos, thumbnails and pii.json of the imagesets, annotation files, files of observed values, and public files of models that db/ describes',
    fix: hasArchive
      ? 'remove these files, or add the rows they belong to; model.tar.gz is code that scoring runs, so whoever trusts it copies it into the bucket after the import'
      : 'remove these files, or add the rows they belong to',
  });
}
