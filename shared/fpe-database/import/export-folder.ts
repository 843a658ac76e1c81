import { type Dirent, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { ExportFolderInvalid } from '../../errors.ts';

/** One object of the storage bucket, as a file of the export; the station's folder is not part of the key. */
export type StorageFile = { path: string; key: string; bytes: number };

export type ExportedImageset = { folder: string; imagesetFile: string; imagesFile: string | null };
export type ExportedDataset = {
  folder: string;
  datasetFile: string;
  series: { variableCode: string; file: string }[];
};
export type ExportedUser = { folder: string; userFile: string | null };

export type ExportedStation = {
  folder: string;
  user: ExportedUser;
  stationFile: string;
  imagesets: ExportedImageset[];
  datasets: ExportedDataset[];
  annotationsFile: string | null;
  modelFiles: string[];
  storage: StorageFile[];
};

/** Paths of all files that an import reads, none of them opened yet (contract 3). */
export type ExportFolder = {
  folder: string;
  variablesFile: string | null;
  modelTypesFile: string | null;
  users: ExportedUser[];
  stations: ExportedStation[];
  /** Files in the folder that are not part of an export, relative to it. */
  ignored: string[];
};

/** Files that file managers leave behind. */
const LITTER = /^(\..*|thumbs\.db|desktop\.ini)$/i;

/**
 * Finds the parts of an export in the layout of FPE's exporter: folders by name, so that the order is the same each time. What
 * the exporter omits when empty may be missing (Q-S8); anything else is listed, not read.
 *
 * @throws ExportFolderInvalid if there is no station, if a folder lacks the file that describes it, or if there is a link: the
 *   author of the export would choose which file of this computer is read, and published
 */
export function findExport(folder: string): ExportFolder {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw notAnExport(folder, existsSync(folder) ? 'a file' : 'nothing there');
  const ignored: string[] = [];
  const root = new Level(folder, (path) => ignored.push(relative(folder, path)));
  const variablesFile = root.file('variables.json');
  const modelTypesFile = root.file('modelTypes.json');
  const users: ExportedUser[] = [];
  const stations: ExportedStation[] = [];
  for (const userLevel of root.folder('users')?.closeWithFolders() ?? []) {
    const user = { folder: userLevel.path, userFile: userLevel.file('user.json') };
    users.push(user);
    for (const level of userLevel.folder('stations')?.closeWithFolders() ?? [])
      stations.push(findStation(level, user));
    userLevel.close();
  }
  root.close();
  if (stations.length === 0) throw notAnExport(folder, `only ${readdirSync(folder).join(', ') || 'nothing'}`);
  return { folder, variablesFile, modelTypesFile, users, stations, ignored };
}

function findStation(level: Level, user: ExportedUser): ExportedStation {
  const rows = level.folder('db');
  if (!rows) throw incomplete(join(level.path, 'db', 'station.json'));
  const station = {
    folder: level.path,
    user,
    stationFile: rows.requiredFile('station.json'),
    imagesets: (rows.folder('imagesets')?.closeWithFolders() ?? []).map(findImageset),
    datasets: (rows.folder('datasets')?.closeWithFolders() ?? []).map(findDataset),
    annotationsFile: rows.file('annotations.json'),
    modelFiles: (rows.folder('models')?.closeWithFolders() ?? []).map((model) => {
      const file = model.requiredFile('model.json');
      model.close();
      return file;
    }),
    storage: level.folder('storage')?.closeWithStorage() ?? [],
  };
  rows.close();
  level.close();
  return station;
}

function findImageset(level: Level): ExportedImageset {
  const imageset = {
    folder: level.path,
    imagesetFile: level.requiredFile('imageset.json'),
    imagesFile: level.file('images.json'),
  };
  level.close();
  return imageset;
}

function findDataset(level: Level): ExportedDataset {
  const datasetFile = level.requiredFile('dataset.json');
  const series = (level.folder('series')?.closeWithJsonFiles() ?? []).map((file) => ({
    variableCode: basename(file, '.json'),
    file,
  }));
  level.close();
  return { folder: level.path, datasetFile, series };
}

/** One folder of the export; what has not been requested by the time it is closed is reported as ignored. */
class Level {
  readonly path: string;
  #ignore: (path: string) => void;
  #files: Set<string>;
  #folders: Set<string>;

  constructor(path: string, ignore: (path: string) => void) {
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    const [files, folders] = [new Set<string>(), new Set<string>()];
    for (const entry of entries) {
      if (entry.isFile()) files.add(entry.name);
      else if (entry.isDirectory()) folders.add(entry.name);
      else if (LITTER.test(entry.name)) ignore(join(path, entry.name));
      else throw neitherFileNorFolder(join(path, entry.name), entry);
    }
    this.path = path;
    this.#ignore = ignore;
    this.#files = files;
    this.#folders = folders;
  }

  file(name: string): string | null {
    return this.#files.delete(name) ? join(this.path, name) : null;
  }

  requiredFile(name: string): string {
    const file = this.file(name);
    if (!file) throw incomplete(join(this.path, name));
    return file;
  }

  folder(name: string): Level | null {
    return this.#folders.delete(name) ? new Level(join(this.path, name), this.#ignore) : null;
  }

  close(): void {
    for (const name of [...this.#files, ...this.#folders]) this.#ignore(join(this.path, name));
  }

  /** Its subfolders, by name; files beside them are ignored. */
  closeWithFolders(): Level[] {
    const levels = [...this.#folders]
      .filter((name) => !LITTER.test(name))
      .map((name) => this.folder(name) as Level);
    this.close();
    return levels;
  }

  closeWithJsonFiles(): string[] {
    const files = [...this.#files]
      .filter((name) => name.endsWith('.json') && !LITTER.test(name))
      .map((name) => this.file(name) as string);
    this.close();
    return files;
  }

  /** Every file below, by key. */
  closeWithStorage(): StorageFile[] {
    const storage = readdirSync(this.path, { withFileTypes: true, recursive: true }).flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const names = relative(this.path, path).split(sep);
      if (entry.isDirectory()) return [];
      if (names.some((name) => LITTER.test(name))) {
        this.#ignore(path);
        return [];
      }
      // A name that is not UTF-8 does not lead to any file.
      const found = entry.isFile() ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
      if (!found) throw neitherFileNorFolder(path, entry);
      return [{ path, key: names.join('/'), bytes: found.size }];
    });
    return storage.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

const LAYOUT = 'users/{user id}/stations/{station}/db/station.json, as FPE’s exporter writes it';

const notAnExport = (folder: string, found: string) =>
  new ExportFolderInvalid({
    what: 'This folder is not an export of FPE',
    where: folder,
    found,
    expected: LAYOUT,
    fix: 'give the folder that contains users; a single station’s folder (with db and storage in it) belongs in users/{user id}/stations',
  });

const incomplete = (file: string) =>
  new ExportFolderInvalid({
    what: 'A file of the export is missing',
    where: file,
    found: 'no such file',
    expected: LAYOUT,
    fix: 'export the station again, or remove the folder that lacks this file',
  });

const neitherFileNorFolder = (path: string, entry: Dirent) =>
  new ExportFolderInvalid({
    what: 'An export holds files and folders only',
    where: path,
    found: entry.isSymbolicLink() ? 'a symbolic link' : 'something else',
    expected: 'no links, because they lead to files outside the export',
    fix: 'replace the link with the file itself, or remove it',
  });
