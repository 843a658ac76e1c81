import { type Database, inTransaction, withDatabase } from '../aws/database.ts';
import { type ExportFolder, findExport } from '../fpe-export/folder.ts';
import { readRecord, readRecords } from '../fpe-export/records.ts';
import { storedSizes, uploadStorage } from '../fpe-export/storage.ts';
import { VARIABLES } from '../variables.ts';
import { type Catalog, readCatalog } from './import-catalog.ts';
import { addMissing, advanceSequence, type RowChanges } from './import-rows.ts';
import { importStation } from './import-station.ts';
import { enumerate, type Survey, surveyExport, userIdOf } from './import-survey.ts';

/** `check` reads the folder, `files` go to the bucket, `rows` to the database; counts of the step's own things. */
export type ImportProgress = { step: 'check' | 'files' | 'rows'; done: number; total: number };

type OnProgress = (progress: ImportProgress) => void;

export type ImportOptions = {
  /** Bucket that takes the files, and the place of {STORAGE_BUCKET} in the rows. */
  storageBucket: string;
  onProgress?: OnProgress;
};

/** Rows of the export; what they changed is in `rows` of the result. */
export type ImportedStation = {
  id: number;
  name: string;
  images: number;
  annotations: number;
  values: number;
};

export type ImportResult = {
  stations: ImportedStation[];
  files: { uploaded: number; already_there: number };
  /** Rows that are new or differed; both 0 when the same folder is imported again. */
  rows: RowChanges;
  /** What was left out, flagged or is missing, in sentences. */
  notes: string[];
};

export type ImportPlan = {
  /** `id` is null for a station that is not in the database. */
  stations: (Omit<ImportedStation, 'id'> & { id: number | null })[];
  files: number;
  notes: string[];
};

/**
 * Loads a folder in the layout of FPE's exporter (contract 3): files into the storage bucket first, then all rows in one
 * transaction. A second import of the same folder changes nothing; one of a newer export adds and updates. Nothing is
 * deleted, and rows of other stations, users, variables and model types that are there stay as they are (Q-S7).
 *
 * @throws ExportFolderInvalid before anything is written, except for a value that only PostgreSQL can judge: then the
 *   files are in the bucket already, and no row is in the database
 * @throws DatabaseUnavailable, ConfigurationMissing
 */
export async function importExport(folder: string, options: ImportOptions): Promise<ImportResult> {
  const { storageBucket, onProgress = () => undefined } = options;
  const exported = findExport(folder);
  const survey = await surveyFolder(exported, storageBucket, onProgress);
  const { files, notes } = await importFiles(exported, survey, storageBucket, onProgress);
  const written = await withDatabase((database) =>
    inTransaction(database, () => importRows(database, exported, survey, storageBucket, onProgress)),
  );
  return { ...written, files, notes: [...survey.notes, ...notes] };
}

/** Checks a folder as an import does, and says what it would load; writes nothing. @throws as `importExport` */
export async function planImport(
  folder: string,
  { storageBucket, onProgress = () => undefined }: ImportOptions,
): Promise<ImportPlan> {
  const exported = findExport(folder);
  const { stations, notes } = await surveyFolder(exported, storageBucket, onProgress);
  return {
    stations: stations.map(({ id, name, images, annotations, values }) => {
      return { id, name, images, annotations, values };
    }),
    files: exported.stations.reduce((sum, { storage }) => sum + storage.length, 0),
    notes,
  };
}

const surveyFolder = (
  exported: ExportFolder,
  storageBucket: string,
  onProgress: OnProgress,
): Promise<Survey> =>
  withDatabase(async (database) => {
    const total = exported.stations.length;
    onProgress({ step: 'check', done: 0, total });
    const survey = await surveyExport(database, await readCatalog(database), exported, storageBucket);
    onProgress({ step: 'check', done: total, total });
    return survey;
  });

async function importFiles(
  { stations }: ExportFolder,
  { photoKeys, annotationKeys }: Survey,
  storageBucket: string,
  onProgress: OnProgress,
): Promise<Pick<ImportResult, 'files' | 'notes'>> {
  // Folders with different periods of one station may both hold a file.
  const byKey = new Map(stations.flatMap(({ storage }) => storage.map((file) => [file.key, file])));
  const total = byKey.size;
  let done = 0;
  onProgress({ step: 'files', done, total });
  const stored = await storedSizes(storageBucket, [...byKey.keys(), ...photoKeys, ...annotationKeys]);
  const files = await uploadStorage(storageBucket, [...byKey.values()], stored, () => {
    done += 1;
    onProgress({ step: 'files', done, total });
  });
  const isMissing = (key: string) => !byKey.has(key) && !stored.has(key);
  const notes = [
    { what: 'photos', keys: [...photoKeys].filter(isMissing) },
    { what: 'annotation files', keys: [...annotationKeys].filter(isMissing) },
  ].flatMap(({ what, keys }) =>
    keys.length === 0
      ? []
      : `${keys.length} ${what} are neither in the export nor in ${storageBucket}; copy them there before training: ${enumerate(keys)}.`,
  );
  return { files, notes };
}

async function importRows(
  database: Database,
  exported: ExportFolder,
  survey: Survey,
  storageBucket: string,
  onProgress: OnProgress,
): Promise<Pick<ImportResult, 'stations' | 'rows'>> {
  const catalog = await readCatalog(database);
  const rows = { inserted: await importShared(database, catalog, exported, storageBucket), updated: 0 };
  // Ids that this import gives explicitly are out of the sequence's way before it is asked for others (Q-S3).
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
  for (const station of survey.stations) {
    const { id, inserted, updated } = await importStation(
      { database, catalog, storageBucket, onRows },
      station,
    );
    rows.inserted += inserted;
    rows.updated += updated;
    const { name, images, annotations, values } = station;
    stations.push({ id, name, images, annotations, values });
  }
  return { stations, rows };
}

/** Adds the variables, model types and users that are not there yet. @returns how many */
async function importShared(
  database: Database,
  catalog: Catalog,
  { variablesFile, modelTypesFile, users }: ExportFolder,
  storageBucket: string,
): Promise<number> {
  // FPE's own seed lacks variables that its annotations have, and a model needs its variable's row (Q-S11).
  const known = Object.entries(VARIABLES).map(([id, { label }]) => ({ id, description: label }));
  const variables = [...readRecords(variablesFile, storageBucket), ...known];
  const modelTypes = [...readRecords(modelTypesFile, storageBucket), { id: 'RANK', name: 'RankNet Model' }];
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
