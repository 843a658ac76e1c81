/** One number of the report. */
export type Metric = {
  /** Stable, for programs; dots group. */
  name: string;
  /** For people; in metrics.json the definition says more. */
  label: string;
  /** null: not available. */
  value: number | null;
  unit: string;
  definition: string;
};

export const metric = (
  name: string,
  label: string,
  value: number | null,
  unit: string,
  definition: string,
): Metric => ({
  name,
  label,
  value,
  unit,
  definition,
});
