import type pg from 'pg';
import { startS3 } from '../../local/s3.ts';
import { startTestSageMaker } from '../fixtures/sagemaker.ts';
import { createTestBuckets, createTestDatabase } from '../fixtures/station.ts';
import { type GatedMachines, startGatedMachines } from './gated-machines.ts';
import { Objects } from './objects.ts';
import { writePhotoObjects } from './station.ts';

/** The machines with a database and an S3 of this process's own; the server of the database is everybody's. */
export type Workplace = {
  database: pg.Client;
  buckets: { storage: string; model: string };
  objects: Objects;
  machines: GatedMachines;
  end(): Promise<void>;
};

export async function openWorkplace(): Promise<Workplace> {
  const s3 = await startS3(null);
  const sageMaker = await startTestSageMaker({ credentials: s3.credentials });
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_SNS: s3.endpoint,
    NOTIFICATION_TOPIC: await s3.createTopic('told'),
    PRETRAINED_WEIGHTS_KEY: 'weights/resnet18.pth',
    TRAINING_IMAGE: 'training',
    SERVING_IMAGE: 'serving',
    JOB_PREFIX: 'fpe-local-rank',
  });
  const database = await createTestDatabase();
  const buckets = await createTestBuckets();
  const objects = new Objects(s3);
  writePhotoObjects(objects, buckets.storage);
  const machines = await startGatedMachines(objects);
  return {
    database,
    buckets,
    objects,
    machines,
    async end() {
      await machines.end();
      await database.end();
      await sageMaker.stop();
      await s3.stop();
    },
  };
}
