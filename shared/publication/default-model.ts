import type { ModelRow } from './model-row.ts';

/** A combination for which a station has at most one default model. */
export type ModelKind = { model_type_id: string; variable_id: string | null };

/** A row that can be the default: its files are found by its uuid. */
export type DefaultModel = ModelRow & { uuid: string };

/** Whether a model is finished and its files can be found: no other can be the default, whatever its row says. */
export const canBeDefault = <Row extends Pick<ModelRow, 'status' | 'uuid'>>(
  row: Row,
): row is Row & { uuid: string } => row.status === 'DONE' && row.uuid !== null;

/**
 * The station's default model of a type and variable: a finished row with a uuid that is marked as the default. Upstream never
 * removes the mark from older models (Q-P5), so if there are several, the newest row counts.
 *
 * @param rows of one station, in any order
 */
export function defaultModelOf(rows: readonly ModelRow[], kind: ModelKind): DefaultModel | null {
  return rows
    .filter((row) => row.model_type_id === kind.model_type_id && row.variable_id === kind.variable_id)
    .filter((row) => row.default === true)
    .filter(canBeDefault)
    .reduce<DefaultModel | null>((newest, row) => (newest && newest.id > row.id ? newest : row), null);
}
