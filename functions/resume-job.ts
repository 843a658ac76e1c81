import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { ScoringStopped, TrainingStopped } from '../shared/errors.ts';

const redriveCount = z.int().min(0).describe('times that the execution has been redriven');

const event = z.object({
  kind: z.enum(['training', 'transform']),
  job: z.object({ job: z.string(), status: z.string(), redrive_count: redriveCount }),
  redrive_count: redriveCount,
  /** Hours that a training may take; a transform has no such limit. */
  max_hours: z.number().optional(),
});
type Event = z.output<typeof event>;

/**
 * Ends an execution whose job ended before its work was done, and lets a redrive of it go on to a new job: a redrive begins at
 * the state that failed, which a Fail state would do again each time.
 *
 * @throws TrainingStopped, ScoringStopped, unless the execution has been redriven since the job
 */
export const handler = lambdaHandler(event, async (stopped): Promise<null> => {
  if (stopped.redrive_count > stopped.job.redrive_count) return null;
  throw stopped.kind === 'training' ? trainingStopped(stopped) : scoringStopped(stopped);
});

const trainingStopped = ({ job: { job, status }, max_hours }: Event): TrainingStopped =>
  new TrainingStopped({
    what: 'The training job ended before it was complete',
    where: job,
    found: `status ${status}`,
    expected: `Completed; it was stopped by hand or ran into training_max_hours (${max_hours} h)`,
    fix: 'redrive the execution, or start a new one of the same model_code and the same input with more training_max_hours: either goes on after the last complete epoch',
  });

const scoringStopped = ({ job: { job, status } }: Event): ScoringStopped =>
  new ScoringStopped({
    what: 'The transform job ended before every photo was scored',
    where: job,
    found: `status ${status}`,
    expected: 'Completed; somebody has stopped it',
    fix: 'redrive the execution, which scores all its photos again',
  });
