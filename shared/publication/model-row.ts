/** A row of `models` (contract 9.1). */
export type ModelRow = {
  id: number;
  station_id: number;
  code: string;
  uuid: string | null;
  model_type_id: string;
  variable_id: string | null;
  default: boolean | null;
  status: string | null;
  diagnostics_url: string | null;
  predictions_url: string | null;
};
