/**
 * Stands in for Secrets Manager: answers GetSecretValue for the given secrets, by name; refuses everything else by name. Nothing
 * is stored.
 */
import { ApiError, type ApiOptions, type JsonApi, startJsonApi } from './json-api.ts';

/** @param secrets name → text */
export const startSecretsManager = (
  secrets: ReadonlyMap<string, string>,
  options: ApiOptions = {},
): Promise<JsonApi> =>
  startJsonApi(
    { target: 'secretsmanager', version: '1.1' },
    {
      GetSecretValue({ SecretId }) {
        const text = secrets.get(String(SecretId));
        if (text !== undefined) return { Name: SecretId, SecretString: text };
        throw new ApiError(
          'ResourceNotFoundException',
          `Secrets Manager can't find the specified secret: ${SecretId}`,
        );
      },
    },
    options,
  );
