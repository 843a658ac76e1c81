import { logger } from './logger.ts';

/** Members of a request that name its subject; nothing else of a request is logged. */
const NAMING = [
  'Bucket',
  'Key',
  'Prefix',
  'CopySource',
  'SecretId',
  'executionArn',
  'stateMachineArn',
  'TopicArn',
] as const;

/** The members of a request that name its subject. */
export const namesOf = (input: object): Partial<Record<(typeof NAMING)[number], string>> =>
  Object.fromEntries(
    NAMING.map((name) => [name, (input as Record<string, string>)[name]]).filter(
      ([, value]) => value !== undefined,
    ),
  );

/** The SDK calls it for each request of a client; one type for all services. */
export type Middleware = (
  next: (args: { input: object }) => Promise<unknown>,
  context: { clientName?: string; commandName?: string },
) => (args: { input: object }) => Promise<unknown>;

/**
 * Logs each call of an AWS service at DEBUG: the service, the operation, the resource and how long it took. The tests of the
 * roles read these lines: a role must allow what is logged here.
 */
export const logCall: Middleware =
  (next, { clientName, commandName }) =>
  async (args) => {
    const startedAtMs = performance.now();
    try {
      return await next(args);
    } finally {
      const ms = Math.round(performance.now() - startedAtMs);
      logger.debug('called AWS', {
        call: { client: clientName, command: commandName, ...namesOf(args.input) },
        ms,
      });
    }
  };
