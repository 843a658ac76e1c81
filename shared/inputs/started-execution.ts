import * as z from 'zod';

/** What each machine passes to its first function: its input as it was given, and the execution itself. */
export const startedExecution = z.object({
  input: z.unknown(),
  execution: z.object({ arn: z.string(), name: z.string(), started_at: z.iso.datetime({ offset: true }) }),
});
