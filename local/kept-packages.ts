/**
 * Packages of the project, each in a folder that is named after its sources: packaging takes a processor for a third of a minute,
 * and the same sources give the same package.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, packageStage, TEMPLATE_FILE } from '../deployment/package.ts';
import { lock } from '../host/lock.ts';
import { isAlive } from '../host/process.ts';

/** The sources of a package. */
const SOURCES = [
  'serverless.yml',
  'package-lock.json',
  'config',
  'deployment',
  'statemachines',
  'resources',
  'functions',
  'shared',
  'browser',
  'host',
  'model',
];
const KEPT_PACKAGES = 5;

/**
 * Packages a stage unless its package is already there.
 *
 * @param place.root folder of serverless.yml
 * @param place.kept where packages of the stage are kept, under names that distinguish their sources
 * @param finish adds to the new package what else is to be kept of it
 * @returns folder of the package, which nobody may change
 */
export async function keepPackage(
  { root, stage, kept, name }: { root: string; stage: string; kept: string; name: string },
  finish: (folder: string, manifest: Manifest) => void = () => undefined,
): Promise<string> {
  const folder = join(kept, name);
  if (existsSync(folder)) return folder;
  // Whoever needs the same package meanwhile waits for it, which takes less than to make another.
  const unlock = await lock(`${kept}.lock`, (holder) =>
    console.error(`Waiting: the project is being packaged by ${holder}.`),
  );
  try {
    if (existsSync(folder)) return folder;
    const own = join(kept, `${process.pid}-${Math.random().toString(36).slice(2)}`);
    try {
      finish(own, await packageStage(root, stage, own));
      renameSync(own, folder);
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
    removeOldPackages(kept);
    return folder;
  } finally {
    unlock();
  }
}

/** Distinguishes packages of different sources. @param root folder of serverless.yml */
export function hashOfSources(root: string): string {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap((source) => filesBelow(root, source)))
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(root: string, path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const entries = readdirSync(join(root, path), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** A running stack may still load from the package that it started with; leftovers of a killed process belong to nobody. */
function removeOldPackages(folder: string): void {
  const leftBehind = readdirSync(folder).filter((name) => {
    const [, pid] = /^(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !isAlive(Number(pid));
  });
  for (const name of leftBehind) rmSync(join(folder, name), { recursive: true, force: true });
  const packages = readdirSync(folder).filter((name) => existsSync(join(folder, name, TEMPLATE_FILE)));
  const ageOf = (name: string) => statSync(join(folder, name)).ctimeMs;
  const oldest = packages.sort((one, other) => ageOf(other) - ageOf(one)).slice(KEPT_PACKAGES);
  for (const name of oldest) rmSync(join(folder, name), { recursive: true });
}
