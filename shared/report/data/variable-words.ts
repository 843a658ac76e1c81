import { isVariableCode, VARIABLES } from '../../execution/variables.ts';

/** A variable in words: with its unit, for axes (Q-R5), and without, for sentences. */
export type VariableWords = { label: string; noun: string };

/** A variable that the list of words does not know is called by its code. */
export function variableWords(code: string): VariableWords {
  const label = isVariableCode(code) ? VARIABLES[code].label : code;
  const noun = label.replace(/ \[.*\]$/, '');
  return { label, noun: noun === 'Other' ? 'values' : noun.charAt(0).toLowerCase() + noun.slice(1) };
}
