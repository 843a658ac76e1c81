import { ExportFolderInvalid } from '../../errors.ts';
import { countOf, isOrAre } from '../../formats/numbers.ts';
import { MODEL_TYPES } from '../../model-types/registry.ts';
import { VARIABLES, variableWords } from '../../variables.ts';
import { DATABASE_LIMITS, type Database, inTransaction, withDatabase } from '../connection.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import { enumerate } from './enumerate.ts';
import { type ExportFolder, findExport } from './export-folder.ts';
import { refuseTakenFolders } from './export-model-folders.ts';
import { readRecord, readRecords } from './export-records.ts';
import {
  compareStorage,
  otherObjects,
  type StoredObjects,
  storedObjects,
  uploadStorage,
} from './export-storage.ts';
import { STORAGE_KINDS, type StorageKind } from './export-storage-key.ts';
import { addMissing, advanceSequence, type RowChanges } from './rows.ts';
import { importStation } from './station.ts';
import { type NamedFile, type Survey, surveyExport, userIdOf } from './survey.ts';

/** Key of an advisory lock: any number that nothing else in the database uses. */
const IMPORT_LOCK = 16_911_691;

/** `check` reads the folder, `files` go to the bucket, `rows` to the database; counts of the step's own items. */
export type ImportProgress = { step: 'check' | 'files' | 'rows'; done: number; total: number };

type OnProgress = (progress: ImportProgress) => void;

export type ImportOptions = {
  /** Bucket that receives the files and replaces {STORAGE_BUCKET} in the rows. */
  storageBucket: string;
  /** Bucket of the runs, which reveals earlier models; without it, only the storage bucket does. */
  modelBucket?: string | undefined;
  onProgress?: OnProgress;
};

/** Rows of the export; what they changed is in the result's `rows`. */
export type ImportedStation = {
  id: number;
  name: string;
  /** Whether a program made it up, as its row says. */
  synthetic: boolean;
  images: number;
  annotations: number;
  values: number;
  models: number;
};

export type ImportResult = {
  stations: ImportedStation[];
  files: { uploaded: number; already_there: number };
  /** Rows that were added or that differed; both 0 if the same folder is imported again. */
  rows: RowChanges;
  /** Photos and annotation files that rows name, and that are neither in the export nor in the bucket: no training can do without them. */
  missing: number;
  /** What was left out, flagged or is missing, in sentences. */
  notes: string[];
};

export type ImportPlan = {
  /** `id` is null for a station that is not in the database. */
  stations: (Omit<ImportedStation, 'id'> & { id: number | null })[];
  files: number;
  /** The files by kind, including those that are already in the bucket; kinds without files are left out. */
  storage: { kind: StorageKind; files: number; bytes: number; already_there: number }[];
  /** Keys of the objects that already exist with the same bytes. */
  already_there: string[];
  notes: string[];
};

/**
 * Loads a folder in the layout of FPE's exporter (contract 3): files into the storage bucket first, then all rows in one
 * transaction. A second import of the same folder changes nothing; one of a newer export adds and updates. Nothing is deleted, no
 * object is replaced, no photo that shows people becomes one that does not, and existing rows of other stations, users,
 * variables, model types and models stay as they are (Q-S7). In the bucket it writes only keys that rows of the same station
 * name.
 *
 * @throws ExportFolderInvalid before anything is written, except for a value that only PostgreSQL can judge, and for what
 *   somebody else wrote in the meantime: then some files are already in the bucket, but no row is in the database; delete the
 *   files of new models before the next try
 * @throws DatabaseUnavailable, ConfigurationMissing
 */
export async function importExport(folder: string, options: ImportOptions): Promise<ImportResult> {
  const { storageBucket, onProgress = () => undefined } = options;
  const exported = findExport(folder);
  const survey = await surveyFolder(exported, options);
  const { files, lacking } = await importFiles(survey, storageBucket, onProgress);
  const notes = missingNotes(lacking, storageBucket);
  const written = await withDatabase(
    (database) =>
      inTransaction(database, () => importRows(database, exported, survey, storageBucket, onProgress)),
    DATABASE_LIMITS.byHand,
  );
  const missing = lacking.reduce((sum, { keys }) => sum + keys.length, 0);
  return { ...written, files, missing, notes: [...survey.notes, ...notes, ...written.notes] };
}

/** Checks a folder as an import does, and reports what it would load; writes nothing. @throws as `importExport` */
export async function planImport(folder: string, options: ImportOptions): Promise<ImportPlan> {
  const { storageBucket } = options;
  const survey = await surveyFolder(findExport(folder), options);
  const { same, lacking } = await compareFiles(survey, storageBucket, () => undefined);
  const notes = missingNotes(lacking, storageBucket);
  const isThere = new Set(same);
  return {
    stations: survey.stations.map(({ id, name, synthetic, images, annotations, values, models }) => {
      return { id, name, synthetic, images, annotations, values, models };
    }),
    files: survey.files.length,
    storage: STORAGE_KINDS.flatMap((kind) => {
      const files = survey.files.filter((file) => file.kind === kind);
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const already_there = files.filter((file) => isThere.has(file)).length;
      return files.length === 0 ? [] : [{ kind, files: files.length, bytes, already_there }];
    }),
    already_there: same.map(({ key }) => key),
    notes: [...survey.notes, ...notes],
  };
}

async function surveyFolder(
  exported: ExportFolder,
  { storageBucket, modelBucket, onProgress = () => undefined }: ImportOptions,
): Promise<Survey> {
  const total = exported.stations.length;
  onProgress({ step: 'check', done: 0, total });
  const survey = await withDatabase(
    async (database) => surveyExport(database, await readCatalog(database), exported, storageBucket),
    DATABASE_LIMITS.byHand,
  );
  await refuseTakenFolders({ storage: storageBucket, model: modelBucket }, survey.newModels);
  onProgress({ step: 'check', done: total, total });
  return survey;
}

async function importFiles(
  survey: Survey,
  storageBucket: string,
  onProgress: OnProgress,
): Promise<Pick<ImportResult, 'files'> & { lacking: Lacking[] }> {
  const total = survey.files.length;
  let done = 0;
  const onFile = () => {
    done += 1;
    onProgress({ step: 'files', done, total });
  };
  onProgress({ step: 'files', done, total });
  const { missing, same, lacking } = await compareFiles(survey, storageBucket, onFile);
  await uploadStorage(storageBucket, missing, onFile);
  return { files: { uploaded: missing.length, already_there: same.length }, lacking };
}

/**
 * Finds which files the bucket lacks and which it has.
 *
 * @param onSame called for each that it has
 * @throws ExportFolderInvalid if it has another object under the key of a file, or if a file would be added to a model that is
 *   published
 */
async function compareFiles(
  survey: Survey,
  storageBucket: string,
  onSame: () => void,
): Promise<{ missing: NamedFile[]; same: NamedFile[]; lacking: Lacking[] }> {
  const { files, photoKeys, annotationKeys } = survey;
  const keys = [...files.map(({ key }) => key), ...photoKeys, ...annotationKeys];
  const stored = await storedObjects(storageBucket, keys);
  const { missing, same, different } = await compareStorage(storageBucket, files, stored, onSame);
  if (different.length > 0) {
    throw otherObjects(
      storageBucket,
      different.map(({ key }) => key),
    );
  }
  const added = missing.filter(({ isPublished }) => isPublished).map(({ key }) => key);
  if (added.length > 0) throw addedToModel(storageBucket, added);
  return { missing, same, lacking: lackingFiles(survey, stored) };
}

const addedToModel = (storageBucket: string, keys: readonly string[]) =>
  new ExportFolderInvalid({
    what: 'Files of the export would be new ones of models that are in this database',
    where: `bucket ${storageBucket}`,
    found: `no objects ${enumerate(keys)}`,
    expected: 'models that are not in the database yet, or only files that they have',
    fix: 'remove these files from the export; if you are sure of them, copy them into the bucket yourself',
  });

/** What rows name and nobody has. */
type Lacking = { what: string; keys: string[] };

function lackingFiles({ files, photoKeys, annotationKeys }: Survey, stored: StoredObjects): Lacking[] {
  const exported = new Set(files.map(({ key }) => key));
  const isMissing = (key: string) => !exported.has(key) && !stored.has(key);
  return [
    { what: 'photo', keys: [...photoKeys].filter(isMissing) },
    { what: 'annotation file', keys: [...annotationKeys].filter(isMissing) },
  ].filter(({ keys }) => keys.length > 0);
}

const missingNotes = (lacking: readonly Lacking[], storageBucket: string): string[] =>
  lacking.map(
    ({ what, keys }) =>
      `${countOf(keys.length, what)} ${isOrAre(keys.length)} neither in the export nor in ${storageBucket}; put them below storage/ of the folder under these names and import it again, before training: ${enumerate(keys)}.`,
  );

async function importRows(
  database: Database,
  exported: ExportFolder,
  survey: Survey,
  storageBucket: string,
  onProgress: OnProgress,
): Promise<Pick<ImportResult, 'stations' | 'rows' | 'notes'>> {
  // Two imports at once would each find the other's uuids free.
  await database.query('SELECT pg_advisory_xact_lock($1)', [IMPORT_LOCK]);
  const catalog = await readCatalog(database);
  const rows = { inserted: await importShared(database, catalog, exported, storageBucket), updated: 0 };
  // The sequence is moved past the ids that this import assigns explicitly before it supplies others (Q-S3).
  await advanceSequence(database, 'images', survey.highestIds.images);
  await advanceSequence(database, 'annotations', survey.highestIds.annotations);

  const total = survey.stations.reduce(
    (sum, { images, annotations, values }) => sum + images + annotations + values,
    0,
  );
  let done = 0;
  onProgress({ step: 'rows', done, total });
  const onRows = (count: number) => {
    done += count;
    onProgress({ step: 'rows', done, total });
  };
  const stations: ImportedStation[] = [];
  const notes: string[] = [];
  for (const station of survey.stations) {
    const written = await importStation({ database, catalog, storageBucket, onRows }, station);
    const { id, inserted, updated } = written;
    for (const note of written.notes) notes.push(note);
    rows.inserted += inserted;
    rows.updated += updated;
    const { name, synthetic, images, annotations, values, models } = station;
    stations.push({ id, name, synthetic, images, annotations, values, models });
  }
  return { stations, rows, notes };
}

/** Adds missing variables, model types and users. @returns how many */
async function importShared(
  database: Database,
  catalog: Catalog,
  { variablesFile, modelTypesFile, users }: ExportFolder,
  storageBucket: string,
): Promise<number> {
  // FPE's own seed lacks variables that occur in its annotations, and a model needs its variable's row (Q-S11).
  const known = Object.keys(VARIABLES).map((id) => ({ id, description: variableWords(id).label }));
  const variables = [...readRecords(variablesFile, storageBucket), ...known];
  const types = Object.entries(MODEL_TYPES).map(([id, { name }]) => ({ id, name }));
  const modelTypes = [...readRecords(modelTypesFile, storageBucket), ...types];
  const people = users.map((user) =>
    user.userFile
      ? readRecord(user.userFile, storageBucket)
      : { id: userIdOf(user, storageBucket), affiliation_code: 'USER', affiliation_name: 'Regular User' },
  );
  return (
    (await addMissing(database, catalog, 'variables', variables, variablesFile ?? 'the known variables')) +
    (await addMissing(
      database,
      catalog,
      'model_types',
      modelTypes,
      modelTypesFile ?? 'the known model types',
    )) +
    (await addMissing(database, catalog, 'users', people, 'user.json of the users'))
  );
}
