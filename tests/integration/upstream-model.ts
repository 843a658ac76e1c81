import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { readBytes, writeObject } from '../../shared/aws/object-store.ts';
import { MODEL_LIMITS, readArchive } from '../../shared/formats/archive-entries.ts';
import type { ObjectLocation } from '../../shared/formats/object-location.ts';
import { packFiles } from '../../shared/formats/packed-archive.ts';
import { insertRow } from '../fixtures/station.ts';
import type { TestStack } from './test-stack.ts';

export const UPSTREAM_CODE = 'RANK-FLOW-20250401';
export const UPSTREAM_UUID = 'e0c1b1e0-0000-4000-8000-000000000001';

/** Bytes of model.pth in an archive. */
export async function weightsOf(archive: Uint8Array): Promise<Uint8Array> {
  let weights: Uint8Array = new Uint8Array();
  const keep = async (body: Readable) => {
    weights = await buffer(body);
  };
  await readArchive(Readable.from([archive]), { where: 'a model', limits: MODEL_LIMITS }, ({ name, body }) =>
    name === 'model.pth' ? keep(body) : null,
  );
  return weights;
}

/**
 * A default model as upstream publishes it: model.pth alone in its archive, nothing in the model bucket, and no address of
 * its predictions but that of the folder (contract 5.3, 5.5).
 *
 * @param from archive that the weights are taken of
 * @param predictions text of its published predictions.csv
 * @param row overrides columns of `models`
 */
export async function publishUpstreamModel(
  { database, stack }: TestStack,
  stationId: number,
  from: ObjectLocation,
  predictions: string,
  row: Record<string, unknown> = {},
): Promise<{ weights: Uint8Array }> {
  const file = (name: string) => ({
    bucket: stack.env.STORAGE_BUCKET as string,
    key: `models/${UPSTREAM_UUID}/${name}`,
  });
  const weights = await weightsOf(await readBytes(from));
  await writeObject(file('model.tar.gz'), await packFiles([['model.pth', weights]]), 'application/gzip');
  await writeObject(file('predictions.csv'), predictions, 'text/csv');
  await insertRow(database, 'models', {
    station_id: stationId,
    model_type_id: 'RANK',
    variable_id: 'FLOW_CFS',
    code: UPSTREAM_CODE,
    uuid: UPSTREAM_UUID,
    status: 'DONE',
    default: true,
    ...row,
  });
  return { weights };
}
