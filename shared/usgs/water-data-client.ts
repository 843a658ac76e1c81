import { ConfigurationMissing, ObservationsRefused, ObservationsUnavailable } from '../errors.ts';
import { parseJsonAs } from '../formats/json.ts';
import { isOnThisComputer } from '../formats/loopback.ts';
import { shorten } from '../formats/shortened-text.ts';
import { nextPage, type ValuePage, valuePage } from './value-page.ts';

export type WaterDataLimits = {
  /** At one page; the waits between them double from a second, so that they sum up to a minute. */
  attempts: number;
  /** From the request to the end of the answer. */
  answerMs: number;
  /** Longer than that a function does not wait; the machine tries again minutes later. */
  waitMs: number;
  /** Of one request, which asks for a year: 53 hold a value for each minute of it, and a site has a few series. */
  pages: number;
};
export const WATER_DATA_LIMITS: WaterDataLimits = {
  attempts: 7,
  answerMs: 60_000,
  waitMs: 60_000,
  pages: 400,
};
const FIRST_WAIT_MS = 1_000;

export type WaterDataClient = {
  fetch: typeof fetch;
  /** Waits this many milliseconds, or until the signal. */
  sleep(ms: number): Promise<unknown>;
  /** Raises the number of requests an hour; the service answers without one. */
  apiKey: string | undefined;
  limits: WaterDataLimits;
  /** Ends all of it: what is asked for altogether takes too long. */
  signal: AbortSignal;
};

/**
 * Reads page after page, following `next` links; a link that was read before ends the reading, as cursors of this service have
 * been seen to go back to the start.
 *
 * @throws ObservationsUnavailable when the service does not answer after several attempts, or in the time there is;
 *   ObservationsRefused, also when the pages do not end; ConfigurationMissing when it refuses the key
 */
export async function* readPages(first: URL, client: WaterDataClient): AsyncGenerator<ValuePage> {
  const read = new Set<string>();
  for (let url: string | null = first.href; url !== null && !read.has(url); ) {
    if (read.size === client.limits.pages) throw endless(url, client.limits.pages);
    read.add(url);
    // The key is for this service: a link to another place is followed without it.
    const isSameService = new URL(url).origin === first.origin;
    const page = await readPage(url, isSameService ? client : { ...client, apiKey: undefined });
    yield page;
    url = addressOf(nextPage(page), url);
  }
}

/** @throws ObservationsRefused for a link that leads to nothing that can be asked */
function addressOf(link: string | null, of: string): string | null {
  if (link === null) return null;
  const url = URL.canParse(link, of) ? new URL(link, of) : null;
  if (url && /^https?:$/.test(url.protocol)) return url.href;
  throw new ObservationsRefused({
    what: 'USGS names a next page that cannot be read',
    where: of,
    found: shorten(link, 300),
    expected: 'an address that begins with https',
    fix: 'redrive the execution; if that does not help, empty the USGS number (nwis_id) of the station to use FPE’s own values, and start a new one',
  });
}

async function readPage(url: string, client: WaterDataClient): Promise<ValuePage> {
  const { attempts, waitMs: longestWaitMs } = client.limits;
  let found = 'no time left to ask';
  for (let attempt = 0; attempt < attempts && !client.signal.aborted; attempt++) {
    const outcome = await askOnce(url, client);
    if ('page' in outcome) return outcome.page;
    found = outcome.found;
    const waitMs = outcome.waitMs || FIRST_WAIT_MS * 2 ** attempt;
    if (waitMs > longestWaitMs || attempt === attempts - 1) break;
    await client.sleep(waitMs);
  }
  throw new ObservationsUnavailable({
    what: 'USGS does not answer',
    where: url,
    found,
    expected: 'observed values as JSON',
    fix: 'wait until api.waterdata.usgs.gov works again, then redrive the execution; after status 429, set usgsApiKeySecret in config/{stage}.yml',
  });
}

/** A page, or what was found instead and how long to wait before asking again (0: not said). */
type Outcome = { page: ValuePage } | { found: string; waitMs: number };

/** Statuses that say nothing about the request: the server had no time, or had too much to do. */
const isPassing = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

async function askOnce(url: string, client: WaterDataClient): Promise<Outcome> {
  let response: Response;
  let body: string;
  try {
    const signal = AbortSignal.any([client.signal, AbortSignal.timeout(client.limits.answerMs)]);
    // fetch would take the key along to wherever it is redirected; a redirection is an answer like others, then.
    const withKey = client.apiKey
      ? { headers: { 'X-Api-Key': client.apiKey }, redirect: 'manual' as const }
      : {};
    response = await client.fetch(url, { ...withKey, signal });
    body = await response.text();
  } catch (error) {
    return { found: describe(error, client), waitMs: 0 };
  }
  // Services that refuse a key are seen to repeat it.
  const said = client.apiKey ? body.replaceAll(client.apiKey, '(the key)') : body;
  const found = `status ${response.status}: ${shorten(said, 300)}`;
  if (isPassing(response.status)) return { found, waitMs: retryAfterMs(response.headers) };
  if (!response.ok) throw refused(response.status, url, found, client.apiKey !== undefined);
  try {
    return { page: parseJsonAs(body, valuePage) };
  } catch (error) {
    // A proxy's page of apology, or an answer that was cut off.
    const type = response.headers.get('content-type') ?? 'no content type';
    return { found: `status 200, ${type}, not the documented JSON: ${(error as Error).message}`, waitMs: 0 };
  }
}

/** Seconds, or a date by the server's own clock (RFC 9110, "Retry-After"); 0 when it is not said. */
function retryAfterMs(headers: Headers): number {
  const said = headers.get('retry-after') ?? '';
  const ms = /^\d+$/.test(said.trim())
    ? 1000 * Number(said)
    : Date.parse(said) - Date.parse(headers.get('date') ?? '');
  return ms > 0 ? ms : 0;
}

function describe(error: unknown, { limits, signal }: WaterDataClient): string {
  if (signal.aborted) return 'no end of the answers in the time that a function has';
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `no whole answer within ${limits.answerMs / 1000} s`;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

const endless = (url: string, pages: number): ObservationsRefused =>
  new ObservationsRefused({
    what: 'USGS gives page after page without an end',
    where: url,
    found: `${pages} pages, and a link to one more`,
    expected: `fewer than ${pages} pages for a year`,
    fix: 'redrive the execution; if that does not help, empty the USGS number (nwis_id) of the station to use FPE’s own values, and start a new one',
  });

function refused(
  status: number,
  url: string,
  found: string,
  hasKey: boolean,
): ObservationsRefused | ConfigurationMissing {
  const isAboutKey = status === 401 || (status === 403 && /key/i.test(found));
  if (hasKey && isAboutKey)
    return new ConfigurationMissing({
      what: 'USGS does not accept the API key',
      where: 'the secret that usgsApiKeySecret of config/{stage}.yml names',
      found,
      expected: 'a key from api.waterdata.usgs.gov/signup, or none',
      fix: 'correct or remove the key, then redrive the execution',
    });
  if (status === 401 || status === 403)
    return new ObservationsRefused({
      what: 'USGS, or something on the way to it, does not let this network ask',
      where: url,
      found,
      expected: hasKey ? 'an answer' : 'an answer, also without a key',
      fix: 'check whether a proxy or firewall of this network rejects it; otherwise redrive the execution later, or set usgsApiKeySecret in config/{stage}.yml',
    });
  return new ObservationsRefused({
    what: 'USGS refuses the request for observed values',
    where: url,
    found,
    expected: 'an answer for the number of a USGS gage',
    // The local stack's stand-in plays back what was recorded, and knows no other gage.
    fix: isOnThisComputer(url)
      ? 'start the local stack with USGS_API_URL=https://api.waterdata.usgs.gov/ogcapi/v1 to ask USGS itself, or import the station without its USGS number (nwis_id) and with values of its own, then start a new execution'
      : 'correct the USGS number (nwis_id) of the station on the FPE website, or empty it to use FPE’s own values, then start a new execution',
  });
}
