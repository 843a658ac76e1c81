import { describe, expect, test } from '@jest/globals';
import { ModelAmbiguous, NoModel } from '../../../shared/errors.ts';
import { describeDrawing, planDrawing, type StationModel } from '../../../shared/publication/drawn-models.ts';
import { modelRow } from '../../fixtures/model-row.ts';

const drawn = { predictions_url: 'https://x/predictions.csv', diagnostics_url: 'https://x/report.html' };
const model = (code: string, more: Partial<StationModel> = {}): StationModel => ({
  ...modelRow({ id: code.charCodeAt(0), code, uuid: `uuid-${code}` }),
  is_ours: true,
  ...more,
});
const plan = (models: StationModel[], code: string, more: object = {}) =>
  planDrawing(models, { action: 'promote', code, keepPrevious: false, ...more }, 'models of station 29');

describe('A model that is promoted', () => {
  test('supersedes the drawn default of its type and variable, and no other one', () => {
    const former = model('A', { ...drawn, default: true });
    const others = [
      model('C', { ...drawn, default: true, variable_id: 'STAGE_FT' }),
      model('D', { ...drawn, default: true, model_type_id: 'CLASS' }),
      model('E', drawn),
    ];

    const change = plan([former, model('B'), ...others], 'B');

    expect(change).toMatchObject({ superseded: [former], kept: [] });
  });

  test.each([
    ['one of upstream’s', { is_ours: false }, {}],
    ['any where that is wished', {}, { keepPrevious: true }],
  ])('leaves on the page %s', (_, row, wish) => {
    const former = model('A', { ...drawn, default: true, ...row });

    const change = plan([former, model('B')], 'B', wish);

    expect(change).toMatchObject({ superseded: [], kept: [former] });
    expect(describeDrawing(change as never)).toEqual([
      'B (models.id 66) becomes the default of RANK FLOW_CFS, and the website draws it.',
      'A (models.id 65), the default until now, stays on the page beside it.',
    ]);
  });

  test('leaves nothing to do when it is the one default and drawn', () => {
    expect(plan([model('A', { ...drawn, default: true }), model('B', drawn)], 'A')).toBe(null);
    expect(plan([model('A', { default: true })], 'A')).not.toBe(null);
    expect(plan([model('A', { ...drawn, default: true }), model('B', { default: true })], 'A')).not.toBe(
      null,
    );
  });

  test.each([
    ['of which there is none', [model('A')], NoModel, 'Found: A'],
    ['where the station has no models', [], NoModel, 'To fix: train one with ./fpe start ID'],
    ['that has failed', [model('A'), model('B', { status: 'FAILED' })], NoModel, 'A, B (FAILED)'],
    ['that two rows have', [model('B'), model('B', { id: 9 })], ModelAmbiguous, 'ids 66, 9'],
  ])('has a code, and one %s is refused', (_, models, ErrorClass, words) => {
    expect(() => plan(models, 'B')).toThrow(ErrorClass);
    expect(() => plan(models, 'B')).toThrow(words);
  });
});

test('a default that is taken off the page leaves the station without one, and the words say so', () => {
  const change = plan([model('A', { ...drawn, default: true })], 'A', { action: 'unpublish' });

  expect(describeDrawing(change as never).join(' ')).toMatch(
    /the station then has none of RANK FLOW_CFS\. To make it the default again: \.\/fpe promote --station \d+ --model-code A \(restore alone draws it, and makes it no default\)\.$/,
  );
});

test.each([
  ['unpublish', {}],
  ['restore', drawn],
])('%s has nothing to do for a model that is so already', (action, addresses) => {
  expect(plan([model('A', addresses)], 'A', { action })).toBe(null);
});

test.each<[string, StationModel[], RegExp]>([
  [
    'those that are drawn',
    [model('A', drawn), model('C', { ...drawn, variable_id: 'STAGE_FT' }), model('D')],
    /^The website draws B \(models\.id 66\) again, beside A \(models\.id 65\); the default/,
  ],
  ['none', [model('D')], /^The website draws B \(models\.id 66\) again; the default stays as it is\.$/],
])('a restored model is said to stand beside %s', (_, others, words) => {
  const change = plan([model('B'), ...others], 'B', { action: 'restore' });

  expect(describeDrawing(change as never)[0]).toMatch(words);
});
