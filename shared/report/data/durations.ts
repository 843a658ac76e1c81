import type { ReportState } from './report-data.ts';
import type { FileChecksum } from './run-facts.ts';

/** How long the parts of a run took, seconds, with waiting for machines; null where a file's time is not known. */
export type Durations = { preparation: number | null; training: number | null; scoring: number | null };

/** The files say when each part was finished, also after a redrive, which an execution's history does not. */
export function durations(state: ReportState, files: readonly FileChecksum[]): Durations {
  const writtenAt = (name: string) => Date.parse(files.find((file) => file.name === name)?.written_at ?? '');
  const prepared = writtenAt('input/rank-input.json');
  const trained = writtenAt('model.tar.gz');
  const seconds = (from: number, to: number) => (to >= from ? Math.round((to - from) / 1000) : null);
  return {
    preparation: seconds(Date.parse(state.run.started_at), prepared),
    training: seconds(prepared, trained),
    scoring: seconds(trained, writtenAt('transform/predictions.csv')),
  };
}
