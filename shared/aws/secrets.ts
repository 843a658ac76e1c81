import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type * as z from 'zod';
import { SecretInvalid, ServiceUnreachable } from '../errors.ts';
import { parseJsonAs } from '../json.ts';
import { logged } from './call-log.ts';
import { IMPATIENT, isUnreachable } from './reachability.ts';

let client: SecretsManagerClient | undefined;

/** What a secret should hold, for a person, and the parameter of a stage that names it. */
export type SecretUse = { expected: string; parameter: string };

/**
 * Neither here nor in `readJsonSecret` does an error tell a part of what the secret holds.
 *
 * @param secretId name or ARN
 * @returns its text, without white space and byte order mark at its ends
 * @throws SecretInvalid when it holds no text, ServiceUnreachable
 */
export async function readSecret(secretId: string, use: SecretUse): Promise<string> {
  const { SecretString, SecretBinary } = await askFor(secretId);
  const text = SecretString?.trim();
  if (text) return text;
  throw invalidSecret(secretId, use, SecretBinary ? 'bytes (SecretBinary)' : 'no text');
}

/** @throws SecretInvalid when it is not JSON that fits the schema, ServiceUnreachable */
export async function readJsonSecret<Value>(
  secretId: string,
  use: SecretUse,
  schema: z.ZodType<Value>,
): Promise<Value> {
  const text = await readSecret(secretId, use);
  try {
    return parseJsonAs(text, schema);
  } catch (error) {
    throw invalidSecret(secretId, use, (error as Error).message);
  }
}

/** @param found must not quote the secret */
export const invalidSecret = (
  secretId: string,
  { expected, parameter }: SecretUse,
  found: string,
): SecretInvalid =>
  new SecretInvalid({
    what: 'A secret is not what it should be; what it holds is not shown',
    where: `secret ${secretId}`,
    found,
    expected,
    fix: `correct the secret in Secrets Manager, or its name (${parameter} in config/{stage}.yml), then redrive the execution`,
  });

async function askFor(SecretId: string) {
  client ??= logged(new SecretsManagerClient(IMPATIENT));
  try {
    return await client.send(new GetSecretValueCommand({ SecretId }));
  } catch (error) {
    if (isFaultOfAnswer(error as Error)) throw unreadable(SecretId);
    throw isUnreachable(error) ? unreachable(SecretId, error) : error;
  }
}

/** The SDK's parser quotes an answer that it cannot read, and keeps all of it; refusals are read, and have `$fault`. */
const isFaultOfAnswer = (error: Error): boolean =>
  error.name === 'SyntaxError' || ('$response' in error && !('$fault' in error));

const unreachable = (secretId: string, cause: unknown): ServiceUnreachable =>
  new ServiceUnreachable(
    {
      what: 'Secrets Manager does not answer',
      where: `secret ${secretId}`,
      found: (cause as Error).message,
      expected: 'an endpoint for secretsmanager in the VPC, or a NAT gateway for its subnets',
      fix: 'see what the network must offer in docs/deploy.md (npx fpe doctor names what is missing), then redrive the execution',
    },
    { cause },
  );

const unreadable = (secretId: string): ServiceUnreachable =>
  new ServiceUnreachable({
    what: 'The answer of Secrets Manager cannot be read; it is not shown, as it may hold the secret',
    where: `secret ${secretId}`,
    found: 'an answer that is not as the AWS SDK expects it',
    expected: 'the JSON of GetSecretValue',
    fix: 'see whether something between the function and Secrets Manager changes its answers, then redrive the execution',
  });
