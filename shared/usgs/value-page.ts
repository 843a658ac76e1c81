import * as z from 'zod';

/**
 * One page of the collection `continuous` (USGS water data API). What it holds is read value by value: one that is not as
 * documented must not cost the others.
 */
export const valuePage = z.object({
  features: z.array(z.unknown()),
  links: z
    .array(z.object({ rel: z.string().nullish(), href: z.string().nullish() }))
    .nullish()
    .transform((links) => links ?? []),
});
export type ValuePage = z.output<typeof valuePage>;

const text = z.union([z.string(), z.number()]).nullish();
const feature = z.object({
  properties: z.object({
    time_series_id: text.transform((id) => (id === null || id === undefined ? 'without an id' : String(id))),
    time: z.iso.datetime({ offset: true }),
    /** Documented as text; numbers have been seen. */
    value: text,
    unit_of_measure: z.string().nullish(),
    approval_status: z.string().nullish(),
    qualifier: z.union([z.string(), z.array(z.string())]).nullish(),
  }),
});

export type UsgsValue = {
  time_series_id: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  /** In the parameter's unit. */
  value: number;
  /** Null for approved values without a qualifier, else e.g. `P`, `P ESTIMATED`. */
  flag: string | null;
};

/** What the older service wrote for no data; kept out should it come back. */
const NO_DATA = -999_999;

/** Why values are left out; those that are missing are no fault of anybody. */
export const UNUSABLE = ['in another unit', 'not readable'] as const;
export type UnusableValues = Record<(typeof UNUSABLE)[number], number>;

/**
 * Values of a page by what they are.
 *
 * @param units as the API writes the unit in which the values are wanted
 */
export function valuesOf(
  page: ValuePage,
  units: readonly string[],
): { values: UsgsValue[]; unusable: UnusableValues } {
  const unusable: UnusableValues = { 'in another unit': 0, 'not readable': 0 };
  // Each value of a page comes with a text of its own, which together take as much as the values.
  const ids = new Map<string, string>();
  const sharedId = (id: string) => {
    const known = ids.get(id) ?? id;
    ids.set(known, known);
    return known;
  };
  const values = page.features.flatMap((found) => {
    const parsed = feature.safeParse(found);
    if (!parsed.success) {
      unusable['not readable'] += 1;
      return [];
    }
    const { time_series_id, time, value, unit_of_measure, ...status } = parsed.data.properties;
    if (value === null || value === undefined || String(value).trim() === '') return [];
    const number = Number(value);
    if (number === NO_DATA) return [];
    if (!Number.isFinite(number)) {
      unusable['not readable'] += 1;
      return [];
    }
    if (unit_of_measure && !units.includes(unit_of_measure)) {
      unusable['in another unit'] += 1;
      return [];
    }
    return [
      {
        time_series_id: sharedId(time_series_id),
        timestamp: Date.parse(time),
        value: number,
        flag: flagOf(status),
      },
    ];
  });
  return { values, unusable };
}

function flagOf({
  approval_status,
  qualifier,
}: {
  approval_status?: string | null | undefined;
  qualifier?: string | string[] | null | undefined;
}): string | null {
  const qualifiers = typeof qualifier === 'string' ? [qualifier] : (qualifier ?? []);
  const codes = [...(approval_status === 'Approved' ? [] : ['P']), ...qualifiers];
  return codes.join(' ') || null;
}

/** Address of the next page, which may be relative, or null on the last one. */
export const nextPage = (page: ValuePage): string | null =>
  page.links.find(({ rel }) => rel === 'next')?.href ?? null;
