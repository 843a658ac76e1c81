import type { Stage } from '../config/stage.ts';
import { readSecret } from '../shared/aws/secrets.ts';
import { MalformedJson, parseJsonAs } from '../shared/formats/json.ts';
import { DATABASE_SECRET, databaseSecret } from '../shared/fpe-database/connection.ts';
import { API_KEY_SECRET, parseApiKey } from '../shared/usgs/api-key.ts';
import { type Check, type CheckOutcome, checkThat, failed, ok } from './check.ts';

/** The secrets that a stage names, read as its functions read them: whatever they would refuse is found here first. */
export const secretChecks = (stage: Stage): Promise<Check[]> =>
  Promise.all([databaseSecretCheck(stage), ...(stage.usgsApiKeySecret ? [apiKeyCheck(stage)] : [])]);

const databaseSecretCheck = ({ dbSecret, dbHost }: Stage): Promise<Check> =>
  checkThat(
    {
      name: 'Secret of the database',
      needs: DATABASE_SECRET.expected,
      fix: 'set dbSecret to the secret of the database, or correct the secret',
    },
    async () => databaseSecretFinding(await readSecret(dbSecret, DATABASE_SECRET), { dbSecret, dbHost }),
  );

/** @param text of the secret */
export const databaseSecretFinding = (
  text: string,
  { dbSecret, dbHost }: Pick<Stage, 'dbSecret' | 'dbHost'>,
): CheckOutcome =>
  orMalformed(dbSecret, () =>
    parseJsonAs(text, databaseSecret).host || dbHost
      ? ok(dbSecret)
      : failed(`${dbSecret} has no host`, 'set dbHost, as a secret that RDS manages does not tell the host'),
  );

const apiKeyCheck = ({ usgsApiKeySecret }: Stage): Promise<Check> =>
  checkThat(
    {
      name: 'Secret of the USGS water data API',
      needs: API_KEY_SECRET.expected,
      fix: 'set usgsApiKeySecret to the secret with the key, or correct the secret; if there is none, set it to an empty text',
      isForRuns: true,
    },
    async () => apiKeyOutcome(await readSecret(usgsApiKeySecret, API_KEY_SECRET), usgsApiKeySecret),
  );

/** @param text of the secret */
export const apiKeyOutcome = (text: string, secretId: string): CheckOutcome =>
  orMalformed(secretId, () => {
    parseApiKey(text);
    return ok(secretId);
  });

/** The content of a secret is never shown, only what is wrong with it. */
function orMalformed(secretId: string, look: () => CheckOutcome): CheckOutcome {
  try {
    return look();
  } catch (error) {
    if (error instanceof MalformedJson) return failed(`${secretId}: ${error.message}`);
    throw error;
  }
}
