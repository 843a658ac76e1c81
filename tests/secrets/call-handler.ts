/**
 * A process that calls one handler under one environment after another, and prints for each what it logged and what it
 * threw, as the log of a function and as Lambda's answer would have it.
 */
import { inspect } from 'node:util';
import * as z from 'zod';
import { handler as fetchObservations } from '../../functions/fetch-observations.ts';
import { lambdaHandler } from '../../shared/aws/lambda-handler.ts';
import { withDatabase } from '../../shared/fpe-database/connection.ts';
import { testRun } from '../fixtures/run.ts';

const run = testRun({ id: 1 }, { storage: 'storage', model: 'model' });
const exported = {
  images_found: 1,
  images_excluded: { imageset_not_done: 0, image_not_done: 0, no_timestamp: 0, pii: 0 },
  images: 1,
  images_start: '2025-12-31T12:00:00Z',
  images_end: '2025-12-31T12:00:00Z',
  annotation_sessions: 1,
  annotation_pairs: 1,
  fpe_values: 0,
  snapshot_at: '2026-01-01T12:00:00Z',
};
const CALLS: Record<string, [(event: unknown, context: never) => unknown, unknown]> = {
  database: [
    lambdaHandler(z.object({}), () => withDatabase(async (database) => database.query('SELECT 1'))) as never,
    {},
  ],
  usgs: [
    fetchObservations as never,
    { run: { ...run, station: { ...run.station, nwis_id: '01' } }, export: exported },
  ],
};

const [handler, event] = CALLS[process.env.HANDLER as string] as (typeof CALLS)[string];
// In the order in which it is written.
process.stderr.write = process.stdout.write.bind(process.stdout) as never;
for (const environment of JSON.parse(process.env.ENVIRONMENTS as string)) {
  Object.assign(process.env, environment);
  try {
    await handler(event, { functionName: 'planted' } as never);
    throw new Error('the handler did not fail');
  } catch (error) {
    const { name, message, stack } = error as Error;
    const shown = inspect(error, { depth: 10, showHidden: true });
    process.stdout.write(`${shown}${stack}\u001f${JSON.stringify({ name, message })}\u001e`);
  }
}
