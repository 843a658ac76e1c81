import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
/** Folders that a user's pipeline is not made of. */
const NOT_THE_PRODUCT = ['tests', 'benchmarks', 'node_modules'];

/**
 * Sources of the product, TypeScript and JavaScript, by their paths from the root. New folders are part of it by themselves.
 * @param folders of the root, all of the product where none is named
 */
export function productSources(...folders: string[]): string[] {
  return globSync('*/**/*.{ts,js,cjs}', { cwd: ROOT })
    .filter((file) => {
      const folder = file.split('/')[0] as string;
      return folders.length > 0 ? folders.includes(folder) : !NOT_THE_PRODUCT.includes(folder);
    })
    .toSorted();
}

/** The sources of these whose text matches. */
export const sourcesWith = (pattern: RegExp, files: string[] = productSources()): string[] =>
  files.filter((file) => pattern.test(readFileSync(join(ROOT, file), 'utf8')));
