import * as z from 'zod';
import type { Reason } from '../dataset/reasons.ts';

/**
 * A filter of the input: one entry of IMAGE_FILTERS or PAIR_FILTERS. From these two lists the schema of the input takes the
 * parameters, SplitPairs what it leaves out, rank-input.json its options, and the state of the machine, the summary, the report
 * and metrics.json the counts and the words.
 */
export type Filter<Parameters extends FilterParameters> = Reason & {
  /** Parameters of the input, by name. */
  parameters: Parameters;
  /** Parameters that rank-input.json does not name where they are not given; the others it gives as null. */
  absent?: readonly (keyof Parameters)[];
  /** What is wrong with parameters that are right each by itself, with the name of the one to correct. */
  faultOf?(given: Given<Parameters>): { name: keyof Parameters; message: string } | null;
};

export type FilterParameters = Record<string, z.ZodType>;
/** The values of parameters, with their defaults. */
export type Given<Parameters extends FilterParameters> = z.output<z.ZodObject<Parameters>>;

type Intersection<Union> = (Union extends unknown ? (of: Union) => void : never) extends (
  of: infer Whole,
) => void
  ? Whole
  : never;
export type ParametersOf<Filters> = Intersection<
  { [Code in keyof Filters]: Filters[Code] extends { parameters: infer P } ? P : never }[keyof Filters]
>;

/** The parameters of all filters of a list. */
export const parametersOf = <Filters extends Record<string, { parameters: FilterParameters }>>(
  filters: Filters,
): ParametersOf<Filters> => Object.assign({}, ...Object.values(filters).map(({ parameters }) => parameters));

type WithoutDefaults<Parameters> = {
  [Name in keyof Parameters]: Parameters[Name] extends z.ZodDefault<infer Inner> ? Inner : Parameters[Name];
};
export const withoutDefaults = <Parameters extends FilterParameters>(parameters: Parameters) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, schema]) => [
      name,
      schema instanceof z.ZodDefault ? schema.unwrap() : schema,
    ]),
  ) as WithoutDefaults<Parameters>;

/** What is wrong with the parameters of a list's filters together. */
export const faultsOf = (
  filters: Readonly<
    Record<string, { faultOf?(given: never): { name: PropertyKey; message: string } | null }>
  >,
  given: object,
): { name: string; message: string }[] =>
  Object.values(filters).flatMap(({ faultOf }) => {
    const fault = faultOf?.(given as never);
    return fault ? [{ name: String(fault.name), message: fault.message }] : [];
  });

/** Options of rank-input.json; null: no limit. */
export const optionsOf = (
  filters: readonly { parameters: FilterParameters; absent?: readonly PropertyKey[] }[],
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> =>
  Object.fromEntries(
    filters.flatMap(({ parameters, absent = [] }) =>
      Object.keys(parameters)
        .filter((name) => given[name] !== undefined || !absent.includes(name))
        .map((name) => [name, given[name] ?? null]),
    ),
  );

const date = z.iso.date().describe('yyyy-mm-dd in the station’s time zone, inclusive');

/** The parameters {what}_start and {what}_end: dates as yyyy-mm-dd, which sort as text; a missing one is no limit (Q-I8). */
export function dateRange<What extends string>(what: What) {
  const [start, end] = [`${what}_start`, `${what}_end`] as [`${What}_start`, `${What}_end`];
  type Parameters = Record<typeof start | typeof end, z.ZodOptional<typeof date>>;
  type Range = Partial<Record<typeof start | typeof end, string | undefined>>;
  return {
    parameters: { [start]: date.optional(), [end]: date.optional() } as Parameters,
    faultOf(given: Range) {
      const [first, last] = [given[start], given[end]];
      if (!first || !last || first <= last) return null;
      return { name: end, message: `${last} is before ${start} ${first}` };
    },
    contains(given: Range, localDate: string): boolean {
      const [first, last] = [given[start], given[end]];
      return (first === undefined || localDate >= first) && (last === undefined || localDate <= last);
    },
  };
}

/** Inclusive; a minimum above the maximum wraps: November to March, ten at night to four in the morning (Q-I10). */
export const isInWindow = (value: number, min: number, max: number): boolean =>
  min <= max ? value >= min && value <= max : value >= min || value <= max;
