import { logger } from './logger.ts';

/** Members of a request that name what it is about; nothing else of a request is told. */
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

/** What a call names, of the members of its request. */
export const namesOf = (input: object): Partial<Record<(typeof NAMING)[number], string>> =>
  Object.fromEntries(
    NAMING.map((name) => [name, (input as Record<string, string>)[name]]).filter(
      ([, value]) => value !== undefined,
    ),
  );

/** As the SDK calls it for each request of a client, the types of all services in one. */
export type Middleware = (
  next: (args: { input: object }) => Promise<unknown>,
  context: { clientName?: string; commandName?: string },
) => (args: { input: object }) => Promise<unknown>;

/**
 * Logs each call of an AWS service at DEBUG: who was asked what of which resource, and how long it took. The tests of the
 * roles read these lines: what is logged here is what a role must allow.
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
