import middy from '@middy/core';
import type * as z from 'zod';
import { InvalidState, PipelineError } from '../errors.ts';
import { describeMismatch } from '../formats/json.ts';
import { logger } from './logger.ts';

/**
 * Wraps the work of one state as a Lambda handler: the event is checked by `schema` before `work` sees it, and one JSON line is
 * logged at the start and at the end, with the ids needed to find it again.
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
      logger.addContext(request.context);
      logger.resetKeys();
      logger.appendKeys(idsOf(request.event));
      logger.info('started');
      const parsed = schema.safeParse(request.event);
      if (!parsed.success) throw invalidState(parsed.error);
      request.event = parsed.data;
    })
    .after((request) => {
      // What PrepareRun fixes is long, as is the plan of a refresh; the state of the execution shows it.
      const { response } = request;
      const isLong =
        typeof response === 'object' &&
        response !== null &&
        ('keys' in response || isLongerThan(response, 8192));
      logger.info('finished', { seconds: seconds(), ...(!isLong && { result: request.response }) });
    })
    .onError((request) => {
      logger.error('failed', { seconds: seconds(), error: request.error ?? new Error('unknown') });
      // Lambda puts the stack into the cause that people get by e-mail. The stack of an error raised on purpose means nothing to
      // them, and it is in the log.
      if (request.error instanceof PipelineError) request.error.stack = '';
    })
    .handler(async (event) => work(event as Event));
}

const isLongerThan = (value: unknown, characters: number): boolean =>
  JSON.stringify(value).length > characters;

type Ids = {
  execution?: { arn?: string };
  input?: { station_id?: unknown; model_code?: unknown };
  run?: { id?: string; execution_arn?: string; model_code?: string; station?: { id?: number } };
};

/** The ids in every line; the first state has an input instead of a run. */
function idsOf(event: unknown) {
  const { execution, input, run } = (event ?? {}) as Ids;
  return {
    station_id: run?.station?.id ?? input?.station_id,
    model_code: run?.model_code ?? input?.model_code,
    execution_arn: run?.execution_arn ?? execution?.arn,
    run_id: run?.id,
  };
}

const invalidState = (error: z.ZodError): InvalidState =>
  new InvalidState({
    what: 'The function was called with something that is not the state of the machine',
    where: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'handler',
    found: describeMismatch(error),
    expected: 'the state as shared/execution/train-station-state.ts describes it',
    fix: 'start the state machine rather than the function, and deploy machine and functions together',
  });
