/** Whether an execution works on, or will as soon as its redrive begins. @param status as Step Functions describes it */
export const isStillRunning = (status: string | undefined): boolean =>
  status === 'RUNNING' || status === 'PENDING_REDRIVE';
