/** A Map's items and results stay in the state: those of 100 batches take 16 KiB of the 32 that we allow ourselves. */
export const MAX_BATCHES = 100;

/** What S3 takes of one prefix, at least: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html */
export const S3_GETS_PER_SECOND = 5_500;

/** In which S3 answers a request for a small object, at the soonest (same page: 100 to 200 ms). */
export const S3_SOONEST_ANSWER_SECONDS = 0.1;

/** More sockets of one process bring no more. */
const MAX_READS = 200;

/**
 * Requests that one merge may have in flight: with those of all batches that are merged at once, no more in a second than S3
 * takes of the one prefix where all answers of the job lie.
 *
 * @param mergeConcurrency batches that are merged at once
 */
export const readsAtOnce = (mergeConcurrency: number): number =>
  Math.max(
    1,
    Math.min(MAX_READS, Math.floor((S3_GETS_PER_SECOND * S3_SOONEST_ANSWER_SECONDS) / mergeConcurrency)),
  );
