import { expect, test } from '@jest/globals';
import { requireAskedStation } from '../../cli/asked-station.ts';
import { UsageError } from '../../cli/usage-error.ts';

const UNKNOWN = new UsageError('There is no station 9 in the database.');
const UNREACHABLE = new Error('connect ETIMEDOUT');

/** @returns what was asked, and the error that came of it */
async function ask(kind: 'local' | 'aws', stage: string | undefined, failure: Error) {
  const asked: unknown[] = [];
  const error = await requireAskedStation(9, { kind }, stage, {
    useStage: async (name) => void asked.push(name),
    requireStations: async (ids, of) => {
      asked.push([ids, of]);
      throw failure;
    },
  }).catch((error) => error);
  return { asked, error };
}

test('a local stack and a stage are asked whether there is a station', async () => {
  expect(await ask('local', undefined, UNKNOWN)).toEqual({ asked: [[[9], undefined]], error: UNKNOWN });
  expect(await ask('aws', 'prod', UNKNOWN)).toEqual({ asked: ['prod', [[9], 'prod']], error: UNKNOWN });
});

test('a database of a stage that is out of reach says nothing, and neither does an account without a stage', async () => {
  expect((await ask('aws', 'prod', UNREACHABLE)).error).toBeUndefined();
  expect(await ask('aws', undefined, UNKNOWN)).toEqual({ asked: [], error: undefined });
});

test('a local database that does not answer is a fault of its own', async () => {
  expect((await ask('local', undefined, UNREACHABLE)).error).toBe(UNREACHABLE);
});
