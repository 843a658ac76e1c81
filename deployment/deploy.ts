import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pMap from 'p-map';
import { deleteObject, findSize, listObjects, writeObject } from '../shared/aws/object-store.ts';
import { ARTIFACTS_PREFIX, type Manifest, type PackagedFile } from './package.ts';
import { type PlannedChanges, planChanges, type StackProgress } from './stack.ts';

const UPLOADS_AT_ONCE = 4;

/** Uploads missing files to the model bucket; a file's name identifies its content. @returns how many were uploaded */
export async function uploadPackage(
  folder: string,
  { template, archives }: Manifest,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<number> {
  const files = [template, ...archives];
  let done = 0;
  const uploaded = await pMap(
    files,
    async (file) => {
      const isNew = (await findSize(file)) !== file.bytes;
      if (isNew) await writeObject(file, readFileSync(join(folder, file.file)), contentType(file));
      onProgress(++done, files.length);
      return isNew;
    },
    { concurrency: UPLOADS_AT_ONCE },
  );
  return uploaded.filter(Boolean).length;
}

const contentType = ({ file }: PackagedFile): string =>
  file.endsWith('.zip') ? 'application/zip' : 'application/json';

/** What deploying an uploaded package would change. @throws StackFailed */
export const planDeployment = (
  { stack, region, capabilities, tags, template }: Manifest,
  progress?: StackProgress,
): Promise<PlannedChanges> =>
  planChanges(
    {
      name: stack,
      template: { url: `https://${template.bucket}.s3.${region}.amazonaws.com/${template.key}` },
      capabilities,
      tags,
    },
    progress,
  );

/** Deletes every archive that was uploaded for a stage. @returns how many */
export async function removeArtifacts(stage: {
  appName: string;
  stage: string;
  modelBucket: string;
}): Promise<number> {
  const prefix = `${ARTIFACTS_PREFIX}${stage.appName}-${stage.stage}/`;
  let count = 0;
  for await (const { key } of listObjects(stage.modelBucket, prefix)) {
    await deleteObject({ bucket: stage.modelBucket, key });
    count += 1;
  }
  return count;
}
