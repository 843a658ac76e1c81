import * as z from 'zod';
import type { HourAndMonthWindows, PairDates } from '../execution/score-station-state.ts';
import { windowLimits, windowParameters } from '../filters/filter-images.ts';

/** Used where rank-input.json or one of its limits is missing (contract 6.6). */
export const DEFAULT_WINDOWS: HourAndMonthWindows = z.object(windowParameters).parse({});

const localDate = z.string().regex(/^\d{4}-\d\d-\d\d/);

/** The parts of rank-input.json that the scoring of new photos goes by (contract 5.2); limits of dates are not (6.6). */
export const modelFilters = z.object({
  args: z
    .object({
      options: z.object(
        Object.fromEntries(Object.entries(windowLimits).map(([name, limit]) => [name, limit.nullish()])),
      ),
    })
    .optional(),
  pairs: z.object({ start: localDate.nullish(), end: localDate.nullish() }).optional(),
});

export function windowsOf(filters: z.output<typeof modelFilters> | null): HourAndMonthWindows {
  const options = filters?.args?.options ?? {};
  const given = Object.entries(options).filter(([, limit]) => limit !== null && limit !== undefined);
  return { ...DEFAULT_WINDOWS, ...Object.fromEntries(given) };
}

export function pairDatesOf(filters: z.output<typeof modelFilters> | null): PairDates | null {
  const { start, end } = filters?.pairs ?? {};
  return start && end ? { first: start.slice(0, 10), last: end.slice(0, 10) } : null;
}

/**
 * What else reads the limits of rank-input.json, and takes them for others than they are, in sentences: FPE's container for
 * imagesets keeps what is at least the minimum and at most the maximum, so that windows that wrap leave it no photo. There is no
 * pair of limits that it would take for them (`fpe_imageset.py` of EcoSHEDS/fpe-model).
 */
export function misreadWindows({ min_hour, max_hour, min_month, max_month }: HourAndMonthWindows): string[] {
  const wrapping = [
    ...(min_hour > max_hour ? [`hours ${min_hour} to ${max_hour}`] : []),
    ...(min_month > max_month ? [`months ${min_month} to ${max_month}`] : []),
  ];
  if (wrapping.length === 0) return [];
  return [
    `Warning: this model is for ${wrapping.join(' and ')}, which go over the end of the day or year. FPE’s own container for imagesets finds no photo of such a model, and ends without an error: score new photos with score-station alone.`,
  ];
}
