import * as z from 'zod';
import { type JobKind, stopJobs } from '../shared/aws/jobs.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { ScoringStopped, ScoringTimedOut, TrainingStopped, TrainingTimedOut } from '../shared/errors.ts';
import { isOrAre } from '../shared/formats/numbers.ts';

const redriveCount = z.int().min(0).describe('times that the execution has been redriven');

const event = z.object({
  kind: z.enum(['training', 'transform']),
  job: z.object({
    /** Its name; only the prefix if its time was over, because the machine does not get the full name then. */
    job: z.string(),
    status: z.string(),
    redrive_count: redriveCount,
  }),
  redrive_count: redriveCount,
  /** Hours that SageMaker allows a training; a transform has no such limit. */
  max_hours: z.number().optional(),
  /** Seconds that the machine waits for the job. */
  limit_seconds: z.number().optional(),
});
type Event = z.output<typeof event>;

/** The machine's own word; all others are SageMaker's. */
const TIMED_OUT = 'TimedOut';

/**
 * Ends an execution whose job ended before its work was done, and lets a redrive continue to a new job: a redrive begins at the
 * state that failed, and a Fail state would fail again each time. A job that the machine no longer waits for is stopped first, so
 * that it causes no more costs and does not write alongside the next one.
 *
 * @throws TrainingStopped, ScoringStopped, TrainingTimedOut, ScoringTimedOut, unless the execution has been redriven since the job
 */
export const handler = lambdaHandler(event, async (ended): Promise<null> => {
  const isTimedOut = ended.job.status === TIMED_OUT;
  const stopped = isTimedOut ? await stopJobs(ended.kind, ended.job.job) : [];
  if (ended.redrive_count > ended.job.redrive_count) return null;
  if (isTimedOut) throw timedOut(ended, stopped);
  throw ended.kind === 'training' ? trainingStopped(ended) : scoringStopped(ended);
});

const trainingStopped = ({ job: { job, status }, max_hours }: Event): TrainingStopped =>
  new TrainingStopped({
    what: 'The training job ended before it was complete',
    where: job,
    found: `status ${status}`,
    expected: `Completed; it was stopped by hand or ran into its limit (${hours(max_hours)}: training_max_hours, or what photos, pairs, epochs and instance can need at most)`,
    fix: 'redrive the execution, or start a new one of the same model_code and the same input with more training_max_hours: either continues after the last complete epoch',
  });

const scoringStopped = ({ job: { job, status } }: Event): ScoringStopped =>
  new ScoringStopped({
    what: 'The transform job ended before every photo was scored',
    where: job,
    found: `status ${status}`,
    expected: 'Completed; someone stopped it',
    fix: 'redrive the execution, which scores all its photos again',
  });

/** What to check if a job takes much longer than a working one. */
const SIGNS: Record<JobKind, { what: string; fix: string }> = {
  training: {
    what: 'The training job took longer than a training can that works',
    fix: 'check the end of the job’s log, then redrive the execution: it continues after the last complete epoch',
  },
  transform: {
    what: 'The transform job took longer than one can that works',
    fix: 'check the log of the job: if the model does not load, every photo waits for minutes. Then redrive the execution, which scores all its photos again',
  },
};

function timedOut({ kind, job: { job }, limit_seconds }: Event, stopped: readonly string[]) {
  const parts = {
    ...SIGNS[kind],
    where: `${job}…`,
    found: `no end after ${hours(limit_seconds && limit_seconds / 3600)}; ${
      stopped.length > 0
        ? `${stopped.join(', ')} ${isOrAre(stopped.length)} stopped now`
        : 'it is stopped, or has just ended'
    }`,
    expected: 'an end within several times what photos, pairs, epochs and instance are expected to need',
  };
  return kind === 'training' ? new TrainingTimedOut(parts) : new ScoringTimedOut(parts);
}

/** e.g. 24 h */
const hours = (given: number | undefined): string =>
  given === undefined ? 'its limit' : `${Number(given.toFixed(1))} h`;
