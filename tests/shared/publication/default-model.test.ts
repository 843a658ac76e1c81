import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultModelOf } from '../../../shared/publication/default-model.ts';
import type { ModelRow } from '../../../shared/publication/model-row.ts';

const KIND = { model_type_id: 'RANK', variable_id: 'FLOW_CFS' };
const row = (id: number, more: Partial<ModelRow> = {}): ModelRow => ({
  id,
  station_id: 29,
  code: `RANK-FLOW-${id}`,
  uuid: `uuid-${id}`,
  ...KIND,
  default: true,
  status: 'DONE',
  diagnostics_url: null,
  predictions_url: null,
  ...more,
});
const found = (...rows: ModelRow[]) => defaultModelOf(rows, KIND)?.id ?? null;

describe('The default model of a station, type and variable', () => {
  test('is none where no row is marked as the default', () => {
    expect(found()).toBeNull();
    expect(found(row(1, { default: false }), row(2, { default: null }))).toBeNull();
  });

  test('is the newest row of several that are marked, as upstream never takes the mark away (Q-P5)', () => {
    expect(found(row(2), row(9), row(3))).toBe(9);
  });

  test.each([
    ['has no uuid, as its files cannot be found', { uuid: null }],
    ['failed', { status: 'FAILED' }],
    ['has no status', { status: null }],
    ['is of another type', { model_type_id: 'OTHER' }],
    ['is of another variable', { variable_id: 'STAGE_FT' }],
    ['is of no variable', { variable_id: null }],
  ])('is no row that %s, however new', (_, more) => {
    expect(found(row(1), row(2, more))).toBe(1);
    expect(found(row(2, more))).toBeNull();
  });

  test('does not depend on the order of the rows', () => {
    const anyRow = fc.record({
      id: fc.integer({ min: 1, max: 99 }),
      uuid: fc.constantFrom('a', null),
      default: fc.constantFrom(true, false, null),
      status: fc.constantFrom('DONE', 'FAILED', null),
      variable_id: fc.constantFrom('FLOW_CFS', 'STAGE_FT', null),
    });
    fc.assert(
      fc.property(fc.uniqueArray(anyRow, { selector: ({ id }) => id }), (rows) => {
        const all = rows.map(({ id, ...more }) => row(id, more));
        expect(found(...all)).toBe(found(...all.toReversed()));
      }),
    );
  });
});
