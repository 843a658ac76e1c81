/** A file of the run, so that what the report was made from can be told from what lies there today. */
export type FileChecksum = {
  name: string;
  /** Where it stays in the model bucket when the run's own folder is deleted. */
  key: string;
  bytes: number;
  sha256: string;
  /** When it was written, ISO 8601. */
  written_at: string;
};

/** Where the jobs of a run really ran: in SageMaker, or on the computer of a local stack, whose instances and images are names alone. */
export const JOB_PLACES = ['SageMaker', 'one computer'] as const;
export type JobPlace = (typeof JOB_PLACES)[number];

/** What the run cost, if somebody has worked it out: parts in US dollars, and what was assumed. */
export type CostEstimate = { parts: { name: string; usd: number; basis: string }[]; assumptions: string };

/** @returns US dollars */
export const totalCost = ({ parts }: CostEstimate): number => parts.reduce((sum, { usd }) => sum + usd, 0);
