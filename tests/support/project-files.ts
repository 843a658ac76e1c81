import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
/** Nobody has written what lies there; folders that begin with a dot do not count either, but for those of CI. */
const MADE = new Set(['node_modules', 'dist', 'coverage', '__pycache__', 'reports']);
const isHidden = (name: string): boolean => name.startsWith('.') && name !== '.ci' && name !== '.github';

/** Paths of the project's own files below a folder, without asking git: a copy without its history has them, too. */
export function projectFiles(below = ''): string[] {
  return readdirSync(join(ROOT, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below ? `${below}/${entry.name}` : entry.name;
    if (entry.isFile()) return [path];
    return entry.isDirectory() && !MADE.has(entry.name) && !isHidden(entry.name) ? projectFiles(path) : [];
  });
}
