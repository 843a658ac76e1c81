import type { Stage } from '../config/stage.ts';
import { ruleInvocations, topicSubscriptions } from '../shared/aws/account.ts';
import { readStream } from '../shared/aws/object-store.ts';
import { findStack } from '../shared/aws/stacks.ts';
import { completedTrainings } from '../shared/aws/training-jobs.ts';
import { DAY_MS } from '../shared/formats/durations.ts';
import { s3Uri } from '../shared/formats/object-location.ts';
import { readComputation, trainingOutputLocation } from '../shared/report/data/training-output.ts';
import { type Check, type CheckOutcome, checkThat, failed, ok, unknown, warning } from './check.ts';
import { stackName } from './package.ts';

/** How long an execution can be redriven. */
const DAYS_LOOKED_BACK = 14;

/** Checks that need an existing stack: whether failures reach people, and whether the GPU is used. Empty without a stack. */
export async function deployedChecks(stage: Stage, account: string): Promise<Check[]> {
  const stack = await findStack(stackName(stage)).catch(() => null);
  if (!stack || stack.StackStatus === 'REVIEW_IN_PROGRESS') return [];
  return Promise.all([subscriptionCheck(stage, account), ruleCheck(stage), deviceCheck(stage)]);
}

const subscriptionCheck = (stage: Stage, account: string): Promise<Check> => {
  const { notificationEmail: email, region } = stage;
  const topic = `arn:aws:sns:${region}:${account}:${stackName(stage)}`;
  return checkThat(
    {
      name: 'Subscription of the notifications',
      needs: 'somebody who has confirmed, as AWS tells nobody else',
      fix: `open the message “AWS Notification - Subscription Confirmation” and follow its link; if it is lost or has expired, request another: aws sns subscribe --topic-arn ${topic} --protocol email --notification-endpoint ${email || 'ADDRESS'}`,
      isForRuns: true,
    },
    async () => subscriptionFinding(await topicSubscriptions(topic), email),
  );
};

/** @param email recipient of failure notifications, empty if the stage names nobody */
export function subscriptionFinding(
  subscriptions: Awaited<ReturnType<typeof topicSubscriptions>>,
  email: string,
): CheckOutcome {
  const confirmed = subscriptions.filter(({ isConfirmed }) => isConfirmed);
  const waiting = subscriptions.filter(({ isConfirmed }) => !isConfirmed).map(({ endpoint }) => endpoint);
  const isHeard = confirmed.some(({ endpoint }) => email === '' || endpoint === email);
  if (isHeard) return ok(confirmed.map(({ endpoint }) => endpoint).join(', '));
  if (email !== '')
    return failed(waiting.includes(email) ? `${email} has not confirmed` : `${email} is not subscribed`);
  return warning(
    waiting.length > 0 ? `not confirmed: ${waiting.join(', ')}` : 'nobody is subscribed',
    'set notificationEmail and deploy again, or nobody hears of a failed execution',
  );
}

export const failureRule = (stage: Pick<Stage, 'appName' | 'stage'>): string =>
  `${stackName(stage)}-execution-ended-badly`;

const ruleCheck = (stage: Stage): Promise<Check> =>
  checkThat(
    {
      name: 'Deliveries of EventBridge',
      needs: `FailedInvocations 0 of the rule ${failureRule(stage)} in ${DAYS_LOOKED_BACK} days`,
      fix: 'deploy again, so that EventBridge may call the function notify-failure (resources/notifications.yml); check that no policy of the organization denies it',
      isForRuns: true,
    },
    async () => {
      const since = new Date(Date.now() - DAYS_LOOKED_BACK * DAY_MS);
      const { all, failed: lost } = await ruleInvocations(failureRule(stage), since);
      if (lost > 0) return failed(`${lost} of ${all} were not delivered`);
      return ok(all === 0 ? 'nothing was to be told so far' : `${all}, all delivered`);
    },
  );

const deviceCheck = (stage: Stage): Promise<Check> =>
  checkThat(
    {
      name: 'GPU of the last training',
      needs: 'device cuda in the training.json of the last training on an instance with a GPU',
      fix: 'check the start of its log in /aws/sagemaker/TrainingJobs; the driver of the instance must support the CUDA version of trainingImage',
      isForRuns: true,
    },
    async () => {
      const jobs = await completedTrainings(stackName(stage));
      const job = jobs.find(({ instanceType }) => hasGpu(instanceType));
      if (!job)
        return unknown(
          'no training on an instance with a GPU is complete yet',
          `./fpe smoke --stage ${stage.stage} makes one, for cents`,
        );
      const output = trainingOutputLocation(job.artifact);
      const { device } = await readComputation(await readStream(output), s3Uri(output));
      const found = `${job.name}, ${job.instanceType}: ${device ?? 'no device told'}`;
      return device === 'cuda' ? ok(found) : failed(found);
    },
  );

/** SageMaker's instance families with an NVIDIA GPU begin with g or p. */
export const hasGpu = (instanceType: string): boolean => /^ml\.[gp]\d/.test(instanceType);
