/** A row of `models`. */
export type ModelRowFacts = {
  id: number;
  code: string;
  uuid: string | null;
  model_type_id: string;
  variable_id: string | null;
  default: boolean | null;
  status: string | null;
  diagnostics_url: string | null;
  predictions_url: string | null;
};
