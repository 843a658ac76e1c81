import { beforeAll, describe, expect, test } from '@jest/globals';
import { deleteObject, writeCsv } from '../../../shared/aws/object-store.ts';
import { findComparison } from '../../../shared/model-bucket/compared-models.ts';
import { createTestBuckets } from '../../fixtures/station.ts';

const PHOTOS = Array.from({ length: 60 }, (_, index) => index + 1);
const keysOf = (folder: string) => ({
  transform: { predictions: `${folder}/predictions.csv` },
  input: { annotations: `${folder}/annotations.csv`, pairs: `${folder}/pairs.csv` },
});

let bucket: string;
beforeAll(async () => {
  bucket = (await createTestBuckets()).model;
});

const lines = (...of: readonly string[]): string => `${of.join('\n')}\n`;
const predictions = (scoreOf: (id: number) => number | '', from = 0): string =>
  lines(
    'split,image_id,timestamp,filename,url,value,score',
    ...PHOTOS.map((id) => `val,${from + id},2026-03-01T15:00:00Z,${id}.jpg,,,${scoreOf(id)}`),
  );

/** A model's files, of pairs of neighbors that are all held out, and another model's predictions. */
async function writeModels(folder: string): Promise<Parameters<typeof findComparison>> {
  const keys = keysOf(folder);
  const files = {
    [keys.transform.predictions]: predictions((id) => id),
    [keys.input.annotations]: lines(
      'user_id,rank,left.imageId,right.imageId',
      ...PHOTOS.slice(1).map((id) => `u,LEFT,${id},${id - 1}`),
    ),
    [keys.input.pairs]: lines('pair,split', ...PHOTOS.slice(1).map((id) => `${id - 1},val`)),
    [`${folder}/other.csv`]: predictions((id) => -id),
  };
  for (const [key, text] of Object.entries(files)) await writeCsv({ bucket, key }, text);
  return ['RANK', bucket, keys, { bucket, key: `${folder}/other.csv` }];
}

describe('Two models of whose files', () => {
  test('none lacks are compared', async () => {
    expect(await findComparison(...(await writeModels('all')))).toMatchObject({
      verdict: 'better',
      pairs: { n: 59, now: 1, before: 0 },
    });
  });

  test.each(['predictions.csv', 'annotations.csv', 'pairs.csv', 'other.csv'])(
    '%s is gone are not',
    async (name) => {
      const models = await writeModels(`without-${name}`);
      await deleteObject({ bucket, key: `without-${name}/${name}` });

      expect(await findComparison(...models)).toBeNull();
    },
  );

  test.each(['predictions.csv', 'annotations.csv', 'pairs.csv', 'other.csv'])(
    '%s is damaged are not',
    async (name) => {
      const models = await writeModels(`damaged-${name}`);
      await writeCsv({ bucket, key: `damaged-${name}/${name}` }, 'a,b\n1,"2\n');

      expect(await findComparison(...models)).toBeNull();
    },
  );

  test.each([
    ['no photo is the same', predictions((id) => id, 1000)],
    ['one has no score', predictions(() => '')],
  ])('%s are not', async (name, other) => {
    const models = await writeModels(name);
    await writeCsv(models[3], other);

    expect(await findComparison(...models)).toBeNull();
  });
});
