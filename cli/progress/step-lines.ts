import type { LiveLine } from './live-lines.ts';
import { formatDuration, progressBar } from './progress-lines.ts';

/** Name of a step, and what it counts. */
export type Steps<Step extends string> = Record<Step, { title: string; unit: string }>;
export type StepProgress<Step extends string> = { step: Step; done: number; total: number };

/** Steps of an import into the database and the bucket. */
export const IMPORT_STEPS = {
  check: { title: 'Checking stations', unit: 'stations' },
  files: { title: 'Copying files', unit: 'files' },
  rows: { title: 'Writing rows', unit: 'photos, sessions and values' },
} as const satisfies Steps<string>;

/** @returns a function that turns progress into lines, one for each step that has begun and has anything to do */
export function stepLines<Step extends string>(
  steps: Steps<Step>,
  now: () => number = () => performance.now(),
): (progress: StepProgress<Step>) => LiveLine[] {
  const width = Object.values<Steps<Step>[Step]>(steps).reduce(
    (most, { title }) => Math.max(most, title.length),
    0,
  );
  const begun = new Map<Step, { startedAt: number; line: LiveLine }>();
  return ({ step, done, total }) => {
    if (total > 0) {
      const startedAt = begun.get(step)?.startedAt ?? now();
      const { title, unit } = steps[step];
      const duration = formatDuration(now() - startedAt).padStart(7);
      const text = `${title.padEnd(width)} ${duration}  ${progressBar(done, total, unit)}`;
      // The start and each quarter are worth a line, so that a log stays short.
      begun.set(step, { startedAt, line: { name: step, text, news: `${Math.floor((4 * done) / total)}` } });
    }
    return [...begun.values()].map(({ line }) => line);
  };
}
