import { logger } from './logger.ts';

/** Members of a request that name what it is about; nothing else of a request is logged. */
const NAMING = [
  'Bucket',
  'Key',
  'Prefix',
  'CopySource',
  'SecretId',
  'executionArn',
  'stateMachineArn',
] as const;

type Middleware = (
  next: (args: { input: object }) => Promise<unknown>,
  context: { clientName?: string; commandName?: string },
) => (args: { input: object }) => Promise<unknown>;
type LoggedClient = {
  middlewareStack: { add(middleware: Middleware, options: { step: 'initialize'; name: string }): void };
};

/**
 * Logs each call of an AWS service at DEBUG: who was asked what of which resource, and how long it took. The tests of the
 * roles read these lines: what is logged here is what a role must allow.
 */
export function logged<Client>(client: Client): Client {
  const middleware: Middleware =
    (next, { clientName, commandName }) =>
    async (args) => {
      const startedAtMs = performance.now();
      try {
        return await next(args);
      } finally {
        const given = args.input as Record<string, unknown>;
        const resource = Object.fromEntries(
          NAMING.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
        );
        const ms = Math.round(performance.now() - startedAtMs);
        logger.debug('called AWS', { call: { client: clientName, command: commandName, ...resource }, ms });
      }
    };
  // The SDK's types tell the inputs of each service apart; here they are all objects.
  (client as LoggedClient).middlewareStack.add(middleware, { step: 'initialize', name: 'logCall' });
  return client;
}
