import type { FailureAdvice } from './failure-kinds.ts';

/** Generated (`npm run errors`) of the same texts as docs/errors.md: errors of executions. */
export const EXECUTION_ADVICE: readonly FailureAdvice[] = [
  {
    names: ['InvalidInput'],
    kind: 'input',
    fix: [
      'Hydrologist: correct each parameter that the message names, and start a new execution; `./fpe input NAME` prints the input of an earlier one.',
    ],
  },
  {
    names: ['StationNotFound'],
    kind: 'input',
    fix: [
      'Hydrologist: correct `station_id`; the number is the last part of the address of the station’s page.',
    ],
  },
  {
    names: ['VariableNotFound'],
    kind: 'input',
    fix: ['Hydrologist: choose one of the variables that the message names.'],
  },
  {
    names: ['ModelTypeNotFound'],
    kind: 'input',
    fix: ['Hydrologist: leave `model_type` out, or choose one that the message names.'],
  },
  {
    names: ['InvalidTimezone'],
    kind: 'data',
    fix: ['Hydrologist: correct the time zone on the page of the station, such as America/New_York.'],
  },
  {
    names: ['StationTooLarge'],
    kind: 'input',
    fix: [
      'Hydrologist: leave out photos with `images_start`, `images_end` or the filters.',
      'Operator: give the functions more memory and raise the limit (docs/scale.md).',
    ],
  },
  {
    names: ['ModelCodeInUse'],
    kind: 'busy',
    fix: [
      'Hydrologist: leave it to the other one; if that fails, or with another `model_code`, start a new execution.',
    ],
  },
  {
    names: ['ModelCodeExists'],
    kind: 'input',
    fix: ['Hydrologist: give another `model_code`, or `"overwrite": true` if the message offers it.'],
  },
  {
    names: ['DatasetCodeInUse'],
    kind: 'busy',
    fix: [
      'Hydrologist: leave it to the other one; if that fails, or with another `dataset_code`, start a new execution.',
    ],
  },
  {
    names: ['DatasetCodeExists'],
    kind: 'input',
    fix: ['Hydrologist: give another `dataset_code`, or `"overwrite": true`.'],
  },
  {
    names: ['TooManyRemovals'],
    kind: 'input',
    fix: [
      'Hydrologist: see whether the photos are really gone from FPE; if so, start again with `"allow_removals": true`.',
      'Operator: if they should be there, bring their rows back first.',
    ],
  },
  {
    names: ['NoModel'],
    kind: 'data',
    fix: [
      'Hydrologist: train the station first, or give the `model_code` of a model that `./fpe models --station STATION --stage STAGE` shows.',
    ],
  },
  {
    names: ['ModelAmbiguous'],
    kind: 'data',
    fix: ['Operator: delete the wrong rows of `models`; the message names them.'],
  },
  {
    names: ['ModelReplaced'],
    kind: 'outdated',
    fix: ['Hydrologist: start a new execution, which scores with the model that is there now.'],
  },
  {
    names: ['StartModelUnusable'],
    kind: 'input',
    fix: [
      'Hydrologist: name another station’s model in `start_from`, or leave it out, and start a new execution; `./fpe models --station STATION --stage STAGE` shows the models of a station.',
    ],
  },
  {
    names: ['PretrainedWeightsMissing'],
    kind: 'set-up',
    fix: [
      'Hydrologist: start with `"pretrained": false`; such a model needs more pairs and epochs.',
      'Operator: upload the weights once (README, “ImageNet weights”), then redrive.',
    ],
  },
  {
    names: ['NoImages'],
    kind: 'data',
    fix: ['Hydrologist: upload photos and wait until FPE has processed them, or widen the dates.'],
  },
  {
    names: ['NoAnnotations'],
    kind: 'data',
    fix: [
      'Hydrologist: have pairs of photos annotated on the FPE website, or set `variable_code` to what they were annotated for.',
    ],
  },
  {
    names: ['AnnotationFileInvalid'],
    kind: 'data',
    fix: ['Operator: repair the file, or set the flag of the session to leave it out.'],
  },
  {
    names: ['NotEnoughPairs'],
    kind: 'data',
    fix: [
      'Hydrologist: annotate more pairs, or widen the hours, months and dates of the input; the message counts what each filter removed (docs/model.md).',
    ],
  },
  {
    names: ['PhotosMissing'],
    kind: 'foreign-file',
    fix: [
      'Operator: upload these photos again, or set the status of their rows to FAILED to leave them out.',
    ],
  },
  {
    names: ['ObservationsUnavailable'],
    kind: 'passing',
    fix: ['USGS: usually back within the hour; then redrive.'],
  },
  {
    names: ['ObservationsRefused'],
    kind: 'data',
    fix: [
      'Hydrologist: correct the USGS number of the station on its page, or empty it to use FPE’s own values; the execution keeps the number that it began with.',
      'Operator: if a proxy, a firewall or a limit is named, allow the requests, or set `usgsApiKeySecret` in the stage’s file.',
    ],
  },
  {
    names: ['DatabaseUnavailable'],
    kind: 'passing',
    fix: [
      'Operator: see whether the database runs, has free connections, and is reachable from the functions’ subnets; then redrive.',
    ],
  },
  {
    names: ['DatabaseRefused'],
    kind: 'set-up',
    fix: ['Operator: correct user, password or name in the secret of the database; then redrive.'],
  },
  {
    names: ['DatabaseFailed'],
    kind: 'set-up',
    fix: [
      'Operator: grant the right that the message names, or complete FPE’s migrations (`./fpe schema --dry-run --stage STAGE` says what is missing); then redrive. Where it names a constraint or a trigger that is not FPE’s, undo it.',
      'Developer: where it names another constraint, or a value, report it with the message; once that is mended and deployed, start a new execution.',
    ],
  },
  {
    names: ['DatabaseUntrusted'],
    kind: 'set-up',
    fix: [
      'Operator: connect by the name that the certificate has, or set `databaseTls` in the stage’s file and deploy; then redrive.',
    ],
  },
  {
    names: ['SecretInvalid'],
    kind: 'set-up',
    fix: ['Operator: correct the secret, or its name in the stage’s file; then redrive.'],
  },
  {
    names: ['ServiceUnreachable'],
    kind: 'passing',
    fix: [
      'Operator: see whether the functions’ subnets have a way to the service (docs/deploy.md, “Network requirements”); then redrive.',
    ],
  },
  {
    names: ['ServiceThrottled'],
    kind: 'passing',
    fix: [
      'Operator: redrive later; if it happens every night, lower `concurrency` of the refresh or ask AWS for a higher quota.',
    ],
  },
  {
    names: ['ServiceFailed'],
    kind: 'passing',
    fix: ['AWS: look at the AWS Health Dashboard; redrive when it is over.'],
  },
  {
    names: ['ServiceUntrusted'],
    kind: 'set-up',
    fix: [
      'Operator: find the proxy that puts its own certificate in the way, and let AWS’s addresses pass it.',
    ],
  },
  {
    names: ['AccessDenied'],
    kind: 'set-up',
    fix: [
      'Operator: grant what the message names, in the role, the bucket’s or key’s policy, or the boundary (docs/resources.md); then redrive. On the command line, log in again.',
    ],
  },
  {
    names: ['RequestRefused'],
    kind: 'set-up',
    fix: [
      'Operator: the message has the service’s own words; correct what they name.',
      'Developer: if they name nothing of the account, it is a mistake of this program: report it; once that is mended and deployed, start a new execution.',
    ],
  },
  {
    names: ['TrainingStopped'],
    kind: 'interrupted',
    fix: [
      'Hydrologist: redrive: the training continues after its last complete epoch. If its time was over, it gets the same time again; a new execution of the same `model_code` and input with more `training_max_hours` continues as well.',
    ],
  },
  {
    names: ['ScoringStopped'],
    kind: 'interrupted',
    fix: ['Hydrologist: redrive, which scores all photos of this execution again.'],
  },
  {
    names: ['TrainingTimedOut'],
    kind: 'interrupted',
    fix: [
      'Operator: read the end of the job’s log; then redrive: the training continues after its last complete epoch. If it was merely slow, raise `jobTimeMargin` of the stage, deploy, and start a new execution.',
    ],
  },
  {
    names: ['ScoringTimedOut'],
    kind: 'interrupted',
    fix: [
      'Operator: read the job’s log; then redrive. If it was merely slow, raise `jobTimeMargin` of the stage, deploy, and start a new execution.',
    ],
  },
  {
    names: ['PredictionsIncomplete'],
    kind: 'own-file',
    fix: ['Developer: read the job’s log and report it; a new execution scores again.'],
  },
  {
    names: ['ClaimLost'],
    kind: 'taken-over',
    fix: [
      'Nobody: leave this execution as it is: the other one publishes.',
      'Operator: if the message names no other execution, find out what else writes to that file, stop it, and start a new execution.',
    ],
  },
  {
    names: ['DefaultChanged'],
    kind: 'passing',
    fix: ['Nobody: the machine compares with the new default by itself.'],
  },
  {
    names: ['ExecutionEnded'],
    kind: 'interrupted',
    fix: ['Hydrologist: redrive if it should be published after all.'],
  },
  {
    names: ['ObjectChanged'],
    kind: 'passing',
    fix: [
      'Operator: find out what else writes to the file that the message names: the machine has read it again several times.',
    ],
  },
  {
    names: ['ObjectNotFound'],
    kind: 'own-file',
    fix: [
      'Operator: see who or which lifecycle rule deletes files of that place; a new execution makes its files anew.',
    ],
  },
  {
    names: ['FileInvalid'],
    kind: 'own-file',
    fix: [
      'Hydrologist: start a new execution, which writes its files anew.',
      'Developer: if it happens again, report it with the file that the message names.',
    ],
  },
  {
    names: ['ArchiveInvalid'],
    kind: 'foreign-file',
    fix: [
      'Operator: restore the archive from the versions of the bucket, or publish another model; `./fpe verify --station STATION --stage STAGE` finds more of its kind.',
      'Hydrologist: or train the station again.',
    ],
  },
  {
    names: ['InvalidState'],
    kind: 'deployment',
    fix: ['Operator: deploy machine and functions together, and start the machine, never a function.'],
  },
  {
    names: ['ConfigurationMissing'],
    kind: 'set-up',
    fix: ['Operator: set what the message names, in the stage’s file or in the environment.'],
  },
  {
    names: ['States.TaskFailed'],
    kind: 'unknown',
    fix: [
      'Hydrologist: if the cause begins with a name of docs/errors.md, “What a job says”, do what stands there; a redriven training continues after its last complete epoch.',
      'Operator: without such a name, read the end of the job’s log.',
    ],
  },
  {
    names: ['States.Timeout'],
    kind: 'interrupted',
    fix: ['Operator: look in the function’s log for what it waited for; then redrive.'],
  },
  {
    names: ['Sandbox.Timedout'],
    kind: 'interrupted',
    fix: ['Operator: look in the function’s log for what it waited for; then redrive.'],
  },
  {
    names: [
      'States.Runtime',
      'States.ResultPathMatchFailure',
      'States.ParameterPathFailure',
      'States.IntrinsicFailure',
      'States.NoChoiceMatched',
    ],
    kind: 'deployment',
    fix: [
      'Operator: deploy machines and functions together, and start a new execution.',
      'Developer: otherwise it is a mistake of this program: report it.',
    ],
  },
  {
    names: ['States.DataLimitExceeded'],
    kind: 'program',
    fix: ['Developer: it is a mistake of this program: report it with the name of the state.'],
  },
  {
    names: ['States.Permissions'],
    kind: 'set-up',
    fix: ['Operator: compare role and boundary with docs/resources.md; then redrive.'],
  },
  {
    names: ['Runtime.OutOfMemory', 'Runtime.ExitError'],
    kind: 'capacity',
    fix: [
      'Operator: raise `memorySize` of the function in resources/functions.yml and deploy; then redrive (docs/scale.md).',
    ],
  },
  {
    names: ['Lambda.Unknown', 'Lambda.ClientExecutionTimeoutException'],
    kind: 'unknown',
    fix: ['Operator: read the function’s log; then redrive.'],
  },
  {
    names: [
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
      'Lambda.ServiceException',
      'Lambda.TooManyRequestsException',
    ],
    kind: 'passing',
    fix: [
      'AWS: look at the AWS Health Dashboard, and at the account’s limit of functions at once; then redrive.',
    ],
  },
  {
    names: [
      'Lambda.EC2ThrottledException',
      'Lambda.EC2UnexpectedException',
      'Lambda.ENILimitReachedException',
      'Lambda.SubnetIPAddressLimitReachedException',
    ],
    kind: 'capacity',
    fix: ['Operator: free addresses or name larger subnets in the stage’s file; then redrive.'],
  },
  {
    names: ['Lambda.ResourceConflictException', 'Lambda.ResourceNotReadyException'],
    kind: 'passing',
    fix: [
      'Operator: see whether the deployment has ended (`./fpe doctor --stage STAGE`): the machine has waited for it; then redrive.',
    ],
  },
  {
    names: [
      'Lambda.AccessDeniedException',
      'Lambda.KMSAccessDeniedException',
      'Lambda.ResourceNotFoundException',
    ],
    kind: 'set-up',
    fix: ['Operator: deploy again; compare roles and boundary with docs/resources.md; then redrive.'],
  },
  {
    names: [
      'SageMaker.InternalFailure',
      'SageMaker.SdkClientException',
      'SageMaker.ServiceUnavailable',
      'SageMaker.ThrottlingException',
    ],
    kind: 'passing',
    fix: ['AWS: look at the AWS Health Dashboard; redrive when it is over.'],
  },
  {
    names: ['SageMaker.AmazonSageMakerException', 'SageMaker.SageMakerException'],
    kind: 'set-up',
    fix: [
      'Operator: correct what these words name. A redrive sees new rights of roles, but keeps image and instance: if these were wrong in the stage’s file, deploy and start a new execution.',
    ],
  },
  {
    names: ['SageMaker.ResourceLimitExceeded', 'SageMaker.ResourceLimitExceededException'],
    kind: 'capacity',
    fix: [
      'Operator: ask AWS for a higher quota (`./fpe doctor --stage STAGE` shows it), then redrive; or name another instance in the stage’s file, deploy, and start a new execution.',
    ],
  },
  {
    names: [
      'StepFunctions.AWSStepFunctionsException',
      'StepFunctions.ExecutionLimitExceededException',
      'StepFunctions.SdkClientException',
      'StepFunctions.ThrottlingException',
    ],
    kind: 'passing',
    fix: [
      'AWS: look at the AWS Health Dashboard; when it is over, redrive the refresh, or wait for the next one, which takes the station again.',
    ],
  },
  {
    names: [
      'Error',
      'ECONNRESET',
      'InternalError',
      'RequestTimeout',
      'ServiceUnavailable',
      'SlowDown',
      'ThrottlingException',
      'TimeoutError',
    ],
    kind: 'unknown',
    fix: ['Operator: redrive once.', 'Developer: if it comes again, report it with the function’s log.'],
  },
];

/** What a job names within SageMaker’s FailureReason. */
export const JOB_ADVICE: readonly FailureAdvice[] = [
  {
    names: ['InvalidHyperparameters'],
    kind: 'input',
    fix: ['Hydrologist: correct the parameter that the message names, and start a new execution.'],
  },
  {
    names: ['MissingChannel'],
    kind: 'program',
    fix: [
      'Developer: the machine gives every job its channels: report it. In a script of your own, give the job that channel.',
    ],
  },
  {
    names: ['PretrainedWeightsMissing'],
    kind: 'set-up',
    fix: [
      'Hydrologist: start with `"pretrained": false`.',
      'Operator: upload the weights once (README, “ImageNet weights”), then redrive.',
    ],
  },
  {
    names: ['StartModelUnusable'],
    kind: 'input',
    fix: [
      'Hydrologist: name another station’s model in `start_from`, or leave it out, and start a new execution.',
    ],
  },
  {
    names: ['InvalidPairs'],
    kind: 'own-file',
    fix: ['Developer: report it; the file was written or changed by something else than this pipeline.'],
  },
  {
    names: ['NotEnoughPairs'],
    kind: 'data',
    fix: [
      'Operator: photos that cannot be read take their pairs with them: upload these photos again; the job’s log names them.',
      'Hydrologist: or annotate more pairs.',
    ],
  },
  {
    names: ['GpuUnavailable'],
    kind: 'deployment',
    fix: [
      'Operator: set the training image for GPUs, or another type of instance, in the stage’s file; deploy, and start a new execution.',
    ],
  },
  {
    names: ['TrainingDiverged'],
    kind: 'learning',
    fix: ['Hydrologist: lower `learning_rate`, and start a new execution.'],
  },
  {
    names: ['InvalidCheckpoint'],
    kind: 'foreign-file',
    fix: ['Operator: put back the file that was published, or the weights of torchvision; then redrive.'],
  },
  {
    names: ['UnsafeCheckpoint'],
    kind: 'foreign-file',
    fix: ['Operator: find out who changed the file, and put back the one that was published.'],
  },
];
