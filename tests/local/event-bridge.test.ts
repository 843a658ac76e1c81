import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type Rule, startEventBridge } from '../../local/event-bridge.ts';
import type { ExecutionRecord } from '../../local/step-functions/executions.ts';

const TOPIC = 'arn:aws:sns:us-west-2:000000000000:told';
const FUNCTION = 'arn:aws:lambda:us-west-2:000000000000:function:told';
const MACHINE = 'arn:aws:states:us-west-2:000000000000:stateMachine:one';
const record = (change: Partial<ExecutionRecord> = {}): ExecutionRecord => ({
  executionArn: 'arn:aws:states:us-west-2:000000000000:execution:one:first',
  stateMachineArn: MACHINE,
  name: 'first',
  status: 'FAILED',
  startDate: 0,
  stopDate: 60_000,
  input: '{"station_id":29}',
  error: 'StationNotFound',
  cause: 'no "row" with id 29',
  redriveCount: 0,
  position: { state: 'PrepareRun', input: {}, iterations: {} },
  ...change,
});
const rule = (change: Partial<Rule> = {}): Rule => ({
  name: 'ended-badly',
  pattern: { source: ['aws.states'], detail: { status: ['FAILED', 'ABORTED'], stateMachineArn: [MACHINE] } },
  targets: [{ Arn: TOPIC }],
  ...change,
});

/** What is published when this happens under this rule. */
async function told(given: Rule, ...records: ExecutionRecord[]): Promise<string[]> {
  const messages: string[] = [];
  const bridge = startEventBridge([given], async (topic, message) => {
    messages.push(`${topic} ${message}`);
  });
  for (const each of records) bridge.executionChanged(each);
  await bridge.stop();
  return messages;
}

afterEach(() => {
  jest.restoreAllMocks();
});

test('a change that the pattern names is told as it is where nothing transforms it', async () => {
  const [message] = await told(rule(), record());

  expect(JSON.parse((message as string).slice(TOPIC.length))).toMatchObject({
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    time: '1970-01-01T00:01:00Z',
    detail: { status: 'FAILED', name: 'first', input: '{"station_id":29}', error: 'StationNotFound' },
  });
});

test.each([
  ['another status', { status: 'SUCCEEDED' }],
  ['another machine', { stateMachineArn: `${MACHINE}-other` }],
] as const)('%s is not told', async (_, change) => {
  expect(await told(rule(), record(change))).toEqual([]);
});

describe('a transformer', () => {
  const paths = {
    name: '$.detail.name',
    cause: '$.detail.cause',
    input: '$.detail.input',
    detail: '$.detail',
    nowhere: '$.detail.no.such',
  };
  const transformed = (InputTemplate: string, Arn = TOPIC) =>
    told(
      rule({ targets: [{ Arn, InputTransformer: { InputPathsMap: paths, InputTemplate } }] }),
      record({ cause: 'no "row"\nwith \\ 29', input: '{}' }),
    );

  test('puts the values of its paths into its template as they are, and nothing for what is not there', async () => {
    const messages = await transformed('"<name> failed: <cause><nowhere>"\n"<unknown>"');

    expect(messages).toEqual([`${TOPIC} "first failed: no "row"\nwith \\ 29"\n"<unknown>"`]);
  });

  test('puts quotes around a text that has none, and takes those of a structure within a text', async () => {
    const [message = ''] = await transformed('<name> "<detail>"');

    expect(message).toMatch(/^\S+ "first" "\{executionArn:arn:aws:states/);
  });

  test('that makes no JSON of an event where JSON is asked for delivers nothing', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);

    expect(await transformed('{"cause": "<cause>"}')).toEqual([]);
    expect(await transformed('"<cause>"', FUNCTION)).toEqual([]);
    expect(await transformed('{"name": "<name>", "input": <input>}', FUNCTION)).toEqual([
      `${FUNCTION} {"name": "first", "input": "{}"}`,
    ]);
  });
});

test('a function gets the event as it is, whatever is in it', async () => {
  const cause = '{"errorMessage":"no \\"row\\" \\\\ of {} 😀"}\n';

  const [message = ''] = await told(rule({ targets: [{ Arn: FUNCTION }] }), record({ cause }));

  expect(JSON.parse(message.slice(FUNCTION.length)).detail.cause).toBe(cause);
});

test.each([
  ['a content filter', { pattern: { detail: { name: [{ prefix: 'a' }] } } as never }, 'pattern of name'],
  ['another target', { targets: [{ Arn: 'arn:aws:sqs:us-west-2:0:q' }] }, 'its target is arn:aws:sqs'],
  [
    'a variable of EventBridge itself',
    { targets: [{ Arn: TOPIC, InputTransformer: { InputTemplate: '{"e": <aws.events.event.json>}' } }] },
    'its template has <aws.events.event.json>',
  ],
])('%s is refused by name', (_, change, message) => {
  const start = () => startEventBridge([rule(change)], async () => undefined);

  expect(start).toThrow(`cannot run the rule ended-badly`);
  expect(start).toThrow(message);
});
