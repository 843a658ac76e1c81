import { afterEach, expect, test } from '@jest/globals';
import { askJsonApi, type JsonApi } from '../../local/json-api.ts';
import { type Schedule, startScheduler } from '../../local/scheduler.ts';

const MACHINE = 'arn:aws:states:us-west-2:000000000000:stateMachine:fpe-local-refresh-stations';
const NIGHTLY: Schedule = {
  name: 'fpe-local-rank-nightly',
  arn: 'arn:aws:scheduler:us-west-2:000000000000:schedule/default/fpe-local-rank-nightly',
  expression: 'cron(0 3 * * ? *)',
  timezone: 'America/New_York',
  isEnabled: false,
  target: MACHINE,
  input: '{"mode": "score", "scheduled_at": "<aws.scheduler.scheduled-time>", "other": "<aws.other>"}',
};

let service: JsonApi | undefined;
let started: [string, string][];
afterEach(() => service?.stop());

async function serve(schedules: Schedule[] = [NIGHTLY]): Promise<void> {
  started = [];
  service = await startScheduler({
    schedules,
    now: () => new Date('2026-11-24T08:00:00.789Z'),
    async startMachine(arn, input) {
      started.push([arn, input]);
      return 'arn:of-the-execution';
    },
  });
}

const ask = (operation: string, body: object = {}) => {
  const { endpoint, credentials } = service as JsonApi;
  return askJsonApi(
    endpoint,
    { service: 'scheduler', target: `LocalScheduler.${operation}`, body },
    credentials,
  );
};

test.each(['nightly', 'fpe-local-rank-nightly'])(
  'fires %s, though it is off, with the instant that it is fired for in the input',
  async (name) => {
    await serve();

    const answer = await ask('FireSchedule', { name });

    expect(answer).toMatchObject({ name: 'fpe-local-rank-nightly', executionArn: 'arn:of-the-execution' });
    expect(started).toEqual([
      [MACHINE, '{"mode": "score", "scheduled_at": "2026-11-24T08:00:00Z", "other": "<aws.other>"}'],
    ]);
  },
);

test('lists the schedules', async () => {
  await serve();

  expect(await ask('ListSchedules')).toEqual({ schedules: [NIGHTLY] });
});

test('a schedule that is not there is refused with those that are', async () => {
  await serve();

  await expect(ask('FireSchedule', { name: 'weekly' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'There is no schedule weekly. There: fpe-local-rank-nightly.',
  });
  expect(started).toEqual([]);
});

test('a target that is no state machine is refused by name before anything starts', async () => {
  const target = 'arn:aws:sqs:us-west-2:000000000000:queue';

  await expect(serve([{ ...NIGHTLY, target }])).rejects.toThrow(
    `cannot run the schedule fpe-local-rank-nightly: its target is ${target}`,
  );
});
