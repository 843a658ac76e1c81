/** What USGS calls a variable. */
export type UsgsParameter = {
  code: string;
  /** In sentences. */
  noun: string;
  /** As the water data API writes the unit of this code, in one of these ways; values in another are left out. */
  units: readonly string[];
};

/** All that is known of a variable; adding one adds an entry. */
type Variable = {
  /** What annotators compare photos by (contract 2.1). */
  annotation: string;
  /** At the beginning of a label. */
  name: string;
  /** null: it has none. */
  unit: string | null;
  /** In sentences; the name with a small letter unless given. */
  noun?: string;
  /** Where USGS measures it: of a station with a gage, its values are used before FPE's own (contract 2.2). */
  usgs?: UsgsParameter;
  /** The least value that can be; none for what counts from a datum and may be anything. */
  least?: number;
  /** That does not hold where the tide or backwater turns the stream around. */
  isReversedByTide?: true;
};

/** A name for each `variables.id` that photos can be ranked by. */
export const VARIABLES = {
  FLOW_CFS: {
    annotation: 'FLOW',
    name: 'Flow',
    unit: 'cfs',
    usgs: { code: '00060', noun: 'discharge', units: ['ft^3/s', 'ft3/s'] },
    least: 0,
    isReversedByTide: true,
  },
  STAGE_FT: {
    annotation: 'STAGE',
    name: 'Stage',
    unit: 'ft',
    usgs: { code: '00065', noun: 'gage height', units: ['ft'] },
  },
  ICE: { annotation: 'ICE', name: 'Ice cover', unit: null },
  // A snow gage on bare ground reads a few tenths of a foot to either side.
  SNOW_FT: { annotation: 'SNOW', name: 'Snow depth', unit: 'ft', least: -0.5 },
  CHLA_PPB: { annotation: 'ALGAE', name: 'Chlorophyll a', unit: 'ppb', least: 0 },
  ANIMAL_COUNT: { annotation: 'ANIMALS', name: 'Animals', unit: 'count', least: 0 },
  OTHER: { annotation: 'OTHER', name: 'Other', unit: null, noun: 'values' },
} as const satisfies Record<string, Variable>;

export type VariableCode = keyof typeof VARIABLES;
/** What a model is of unless an input says otherwise. */
export const DEFAULT_VARIABLE: VariableCode = 'FLOW_CFS';

export const isVariableCode = (code: string): code is VariableCode => Object.hasOwn(VARIABLES, code);

/** The variable whose annotators compare photos by this, such as STAGE; undefined for what no variable has. */
export const variableOfAnnotation = (annotation: string): VariableCode | undefined =>
  (Object.keys(VARIABLES) as VariableCode[]).find((code) => VARIABLES[code].annotation === annotation);

/** What is known of a variable; undefined for a code that is not in the list. */
export const findVariable = (code: string): Variable | undefined =>
  isVariableCode(code) ? VARIABLES[code] : undefined;

/** A variable in words: with its unit, for axes (Q-R5), and without, for sentences; the unit is empty where numbers stand alone. */
export type VariableWords = { label: string; noun: string; unit: string };

/** e.g. 23.4 cfs */
export const withUnit = (value: string, { unit }: Pick<VariableWords, 'unit'>): string =>
  unit === '' ? value : `${value} ${unit}`;

/** A variable that is not in the list is called by its code. */
export function variableWords(code: string): VariableWords {
  const { name, unit, noun } = findVariable(code) ?? { name: code, unit: null, noun: code };
  return {
    label: unit === null ? name : `${name} [${unit}]`,
    noun: noun ?? name.charAt(0).toLowerCase() + name.slice(1),
    unit: unit === null || unit === 'count' ? '' : unit,
  };
}
