/**
 * Stands in for the USGS water data API: answers `collections/continuous/items` from recordings, page by page.
 *
 * A recording is an answer of the API itself, stored as `USGS-01171100.json` in a folder or passed by a test. Supports the
 * parameters listed in PARAMETERS; refused by name, with the API's own kind of error: other collections and parameters, open or
 * long intervals, sites without a recording. Failures can be scripted. Like the real API, it answers any client, if on this
 * computer, but it refuses pages of other sites (`door.ts`).
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DAY_MS } from '../shared/formats/durations.ts';
import { Refusal as Closed, listenLocally, requireOwnSite } from './door.ts';

const ITEMS = '/ogcapi/v1/collections/continuous/items';
const PARAMETERS = new Set(
  'f monitoring_location_id parameter_code datetime time properties skipGeometry limit cursor api_key'.split(
    ' ',
  ),
);
const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 50_000;
const MAX_DAYS = 1100;

export type UsgsFeature = {
  type: 'Feature';
  id?: string;
  geometry?: unknown;
  properties: {
    time_series_id: string;
    monitoring_location_id: string;
    parameter_code: string;
    /** ISO 8601 with offset. */
    time: string;
    value: string | null;
    unit_of_measure?: string;
    approval_status?: string;
    qualifier?: string | string[] | null;
    [other: string]: unknown;
  };
};

/** An answer instead of the recorded one, e.g. `{ status: 429, headers: { 'retry-after': '1' } }`. */
export type ScriptedAnswer = { status: number; headers?: Record<string, string>; body?: string };

export type Usgs = {
  /** The value for USGS_API_URL. */
  endpoint: string;
  /** Every request so far. */
  requests: { url: URL; headers: IncomingMessage['headers'] }[];
  /** Scripts the answers to the next requests, one each. */
  script(...answers: ScriptedAnswer[]): void;
  stop(): Promise<void>;
};

class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, description: string) {
    super(description);
    this.status = status;
    this.code = code;
  }
}

export async function startUsgs(options: {
  folder?: string;
  recordings?: UsgsFeature[];
  port?: number;
}): Promise<Usgs> {
  const requests: Usgs['requests'] = [];
  const scripted: ScriptedAnswer[] = [];
  const server = createServer((request, response) => {
    try {
      requireOwnSite(request);
    } catch (error) {
      return refuse(error, response);
    }
    const url = new URL(request.url as string, `http://${request.headers.host}`);
    requests.push({ url, headers: request.headers });
    const instead = scripted.shift();
    if (instead) response.writeHead(instead.status, instead.headers).end(instead.body ?? '');
    else answer(url, options, response);
  });
  const address = await listenLocally(server, options.port);
  return {
    endpoint: `${address}/ogcapi/v1`,
    requests,
    script(...answers) {
      for (const answer of answers) scripted.push(answer);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(
  url: URL,
  recordings: { folder?: string; recordings?: UsgsFeature[] },
  response: ServerResponse,
): void {
  try {
    const page = findPage(url, recordings);
    response.writeHead(200, { 'content-type': 'application/geo+json', 'x-ratelimit-remaining': '1000' });
    response.end(JSON.stringify(page));
  } catch (error) {
    refuse(error, response);
  }
}

function refuse(error: unknown, response: ServerResponse): void {
  const { status, code, message } = asRefusal(error);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ code, description: message }));
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof Closed) return new Refusal(403, 'Forbidden', error.message);
  return new Refusal(500, 'NoApplicableCode', String(error));
}

function findPage(url: URL, recordings: { folder?: string; recordings?: UsgsFeature[] }): object {
  if (url.pathname !== ITEMS) throw new Refusal(404, 'NotFound', `Only ${ITEMS} is recorded`);
  const query = url.searchParams;
  const unknown = [...query.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown) throw new Refusal(400, 'InvalidParameterValue', `unknown query parameter: ${unknown}`);
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new Refusal(400, 'InvalidParameterValue', `limit must be 1 to ${MAX_LIMIT}`);
  const [startMs, endMs] = interval(query.get('datetime') ?? query.get('time') ?? '');
  const sites = (query.get('monitoring_location_id') ?? '').split(',');
  const found = sites
    .flatMap((site) => featuresOf(site, recordings))
    .filter(({ properties }) => {
      const ms = Date.parse(properties.time);
      return ms >= startMs && ms <= endMs && properties.parameter_code === query.get('parameter_code');
    });
  const first = Number(query.get('cursor') ?? 0);
  const features = found.slice(first, first + limit).map((feature) => shape(feature, query));
  const links: { rel: string; href: string }[] = [];
  if (first + limit < found.length) {
    const next = new URL(url);
    next.searchParams.set('cursor', String(first + limit));
    links.push({ rel: 'next', href: next.href });
  }
  return { type: 'FeatureCollection', features, numberReturned: features.length, links };
}

function interval(text: string): [number, number] {
  const [startMs = Number.NaN, endMs = Number.NaN] = text.split('/').map(Date.parse);
  if (Number.isNaN(startMs) || Number.isNaN(endMs))
    throw new Refusal(400, 'InvalidParameterValue', `datetime must be START/END here. Found: "${text}"`);
  if (endMs - startMs > MAX_DAYS * DAY_MS)
    throw new Refusal(400, 'InvalidParameterValue', `a request may span ${MAX_DAYS} days`);
  return [startMs, endMs];
}

function featuresOf(
  site: string,
  { folder, recordings }: { folder?: string; recordings?: UsgsFeature[] },
): UsgsFeature[] {
  const known = recordings?.filter(({ properties }) => properties.monitoring_location_id === site);
  if (known?.length) return known;
  const file = folder && /^[\w-]+$/.test(site) ? join(folder, `${site}.json`) : null;
  if (file && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).features;
  throw new Refusal(
    404,
    'NotFound',
    `The local stack has no recording of ${site}. To ask USGS itself, start the stack with USGS_API_URL=https://api.waterdata.usgs.gov/ogcapi/v1; to record, save its answer as ${file ?? `${site}.json`}`,
  );
}

/** Leaves out what was not requested. */
function shape(feature: UsgsFeature, query: URLSearchParams): UsgsFeature {
  const wanted = query.get('properties')?.split(',');
  const properties = wanted
    ? Object.fromEntries(Object.entries(feature.properties).filter(([name]) => wanted.includes(name)))
    : feature.properties;
  const geometry = query.get('skipGeometry') === 'true' ? null : (feature.geometry ?? null);
  return { ...feature, geometry, properties } as UsgsFeature;
}
