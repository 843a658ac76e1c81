/** USGS parameter code of discharge in cubic feet per second. */
const DISCHARGE = '00060';
/** Values on one page; the service gives 10 unless asked, and documents 10,000 as its most for continuous values. */
const PAGE_SIZE = 10_000;
const DAY_MS = 86_400_000;

/**
 * Addresses of the first pages of a site's continuous discharge, one for each calendar year: a request may span 1,100
 * days (USGS water data API, collection `continuous`).
 *
 * @param images first and last photo, milliseconds since 1970; the UTC days before and after are asked for as well
 */
export function dischargeRequests(
  apiUrl: string,
  nwisId: string,
  images: { start: number; end: number },
): URL[] {
  const first = new Date(images.start - DAY_MS).toISOString().slice(0, 10);
  const last = new Date(images.end + DAY_MS).toISOString().slice(0, 10);
  const [firstYear, lastYear] = [Number(first.slice(0, 4)), Number(last.slice(0, 4))];
  return Array.from({ length: lastYear - firstYear + 1 }, (_, index) => {
    const year = firstYear + index;
    const from = year === firstYear ? first : `${year}-01-01`;
    const to = year === lastYear ? last : `${year}-12-31`;
    const url = new URL(`${apiUrl}/collections/continuous/items`);
    url.search = new URLSearchParams({
      f: 'json',
      monitoring_location_id: `USGS-${nwisId}`,
      parameter_code: DISCHARGE,
      datetime: `${from}T00:00:00Z/${to}T23:59:59Z`,
      properties: 'time,value,unit_of_measure,approval_status,qualifier,time_series_id',
      skipGeometry: 'true',
      limit: String(PAGE_SIZE),
    }).toString();
    return url;
  });
}
