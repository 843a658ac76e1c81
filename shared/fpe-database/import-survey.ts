import { basename } from 'node:path';
import type { Database } from '../aws/database.ts';
import { ExportFolderInvalid } from '../errors.ts';
import { importableColumns, unknownColumns } from '../fpe-export/columns.ts';
import type { ExportedImageset, ExportedStation, ExportedUser, ExportFolder } from '../fpe-export/folder.ts';
import {
  type ExportRecord,
  malformed,
  readRecord,
  readRecords,
  requiredText,
  rowOf,
  sourceId,
} from '../fpe-export/records.ts';
import { VARIABLES } from '../variables.ts';
import type { Catalog, ImportedTable } from './import-catalog.ts';
import {
  findByUuid,
  findStationId,
  type ImageIdentity,
  identifyImages,
  identifySessions,
  type SessionIdentity,
} from './import-identity.ts';
import { readSeries } from './import-series.ts';

export type StationSurvey = {
  station: ExportedStation;
  user_id: string;
  name: string;
  /** Null while the station is not in the database. */
  id: number | null;
  images: number;
  annotations: number;
  values: number;
  /** Whether every image has the id by which annotation files name it (contract 3.2). */
  hasImageIds: boolean;
};

/** What an import will do, found without writing anything. */
export type Survey = {
  stations: StationSurvey[];
  /** Highest ids that the export gives, 0 for none. */
  highestIds: { images: number; annotations: number };
  /** Keys of photos and annotation files in the storage bucket that rows of the export name. */
  photoKeys: Set<string>;
  annotationKeys: Set<string>;
  /** For the person who imports: what is left out, and why. */
  notes: string[];
};

const NAMES_SHOWN = 5;

/**
 * Reads every file of an export once, so that what is wrong with it is known before the first file is uploaded.
 *
 * @throws ExportFolderInvalid for files that cannot be read, and rows that clash with the database's or each other
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
  if (exported.ignored.length > 0)
    surveyor.notes.push(`Not part of an export, so left alone: ${enumerate(exported.ignored)}.`);
  if (surveyor.unknownColumns.size > 0)
    surveyor.notes.push(
      `The database has no such columns, so they are left out: ${enumerate([...surveyor.unknownColumns])}.`,
    );
  return surveyor;
}

/** Id of a user: the file's, or the folder's name where an export of one station was placed without the file. */
export const userIdOf = ({ folder, userFile }: ExportedUser, storageBucket: string): string =>
  userFile ? requiredText(readRecord(userFile, storageBucket), 'id', userFile) : basename(folder);

/** uuid of an imageset or dataset, which is also the name of its folder. */
export const uuidOf = (record: ExportRecord, folder: string): string =>
  typeof record.uuid === 'string' && record.uuid !== '' ? record.uuid : basename(folder);

export const imageIdentity = (record: ExportRecord, where: string): ImageIdentity => ({
  id: sourceId(record, where),
  filename: requiredText(record, 'filename', where),
});

export const sessionIdentity = (record: ExportRecord, where: string): SessionIdentity => ({
  id: sourceId(record, where),
  uuid: requiredText(record, 'uuid', where),
});

class Surveyor implements Survey {
  readonly stations: StationSurvey[] = [];
  readonly highestIds = { images: 0, annotations: 0 };
  readonly photoKeys = new Set<string>();
  readonly annotationKeys = new Set<string>();
  readonly notes: string[] = [];
  readonly unknownColumns = new Set<string>();
  #variableCodes = new Set<string>(Object.keys(VARIABLES));
  #photoOfId = new Map<number, string>();
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
    const user_id = userIdOf(station.user, this.#bucket);
    const id = await findStationId(this.#database, user_id, name);
    const { images, hasImageIds } = await this.#readImages(station, id);
    const { values, skipped } = await this.#readDatasets(station, id);
    const { annotations, renumbered } = await this.#readAnnotations(station, id);
    for (const file of station.modelFiles) this.#readModel(file);
    this.stations.push({ station, user_id, name, id, images, annotations, values, hasImageIds });

    if (annotations > 0 && !hasImageIds)
      this.notes.push(
        `${name}: ${annotations} annotation sessions name images by ids, and images.json has no ids. They are imported with flag = true, so that no model uses them (add the field id, images.id of the database of origin, to images.json and import into a new database).`,
      );
    if (renumbered > 0)
      this.notes.push(`${name}: ${renumbered} annotation sessions get new ids, because theirs are taken.`);
    if (skipped > 0) this.notes.push(`${name}: ${skipped} observations without a value are left out.`);
  }

  async #readImages(station: ExportedStation, stationId: number | null) {
    let [images, withoutId] = [0, 0];
    for (const imageset of station.imagesets) {
      const identities = await this.#readImageset(imageset, stationId);
      images += identities.length;
      withoutId += identities.filter(({ id }) => id === null).length;
    }
    return { images, hasImageIds: images > 0 && withoutId === 0 };
  }

  async #readImageset(
    { folder, imagesetFile, imagesFile }: ExportedImageset,
    stationId: number | null,
  ): Promise<ImageIdentity[]> {
    const record = readRecord(imagesetFile, this.#bucket);
    this.#check('imagesets', record, imagesetFile);
    const uuid = uuidOf(record, folder);
    const known = await findByUuid(this.#database, 'imagesets', [uuid], stationId, imagesetFile);
    const identities = readRecords(imagesFile, this.#bucket).map((image, index) => {
      const where = rowOf(imagesFile as string, index);
      const { full_s3 } = this.#check('images', image, where);
      this.#collectKey(full_s3, this.photoKeys);
      const identity = imageIdentity(image, where);
      this.#requireOwnId(identity, uuid, where);
      return identity;
    });
    await identifyImages(this.#database, known.get(uuid) ?? null, identities, imagesFile ?? imagesetFile);
    return identities;
  }

  /** The same photo may come twice, in exports of overlapping periods; two photos never share an id. */
  #requireOwnId({ id, filename }: ImageIdentity, imagesetUuid: string, where: string): void {
    if (id === null) return;
    const photo = `${filename} of imageset ${imagesetUuid}`;
    const other = this.#photoOfId.get(id) ?? photo;
    if (other !== photo) throw malformed(where, `id ${id}, as ${other}`, 'an id of its own for every image');
    this.#photoOfId.set(id, photo);
    this.highestIds.images = Math.max(this.highestIds.images, id);
  }

  async #readDatasets(station: ExportedStation, stationId: number | null) {
    let [values, skipped] = [0, 0];
    for (const { folder, datasetFile, series } of station.datasets) {
      const record = readRecord(datasetFile, this.#bucket);
      this.#check('datasets', record, datasetFile);
      await findByUuid(this.#database, 'datasets', [uuidOf(record, folder)], stationId, datasetFile);
      for (const { variableCode, file } of series) {
        this.#requireVariable(variableCode, file);
        const read = readSeries(file, this.#bucket);
        values += read.values.length;
        skipped += read.skipped;
      }
    }
    return { values, skipped };
  }

  async #readAnnotations({ annotationsFile }: ExportedStation, stationId: number | null) {
    const file = annotationsFile ?? '';
    const uuids = new Set<string>();
    const sessions = readRecords(annotationsFile, this.#bucket).map((record, index) => {
      const where = rowOf(file, index);
      const { s3 } = this.#check('annotations', record, where);
      this.#collectKey(s3, this.annotationKeys);
      const identity = sessionIdentity(record, where);
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

  #readModel(file: string): void {
    const record = readRecord(file, this.#bucket);
    this.#check('models', record, file);
    requiredText(record, 'code', file);
    if (typeof record.variable_id === 'string') this.#requireVariable(record.variable_id, file);
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

  /** Converts a record as the import will, for its errors, and remembers what the table has no columns for. */
  #check(table: ImportedTable, record: ExportRecord, where: string): ExportRecord {
    const types = this.#catalog[table];
    for (const column of unknownColumns(record, types)) this.unknownColumns.add(`${table}.${column}`);
    return importableColumns(record, types, where);
  }

  #collectKey(location: unknown, keys: Set<string>): void {
    const { Bucket, Key } = (location ?? {}) as { Bucket?: unknown; Key?: unknown };
    if (Bucket === this.#bucket && typeof Key === 'string') keys.add(Key);
  }
}

/** The first few of many names. */
export const enumerate = (names: readonly string[]): string =>
  names.length <= NAMES_SHOWN
    ? names.join(', ')
    : `${names.slice(0, NAMES_SHOWN).join(', ')} and ${names.length - NAMES_SHOWN} more`;
