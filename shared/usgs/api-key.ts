import * as z from 'zod';
import { parseJsonAs } from '../formats/json.ts';

/** What the secret with the key of the water data API holds, and the parameter of a stage that names it. */
export const API_KEY_SECRET = {
  expected: 'only the key (letters, digits, - and _), or {"api_key": "…"}',
  parameter: 'usgsApiKeySecret',
};
/** What does not fit would be quoted by fetch, which refuses it as a header. */
const apiKey = z.string().regex(/^[\w-]{6,200}$/, 'not 6 to 200 letters, digits, - and _');
const apiKeyMember = z.object({ api_key: apiKey });

/**
 * The key in the text of a secret: that text as it is, or its member `api_key`.
 *
 * @throws MalformedJson, which does not quote the secret
 */
export const parseApiKey = (secret: string): string =>
  apiKey.safeParse(secret).success ? secret : parseJsonAs(secret, apiKeyMember).api_key;
