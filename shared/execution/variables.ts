/** Annotation variable of each variable, with the words for axes and messages (contract 2.1). */
export const VARIABLES = {
  FLOW_CFS: { annotation: 'FLOW', label: 'Flow [cfs]' },
  STAGE_FT: { annotation: 'STAGE', label: 'Stage [ft]' },
  ICE: { annotation: 'ICE', label: 'Ice cover' },
  SNOW_FT: { annotation: 'SNOW', label: 'Snow depth [ft]' },
  CHLA_PPB: { annotation: 'ALGAE', label: 'Chlorophyll a [ppb]' },
  ANIMAL_COUNT: { annotation: 'ANIMALS', label: 'Animals [count]' },
  OTHER: { annotation: 'OTHER', label: 'Other' },
} as const satisfies Record<string, { annotation: string; label: string }>;

export type VariableCode = keyof typeof VARIABLES;

export const isVariableCode = (code: string): code is VariableCode => Object.hasOwn(VARIABLES, code);
