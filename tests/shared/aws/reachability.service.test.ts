import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { isExecutionRunning } from '../../../shared/aws/executions.ts';
import { readSecret } from '../../../shared/aws/secrets.ts';
import { ServiceUnreachable } from '../../../shared/errors.ts';
import { DATABASE_SECRET } from '../../../shared/fpe-database/connection.ts';

/** Asked again for a while first. */
jest.setTimeout(60_000);

/** A network without a way to AWS, as a VPC without endpoints is: here, a port where nobody listens. */
const NOWHERE = 'http://127.0.0.1:1';
const environment = { ...process.env };
beforeAll(() => {
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = NOWHERE;
  process.env.AWS_ENDPOINT_URL_SFN = NOWHERE;
});
afterAll(() => {
  process.env = environment;
});

test.each([
  ['secretsmanager', () => readSecret('fpe-prod-db-secret', DATABASE_SECRET), 'secret fpe-prod-db-secret'],
  [
    'states',
    () => isExecutionRunning('arn:aws:states:us-west-2:000000000000:execution:m:one'),
    'execution:m:one',
  ],
])('%s that cannot be reached is told of as a matter of the network', async (service, work, where) => {
  const attempt = work();

  await expect(attempt).rejects.toThrow(ServiceUnreachable);
  await expect(attempt).rejects.toThrow(where);
  await expect(attempt).rejects.toThrow(`an endpoint for ${service} in the VPC, or a NAT gateway`);
});
