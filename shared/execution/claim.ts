import * as z from 'zod';

/** What every claim says: which execution holds it, and when that began. Claims lie in S3, beside what they are for. */
export const claim = z.object({ execution_arn: z.string(), started_at: z.string() });
export type Claim = z.output<typeof claim>;
