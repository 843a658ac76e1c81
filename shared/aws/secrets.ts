import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceUnreachable } from '../errors.ts';
import { logged } from './call-log.ts';
import { IMPATIENT, isUnreachable } from './reachability.ts';

let client: SecretsManagerClient | undefined;

/**
 * @param secretId name or ARN
 * @returns its text
 * @throws ServiceUnreachable
 */
export async function readSecret(secretId: string): Promise<string> {
  client ??= logged(new SecretsManagerClient(IMPATIENT));
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return SecretString ?? '';
  } catch (error) {
    throw isUnreachable(error) ? unreachable(secretId, error) : error;
  }
}

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
