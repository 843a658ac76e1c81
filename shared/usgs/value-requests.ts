import { DAY_MS } from '../formats/durations.ts';

/** Values on one page; the service gives 10 unless asked, and documents 10,000 as its most for continuous values. */
const PAGE_SIZE = 10_000;

/**
 * Addresses of the first pages of a site's continuous values of a parameter, one for each calendar year that has photos: a request may span
 * 1,100 days (USGS water data API, collection `continuous`).
 *
 * @param site its USGS number, and the code of the parameter
 * @param years first and last photo of each, milliseconds since 1970, ascending; the UTC days before and after are asked for as
 *   well, each day once
 */
export function valueRequests(
  apiUrl: string,
  site: { nwisId: string; parameterCode: string },
  years: readonly { start: number; end: number }[],
): URL[] {
  let asked = Number.NEGATIVE_INFINITY;
  return years.flatMap(({ start, end }) => {
    const from = Math.max(dayOf(start) - 1, asked + 1);
    const to = dayOf(end) + 1;
    if (from > to) return [];
    asked = to;
    const url = new URL(`${apiUrl}/collections/continuous/items`);
    url.search = new URLSearchParams({
      f: 'json',
      monitoring_location_id: `USGS-${site.nwisId}`,
      parameter_code: site.parameterCode,
      datetime: `${dateOf(from)}T00:00:00Z/${dateOf(to)}T23:59:59Z`,
      properties: 'time,value,unit_of_measure,approval_status,qualifier,time_series_id',
      skipGeometry: 'true',
      limit: String(PAGE_SIZE),
    }).toString();
    return [url];
  });
}

/** Days since 1970. */
const dayOf = (ms: number): number => Math.floor(ms / DAY_MS);
const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
