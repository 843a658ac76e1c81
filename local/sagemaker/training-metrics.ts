import type { MetricDefinition } from './job-requests.ts';

export type TrainingMetric = { MetricName: string; Value: number; Timestamp: number };

/** Finds the numbers of MetricDefinitions in a job's log: the first group of each pattern; the last match counts. */
export class TrainingMetrics {
  readonly #patterns: { name: string; pattern: RegExp }[];
  readonly #latest = new Map<string, TrainingMetric>();

  constructor(definitions: readonly MetricDefinition[]) {
    this.#patterns = definitions.map(({ Name, Regex }) => ({ name: Name, pattern: new RegExp(Regex) }));
  }

  read(line: string): void {
    for (const { name, pattern } of this.#patterns) {
      const value = Number.parseFloat(pattern.exec(line)?.[1] ?? '');
      if (Number.isFinite(value))
        this.#latest.set(name, { MetricName: name, Value: value, Timestamp: Date.now() });
    }
  }

  /** FinalMetricDataList; times in milliseconds. */
  get latest(): TrainingMetric[] {
    return [...this.#latest.values()];
  }
}
