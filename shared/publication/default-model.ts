import type { ModelRow } from './model-row.ts';

/** A combination for which a station has at most one default model. */
export type ModelKind = { model_type_id: string; variable_id: string };

/** A row that can be the default: its files are found by its uuid. */
export type DefaultModel = ModelRow & { uuid: string };

/**
 * The station's default model of a type and variable: a finished row with a uuid that is marked as the default. Upstream never
 * removes the mark from older models (Q-P5), so if there are several, the newest row counts.
 *
 * @param rows of one station, in any order
 */
export function defaultModelOf(rows: readonly ModelRow[], kind: ModelKind): DefaultModel | null {
  return rows
    .filter((row) => row.model_type_id === kind.model_type_id && row.variable_id === kind.variable_id)
    .filter((row): row is DefaultModel => row.default === true && row.status === 'DONE' && row.uuid !== null)
    .reduce<DefaultModel | null>((newest, row) => (newest && newest.id > row.id ? newest : row), null);
}
