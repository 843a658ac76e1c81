/** What is missing if a role lacks a permission, and when that becomes apparent. */
export type Need = { shows: 'deployment' | 'run'; without: string };

/** The first entry that matches an action is used. */
const NEEDS: (Need & { actions: RegExp })[] = [
  {
    actions: /^ec2:/,
    shows: 'deployment',
    without:
      'functions of the database’s VPC cannot be made: “The provided execution role does not have permissions to call CreateNetworkInterface on EC2”',
  },
  {
    actions: /^events:/,
    shows: 'deployment',
    without: 'the machines cannot be made: “… is not authorized to create managed-rule”',
  },
  {
    actions: /^logs:(\w+LogDeliver(y|ies)|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)$/,
    shows: 'deployment',
    without:
      'the machines cannot be made: “The state machine IAM Role is not authorized to access the Log Destination”',
  },
  { actions: /^logs:/, shows: 'run', without: 'functions and jobs work, and write no line of a log' },
  {
    actions: /^xray:/,
    shows: 'run',
    without: 'executions run; X-Ray does not show where they spent their time',
  },
  { actions: /^lambda:/, shows: 'run', without: 'the first state of every execution fails' },
  {
    actions: /^secretsmanager:/,
    shows: 'run',
    without: 'PrepareRun, PrepareScoring and PlanRefresh fail with AccessDenied',
  },
  {
    actions: /^s3:/,
    shows: 'run',
    without: 'the state that reads or writes there fails with AccessDenied, or its job does',
  },
  {
    actions: /^sagemaker:Stop/,
    shows: 'run',
    without: 'a stopped execution leaves its job running, and billing',
  },
  {
    actions: /^sagemaker:List(Training|Transform)Jobs$/,
    shows: 'run',
    without:
      'an execution whose job takes far too long fails with AccessDenied; the job goes on, and is billed',
  },
  {
    actions: /^(sagemaker|iam):/,
    shows: 'run',
    without:
      'TrainModel, CreateModel or ScoreImages fails; tags are among it, as Step Functions tags each job',
  },
  {
    actions: /^ecr:/,
    shows: 'run',
    without: 'jobs fail before they begin, as SageMaker cannot pull the container',
  },
  {
    actions: /^cloudwatch:/,
    shows: 'run',
    without: 'jobs run; the console shows no metrics of their instance',
  },
  {
    actions: /^states:(Start|Stop)/,
    shows: 'run',
    without: 'a refresh starts no station and stops none; schedules start nothing',
  },
  {
    actions: /^states:/,
    shows: 'run',
    without:
      'nobody can see whether another execution of the same code still runs: PrepareRun, PublishModel and refreshes fail',
  },
  {
    actions: /^(sns|kms):/,
    shows: 'run',
    without:
      'no e-mail about an execution, finished or failed, which shows in no execution; the topic is encrypted',
  },
  { actions: /^sqs:/, shows: 'run', without: 'a scheduled start that fails is lost without a word' },
];

/** @throws Error for an action without an entry */
export function needOf(action: string): Need {
  const need = NEEDS.find(({ actions }) => actions.test(action));
  if (need) return need;
  throw new Error(`Say in deployment/needs.ts what is not there without ${action}.`);
}
