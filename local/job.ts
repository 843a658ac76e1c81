/** What training and transform jobs share. */
import type { S3Client } from '@aws-sdk/client-s3';
import { JobFailure } from './job-data.ts';

/** SageMaker keeps no more of a FailureReason. */
export const MAX_REASON_CHARACTERS = 1024;

export type JobStatus = 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped';

export type JobSettings<JobRecord> = {
  s3: S3Client;
  /** Path of the interpreter; asked for when a job starts. */
  python: () => string;
  /** Working folder of the job; it is removed at the end. */
  folder: string;
  log: string;
  stopGraceMs: number;
  /** Time between two looks for new checkpoints. */
  checkpointIntervalMs: number;
  /** Called whenever the record has changed. */
  save: (record: JobRecord) => void;
};

/** FailureReason for an error outside the container. */
export const reasonOf = (error: unknown): string =>
  error instanceof JobFailure ? error.message : `InternalServerError: ${error}`;
