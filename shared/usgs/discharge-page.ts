import * as z from 'zod';

/** One page of the collection `continuous` (USGS water data API). */
export const dischargePage = z.object({
  features: z.array(
    z.object({
      properties: z.object({
        time_series_id: z.string(),
        time: z.iso.datetime({ offset: true }),
        value: z.string().nullable(),
        unit_of_measure: z.string().nullish(),
        approval_status: z.string().nullish(),
        qualifier: z.union([z.string(), z.array(z.string())]).nullish(),
      }),
    }),
  ),
  links: z.array(z.object({ rel: z.string(), href: z.string() })).default([]),
});
export type DischargePage = z.output<typeof dischargePage>;

export type Discharge = {
  time_series_id: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  /** Cubic feet per second. */
  value: number;
  /** Null for approved values without a qualifier, else e.g. `P`, `P ESTIMATED`. */
  flag: string | null;
};

/** What the older service wrote for no data; kept out should it come back. */
const NO_DATA = -999_999;

/** Values of a page; missing ones and those in another unit are left out. */
export function dischargesOf(page: DischargePage): Discharge[] {
  return page.features.flatMap(({ properties }) => {
    const { time_series_id, time, value, unit_of_measure } = properties;
    const number = value === null || value === '' ? Number.NaN : Number(value);
    if (Number.isNaN(number) || number === NO_DATA) return [];
    if (unit_of_measure && !/^ft\^?3\/s$/.test(unit_of_measure)) return [];
    return [{ time_series_id, timestamp: Date.parse(time), value: number, flag: flagOf(properties) }];
  });
}

function flagOf({
  approval_status,
  qualifier,
}: DischargePage['features'][number]['properties']): string | null {
  const qualifiers = typeof qualifier === 'string' ? [qualifier] : (qualifier ?? []);
  const codes = [...(approval_status === 'Approved' ? [] : ['P']), ...qualifiers];
  return codes.join(' ') || null;
}

/** Address of the next page, or null on the last one. */
export const nextPage = (page: DischargePage): string | null =>
  page.links.find(({ rel }) => rel === 'next')?.href ?? null;

/**
 * Chooses one of a site's series, as values of two sensors must not be mixed (Q-D6): the one with most values, the first
 * by id where two have as many.
 *
 * @param discharges of all series, a time may come twice when pages overlap
 * @returns values of that series by time, each time once; `timeSeriesId` is null when there are none
 */
export function chooseSeries(discharges: readonly Discharge[]): {
  timeSeriesId: string | null;
  values: Discharge[];
  /** Series that were left out, with their numbers of values. */
  others: { timeSeriesId: string; count: number }[];
} {
  const series = new Map<string, Map<number, Discharge>>();
  for (const discharge of discharges) {
    const values = series.get(discharge.time_series_id) ?? new Map<number, Discharge>();
    series.set(discharge.time_series_id, values.set(discharge.timestamp, discharge));
  }
  const [best, ...rest] = [...series].sort(([idA, a], [idB, b]) => b.size - a.size || (idA < idB ? -1 : 1));
  return {
    timeSeriesId: best?.[0] ?? null,
    values: [...(best?.[1].values() ?? [])].sort((a, b) => a.timestamp - b.timestamp),
    others: rest.map(([timeSeriesId, { size }]) => ({ timeSeriesId, count: size })),
  };
}
