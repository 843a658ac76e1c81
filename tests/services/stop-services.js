import { rmSync } from 'node:fs';

export default async function stopServices() {
  const { postgres, s3, folder } = /** @type {any} */ (globalThis).services;
  await Promise.all([postgres.stop(), s3.stop()]);
  for (const path of [postgres.folder, folder]) rmSync(path, { recursive: true, force: true });
}
