import { ConfigurationMissing, ObservationsRefused, ObservationsUnavailable } from '../errors.ts';
import { parseJsonAs } from '../json.ts';
import { type DischargePage, dischargePage, nextPage } from './discharge-page.ts';

/** Attempts at one page; the waits between them double from a second, so that they sum up to a minute. */
const MAX_ATTEMPTS = 7;
const FIRST_WAIT_MS = 1_000;
/** Longer than that a function does not wait; the machine tries again minutes later. */
const MAX_WAIT_MS = 60_000;
const TIMEOUT_MS = 60_000;

export type WaterDataClient = {
  fetch: typeof fetch;
  /** Waits this many milliseconds. */
  sleep(ms: number): Promise<unknown>;
  /** Raises the number of requests an hour; the service answers without one. */
  apiKey: string | undefined;
};

/**
 * Reads page after page, following `next` links as they are; a link that was read before ends the reading, as cursors of
 * this service have been seen to go back to the start.
 *
 * @throws ObservationsUnavailable when the service does not answer after several attempts, ObservationsRefused,
 *   ConfigurationMissing when it refuses the key
 */
export async function* readPages(first: URL, client: WaterDataClient): AsyncGenerator<DischargePage> {
  const read = new Set<string>();
  for (let url: string | null = first.href; url !== null && !read.has(url); ) {
    read.add(url);
    // The key is for this service: a link to another place is followed without it.
    const isSameService = new URL(url).origin === first.origin;
    const page = await readPage(url, isSameService ? client : { ...client, apiKey: undefined });
    yield page;
    url = nextPage(page);
  }
}

async function readPage(url: string, client: WaterDataClient): Promise<DischargePage> {
  let found = '';
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const outcome = await askOnce(url, client);
    if ('page' in outcome) return outcome.page;
    found = outcome.found;
    const waitMs = outcome.waitMs || FIRST_WAIT_MS * 2 ** attempt;
    if (waitMs > MAX_WAIT_MS || attempt === MAX_ATTEMPTS - 1) break;
    await client.sleep(waitMs);
  }
  throw new ObservationsUnavailable({
    what: 'USGS does not answer',
    where: url,
    found,
    expected: 'observed values as JSON',
    fix: 'wait until api.waterdata.usgs.gov works again and redrive the execution; after status 429, set usgsApiKeySecret in config/{stage}.yml',
  });
}

/** A page, or what was found instead and how long to wait before asking again (0: not said). */
type Outcome = { page: DischargePage } | { found: string; waitMs: number };

async function askOnce(url: string, client: WaterDataClient): Promise<Outcome> {
  let response: Response;
  let body: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // fetch would take the key along to wherever it is redirected; a redirection is an answer like others, then.
    const withKey = client.apiKey
      ? { headers: { 'X-Api-Key': client.apiKey }, redirect: 'manual' as const }
      : {};
    response = await client.fetch(url, { ...withKey, signal });
    body = await response.text();
  } catch (error) {
    return { found: describe(error), waitMs: 0 };
  }
  // Services that refuse a key are seen to repeat it.
  const said = client.apiKey ? body.replaceAll(client.apiKey, '(the key)') : body;
  const found = `status ${response.status}: ${said.slice(0, 300)}`;
  if (response.status === 429 || response.status >= 500)
    return { found, waitMs: 1000 * Number(response.headers.get('retry-after')) || 0 };
  if (!response.ok) throw refused(response.status, url, found);
  try {
    return { page: parseJsonAs(body, dischargePage) };
  } catch (error) {
    // A proxy's page of apology, or an answer that was cut off.
    const type = response.headers.get('content-type') ?? 'no content type';
    return { found: `status 200, ${type}, not the documented JSON: ${(error as Error).message}`, waitMs: 0 };
  }
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

const refused = (status: number, url: string, found: string): ObservationsRefused | ConfigurationMissing =>
  status === 401 || status === 403
    ? new ConfigurationMissing({
        what: 'USGS does not accept the API key',
        where: 'the secret that usgsApiKeySecret of config/{stage}.yml names',
        found,
        expected: 'a key from api.waterdata.usgs.gov/signup, or none',
        fix: 'correct or remove the key, then redrive the execution',
      })
    : new ObservationsRefused({
        what: 'USGS refuses the request for observed values',
        where: url,
        found,
        expected: 'an answer for the number of a USGS gage',
        fix: 'correct the USGS number (nwis_id) of the station on the FPE website, or empty it to use FPE’s own values, then redrive the execution',
      });
