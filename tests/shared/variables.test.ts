import { describe, expect, test } from '@jest/globals';
import { findVariable, isVariableCode, VARIABLES, variableWords } from '../../shared/variables.ts';
import { productSources, sourcesWith } from '../support/product-sources.ts';

describe('a variable', () => {
  test.each([
    ['FLOW_CFS', 'Flow [cfs]', 'flow'],
    ['STAGE_FT', 'Stage [ft]', 'stage'],
    ['ICE', 'Ice cover', 'ice cover'],
    ['SNOW_FT', 'Snow depth [ft]', 'snow depth'],
    ['CHLA_PPB', 'Chlorophyll a [ppb]', 'chlorophyll a'],
    ['ANIMAL_COUNT', 'Animals [count]', 'animals'],
    ['OTHER', 'Other', 'values'],
  ])('%s is called "%s" on axes and "%s" in sentences (Q-R5)', (code, label, noun) => {
    expect(variableWords(code)).toEqual({ label, noun });
  });

  test('that is not in the list is called by its code', () => {
    expect(variableWords('TURBIDITY_NTU')).toEqual({ label: 'TURBIDITY_NTU', noun: 'TURBIDITY_NTU' });
    expect(isVariableCode('toString')).toBe(false);
    expect(findVariable('TURBIDITY_NTU')).toBeUndefined();
  });

  test('shares neither annotation variable nor USGS parameter with another', () => {
    const codes = Object.keys(VARIABLES);
    const annotations = codes.map((code) => findVariable(code)?.annotation);
    const parameters = codes.flatMap((code) => findVariable(code)?.usgs?.code ?? []);
    expect(new Set(annotations).size).toBe(codes.length);
    expect(new Set(parameters).size).toBe(parameters.length);
    for (const parameter of parameters) expect(parameter).toMatch(/^\d{5}$/);
  });
});

test('the variable that a model is of by default is named nowhere else in code', () => {
  const naming = sourcesWith(
    /['"`]FLOW_CFS['"`]/,
    productSources('shared', 'functions', 'cli', 'deployment'),
  );

  expect(naming).toEqual(['shared/variables.ts']);
});
