import type { Readable } from 'node:stream';
import { ArchiveInvalid } from '../errors.ts';
import { MODEL_LIMITS, readArchive } from './archive-entries.ts';
import { packArchive } from './packed-archive.ts';

/** No compression: it would shrink weights by 8 % at most, and take four times as long as everything else here. */
const GZIP_LEVEL = 0;
/** This file is at the root of every published archive; upstream's archives contain nothing else (contract 5.3). */
const WEIGHTS = 'model.pth';

/**
 * The archive that a published model is served from, a tar.gz of its weights and this version's code, written while the published
 * archive is read. Everything else in the published archive is left out, because code in a bucket that others write to must not be
 * run. If the published archive is faulty, the stream fails with that error.
 *
 * @param published tar.gz with model.pth, ours or upstream's
 * @param code file name → bytes, as SageMaker's containers look for it in `code/`
 * @param where names the published archive in errors
 */
export function servedArchive(
  published: Readable,
  code: ReadonlyMap<string, Uint8Array>,
  where: string,
): Readable {
  return packArchive(
    async (add) => {
      let found = false;
      await readArchive(published, { where, limits: MODEL_LIMITS }, ({ name, size, body }) => {
        if (name !== WEIGHTS) return null;
        found = true;
        return add({ name, size, body });
      });
      if (!found) throw withoutWeights(where);
      for (const [name, body] of code) await add({ name: `code/${name}`, body, mode: 0o755 });
    },
    { gzipLevel: GZIP_LEVEL },
  );
}

const withoutWeights = (where: string): ArchiveInvalid =>
  new ArchiveInvalid({
    what: 'The published model cannot be served',
    where,
    found: `no ${WEIGHTS} at the root of the archive`,
    expected: `${WEIGHTS}, as FPE and this pipeline publish it`,
    fix: 'restore the archive that was published, or train the model again',
  });
