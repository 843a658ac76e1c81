import middy from '@middy/core';
import * as z from 'zod';
import { InvalidState } from '../errors.ts';

/**
 * Wraps the work of one state as a Lambda handler: the event is checked by `schema` before `work` sees it, and one JSON
 * line is logged at the start and at the end, with the ids that find it again.
 *
 * @throws InvalidState when the event does not fit the schema
 */
export function lambdaHandler<Event, Result>(
  schema: z.ZodType<Event>,
  work: (event: Event) => Promise<Result>,
) {
  let startedAtMs = 0;
  const seconds = () => Math.round(performance.now() - startedAtMs) / 1000;
  return middy<unknown, Result>()
    .before((request) => {
      startedAtMs = performance.now();
      const parsed = schema.safeParse(request.event);
      if (!parsed.success) throw invalidState(request.event, parsed.error);
      request.event = parsed.data;
      log('started', request.event);
    })
    .after((request) => log('finished', request.event, { seconds: seconds(), result: request.response }))
    .onError((request) => {
      const { name, message } = request.error ?? new Error('unknown');
      log('failed', request.event, { seconds: seconds(), error: name, message });
    })
    .handler(async (event) => work(event as Event));
}

function log(outcome: string, event: unknown, more: object = {}): void {
  const run = (event as { run?: { id?: string; station?: { id?: number }; model_code?: string } } | null)
    ?.run;
  const ids = { run: run?.id, station_id: run?.station?.id, model_code: run?.model_code };
  console.log(JSON.stringify({ function: process.env.AWS_LAMBDA_FUNCTION_NAME, outcome, ...ids, ...more }));
}

const invalidState = (event: unknown, error: z.ZodError): InvalidState =>
  new InvalidState(
    {
      what: 'The function was called with something that is not the state of the machine',
      where: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'handler',
      found: `${z.prettifyError(error).replaceAll('\n', ' ')} in ${(JSON.stringify(event) ?? 'undefined').slice(0, 200)}`,
      expected: 'the state as shared/execution-state.ts describes it',
      fix: 'start the state machine rather than the function, and deploy machine and functions together',
    },
    { cause: error },
  );
