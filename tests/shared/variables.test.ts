import { describe, expect, test } from '@jest/globals';
import { findVariable, isVariableCode, VARIABLES, variableWords, withUnit } from '../../shared/variables.ts';
import { productSources, sourcesWith } from '../support/product-sources.ts';

describe('a variable', () => {
  test.each([
    ['FLOW_CFS', 'Flow [cfs]', 'flow', 'cfs'],
    ['STAGE_FT', 'Stage [ft]', 'stage', 'ft'],
    ['ICE', 'Ice cover', 'ice cover', ''],
    ['SNOW_FT', 'Snow depth [ft]', 'snow depth', 'ft'],
    ['CHLA_PPB', 'Chlorophyll a [ppb]', 'chlorophyll a', 'ppb'],
    ['ANIMAL_COUNT', 'Animals [count]', 'animals', ''],
    ['OTHER', 'Other', 'values', ''],
  ])(
    '%s is called "%s" on axes and "%s" in sentences (Q-R5), its numbers have the unit "%s"',
    (code, label, noun, unit) => {
      expect(variableWords(code)).toEqual({ label, noun, unit });
    },
  );

  test('that is not in the list is called by its code', () => {
    expect(variableWords('TURBIDITY_NTU')).toEqual({
      label: 'TURBIDITY_NTU',
      noun: 'TURBIDITY_NTU',
      unit: '',
    });
    expect(isVariableCode('toString')).toBe(false);
    expect(findVariable('TURBIDITY_NTU')).toBeUndefined();
  });

  test('stands behind a number with its unit, if it has one', () => {
    expect(withUnit('23.4', variableWords('FLOW_CFS'))).toBe('23.4 cfs');
    expect(withUnit('3', variableWords('ANIMAL_COUNT'))).toBe('3');
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
