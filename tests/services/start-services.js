import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { startPostgres } from '../../local/postgres.ts';
import { startS3 } from '../../local/s3.ts';

/**
 * Starts what every test of the project `services` may use, once for all of them. JavaScript, because Jest would compile
 * a TypeScript file of this kind to CommonJS.
 */
export default async function startServices() {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-tests-'));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  const [postgres, s3] = await Promise.all([startPostgres(join(folder, 'postgres')), startS3(null)]);
  // Workers inherit the environment of this process.
  Object.assign(process.env, postgres.env, {
    // Functions log a line for each call.
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_SNS: s3.endpoint,
  });
  Object.assign(globalThis, { services: { postgres, s3, folder } });
}
