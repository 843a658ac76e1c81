/** What training and transform jobs share. */
import type { S3Client } from '@aws-sdk/client-s3';
import { withoutAddresses } from '../../shared/notifications/notification.ts';
import { JobFailure } from './job-data.ts';

/** SageMaker truncates a FailureReason to this length. */
export const MAX_REASON_CHARACTERS = 1024;
/** The container path that the folder of a job represents. */
const IN_CONTAINER = '/opt/ml';

export type JobStatus = 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped';

export type JobSettings<JobRecord> = {
  s3: S3Client;
  /** Path of the interpreter; determined when a job starts. */
  python: () => string;
  /** Working folder of the job; it is removed at the end. */
  folder: string;
  log: string;
  stopGraceMs: number;
  /** Interval between checks for new checkpoints. */
  checkpointIntervalMs: number;
  /** Called whenever the record has changed. */
  save: (record: JobRecord) => void;
};

/** FailureReason for an error outside the container. */
export const reasonOf = (error: unknown): string =>
  error instanceof JobFailure ? error.message : `InternalServerError: ${error}`;

/** FailureReason in its stored form: the same for the same fault, whatever the job's folder and wherever objects lie. */
export const keptReason = (reason: string, folder: string): string =>
  withoutAddresses(reason.replaceAll(folder, IN_CONTAINER)).slice(0, MAX_REASON_CHARACTERS);
