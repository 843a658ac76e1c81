import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type * as z from 'zod';
import { SecretInvalid } from '../errors.ts';
import { parseJsonAs } from '../formats/json.ts';
import { isByHand } from './configuration.ts';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

let client: SecretsManagerClient | undefined;

/** What a secret should hold, for a person, and the parameter of a stage that names it. */
export type SecretUse = { expected: string; parameter: string };

/**
 * No error, here or in `readSecretAs`, contains any part of the secret.
 *
 * @param secretId name or ARN
 * @returns its text, without surrounding white space and byte order mark
 * @throws SecretInvalid when it holds no text, ServiceUnreachable
 */
export async function readSecret(secretId: string, use: SecretUse): Promise<string> {
  const { SecretString, SecretBinary } = await askFor(secretId);
  const text = SecretString?.trim();
  if (text) return text;
  throw invalidSecret(secretId, use, SecretBinary ? 'bytes (SecretBinary)' : 'no text');
}

/** @throws SecretInvalid when it is not JSON that fits the schema, ServiceUnreachable */
export const readJsonSecret = <Value>(
  secretId: string,
  use: SecretUse,
  schema: z.ZodType<Value>,
): Promise<Value> => readSecretAs(secretId, use, (text) => parseJsonAs(text, schema));

/**
 * @param parse throws errors that do not quote the secret
 * @throws SecretInvalid when it cannot be parsed, ServiceUnreachable
 */
export async function readSecretAs<Value>(
  secretId: string,
  use: SecretUse,
  parse: (text: string) => Value,
): Promise<Value> {
  const text = await readSecret(secretId, use);
  try {
    return parse(text);
  } catch (error) {
    throw invalidSecret(secretId, use, (error as Error).message);
  }
}

/** @param found must not quote the secret */
const invalidSecret = (secretId: string, { expected, parameter }: SecretUse, found: string): SecretInvalid =>
  new SecretInvalid({
    what: 'A secret is not what it should be; what it holds is not shown',
    where: `secret ${secretId}`,
    found,
    expected,
    fix: `correct the secret in Secrets Manager, or its name (${parameter} in config/{stage}.yml), then ${isByHand() ? 'try again' : 'redrive the execution'}`,
  });

function askFor(SecretId: string) {
  client ??= serviceClient(SecretsManagerClient, { patienceMs: SHORT_PATIENCE_MS });
  return client.send(new GetSecretValueCommand({ SecretId }));
}
