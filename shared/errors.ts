/** What a person needs to act on an error; each part is one plain phrase without a closing full stop. */
export type ErrorParts = {
  what: string;
  where: string;
  found: string;
  expected: string;
  fix: string;
};

/**
 * Base of every error that this pipeline raises on purpose.
 *
 * Step Functions matches `Retry` and `Catch` on the error's `name`, so a name, once published, does not change; it is
 * set as a literal because bundlers rename classes.
 *
 * The docstring of each error says what it means, and below that its kind, who mends it and how: `npm run errors` makes
 * docs/errors.md and the advice of e-mails of them.
 */
export abstract class PipelineError extends Error {
  abstract override readonly name: string;

  constructor(parts: ErrorParts, options?: ErrorOptions) {
    super(
      `${parts.what} (${parts.where}). Found: ${parts.found}. Expected: ${parts.expected}. To fix: ${parts.fix}.`,
      options,
    );
  }
}

// What the execution was started with.

/**
 * The input of the execution has a parameter that is missing, unknown, of another type or out of range.
 *
 * Kind: input.
 * Hydrologist: correct each parameter that the message names, and start a new execution; `./fpe input NAME` prints the input of
 * an earlier one.
 */
export class InvalidInput extends PipelineError {
  override readonly name = 'InvalidInput';
}
/**
 * FPE’s database has no station of this number.
 *
 * Kind: input.
 * Hydrologist: correct `station_id`; the number is the last part of the address of the station’s page.
 */
export class StationNotFound extends PipelineError {
  override readonly name = 'StationNotFound';
}
/**
 * The variable is none of those that can be trained on, or FPE’s database lacks its row.
 *
 * Kind: input.
 * Hydrologist: choose one of the variables that the message names.
 */
export class VariableNotFound extends PipelineError {
  override readonly name = 'VariableNotFound';
}
/**
 * No type of models has this code, or FPE’s database lacks its row.
 *
 * Kind: input.
 * Hydrologist: leave `model_type` out, or choose one that the message names.
 */
export class ModelTypeNotFound extends PipelineError {
  override readonly name = 'ModelTypeNotFound';
}
/**
 * The time zone of the station is not one that a calendar knows, so that hours and days of its photos are unknown.
 *
 * Kind: data.
 * Hydrologist: correct the time zone on the page of the station, such as America/New_York.
 */
export class InvalidTimezone extends PipelineError {
  override readonly name = 'InvalidTimezone';
}
/**
 * The station has more photos, pairs or values than the functions have memory and time for.
 *
 * Kind: input.
 * Hydrologist: leave out photos with `images_start`, `images_end` or the filters.
 * Operator: give the functions more memory and raise the limit (docs/scale.md).
 */
export class StationTooLarge extends PipelineError {
  override readonly name = 'StationTooLarge';
}
/**
 * Another execution that is still running holds the claim on this station and model code.
 *
 * Kind: busy.
 * Hydrologist: leave it to the other one; if that fails, or with another `model_code`, start a new execution.
 */
export class ModelCodeInUse extends PipelineError {
  override readonly name = 'ModelCodeInUse';
}
/**
 * The model code is finished and `overwrite` was not given, or it is that of a model whose place the new one must not take.
 *
 * Kind: input.
 * Hydrologist: give another `model_code`, or `"overwrite": true` if the message offers it.
 */
export class ModelCodeExists extends PipelineError {
  override readonly name = 'ModelCodeExists';
}
/**
 * Another execution that is still running holds the claim on this station and dataset code.
 *
 * Kind: busy.
 * Hydrologist: leave it to the other one; if that fails, or with another `dataset_code`, start a new execution.
 */
export class DatasetCodeInUse extends PipelineError {
  override readonly name = 'DatasetCodeInUse';
}
/**
 * A dataset of this code exists with other data, and `overwrite` was not given.
 *
 * Kind: input.
 * Hydrologist: give another `dataset_code`, or `"overwrite": true`.
 */
export class DatasetCodeExists extends PipelineError {
  override readonly name = 'DatasetCodeExists';
}
/**
 * More published photos would lose their scores than is allowed without `allow_removals`.
 *
 * Kind: input.
 * Hydrologist: see whether the photos are really gone from FPE; if so, start again with `"allow_removals": true`.
 * Operator: if they should be there, bring their rows back first.
 */
export class TooManyRemovals extends PipelineError {
  override readonly name = 'TooManyRemovals';
}
/**
 * The station has no published model of that code, or no default one.
 *
 * Kind: data.
 * Hydrologist: train the station first, or give the `model_code` of a model that
 * `./fpe models --station STATION --stage STAGE` shows.
 */
export class NoModel extends PipelineError {
  override readonly name = 'NoModel';
}
/**
 * Several rows of `models` have the station's model code, so that it is not known which model is meant.
 *
 * Kind: data.
 * Operator: delete the wrong rows of `models`; the message names them.
 */
export class ModelAmbiguous extends PipelineError {
  override readonly name = 'ModelAmbiguous';
}
/**
 * The files of a model code are no longer those of the model that was to be scored with.
 *
 * Kind: outdated.
 * Hydrologist: start a new execution, which scores with the model that is there now.
 */
export class ModelReplaced extends PipelineError {
  override readonly name = 'ModelReplaced';
}
/**
 * The model that `start_from` names cannot be started from: it is not there, not finished, or has itself started from another one.
 *
 * Kind: input.
 * Hydrologist: name another station’s model in `start_from`, or leave it out, and start a new execution;
 * `./fpe models --station STATION --stage STAGE` shows the models of a station.
 */
export class StartModelUnusable extends PipelineError {
  override readonly name = 'StartModelUnusable';
}
/**
 * `pretrained` is on and the ImageNet weights are not in the model bucket.
 *
 * Kind: set-up.
 * Hydrologist: start with `"pretrained": false`; such a model needs more pairs and epochs.
 * Operator: upload the weights once (README, “ImageNet weights”), then redrive.
 */
export class PretrainedWeightsMissing extends PipelineError {
  override readonly name = 'PretrainedWeightsMissing';
}

// What the station’s data lacks.

/**
 * The station has no photo that can be used: none at all, none that is processed, or none within the dates of the input.
 *
 * Kind: data.
 * Hydrologist: upload photos and wait until FPE has processed them, or widen the dates.
 */
export class NoImages extends PipelineError {
  override readonly name = 'NoImages';
}
/**
 * Nobody has compared photos of this station by this variable yet, or all such annotation sessions are flagged.
 *
 * Kind: data.
 * Hydrologist: have pairs of photos annotated on the FPE website, or set `variable_code` to what they were annotated for.
 */
export class NoAnnotations extends PipelineError {
  override readonly name = 'NoAnnotations';
}
/**
 * The file of an annotation session is not what FPE writes: not a JSON array, or one without a single annotation pair that can be read.
 *
 * Kind: data.
 * Operator: repair the file, or set the flag of the session to leave it out.
 */
export class AnnotationFileInvalid extends PipelineError {
  override readonly name = 'AnnotationFileInvalid';
}
/**
 * So few annotation pairs are left, after the filters of the input, that a model could neither learn nor be checked.
 *
 * Kind: data.
 * Hydrologist: annotate more pairs, or widen the hours, months and dates of the input; the message counts what each filter
 * removed (docs/model.md).
 */
export class NotEnoughPairs extends PipelineError {
  override readonly name = 'NotEnoughPairs';
}
/**
 * Rows of FPE’s database name photos that are not in the bucket of the photos.
 *
 * Kind: foreign-file.
 * Operator: upload these photos again, or set the status of their rows to FAILED to leave them out.
 */
export class PhotosMissing extends PipelineError {
  override readonly name = 'PhotosMissing';
}

// What went wrong on the way.

/**
 * USGS did not answer after the retries of one call: worth retrying later.
 *
 * Kind: passing.
 * USGS: usually back within the hour; then redrive.
 */
export class ObservationsUnavailable extends PipelineError {
  override readonly name = 'ObservationsUnavailable';
}
/**
 * USGS will not answer this request however often it is asked.
 *
 * Kind: data.
 * Hydrologist: correct the USGS number of the station on its page, or empty it to use FPE’s own values; the execution keeps the
 * number that it began with.
 * Operator: if a proxy, a firewall or a limit is named, allow the requests, or set `usgsApiKeySecret` in the stage’s file.
 */
export class ObservationsRefused extends PipelineError {
  override readonly name = 'ObservationsRefused';
}
/**
 * The database cannot be reached, does not answer in time, or has something in the way that passes: worth retrying.
 *
 * Kind: passing.
 * Operator: see whether the database runs, has free connections, and is reachable from the functions’ subnets; then redrive.
 */
export class DatabaseUnavailable extends PipelineError {
  override readonly name = 'DatabaseUnavailable';
}
/**
 * The database does not know the user, the password or the database that is asked for.
 *
 * Kind: set-up.
 * Operator: correct user, password or name in the secret of the database; then redrive.
 */
export class DatabaseRefused extends PipelineError {
  override readonly name = 'DatabaseRefused';
}
/**
 * The database refuses a query, and will again: a right or a table is not there, or a rule of the tables is broken.
 *
 * Kind: set-up.
 * Operator: grant the right that the message names, or complete FPE’s migrations (`./fpe schema --dry-run --stage STAGE` says
 * what is missing); then redrive. Where it names a constraint or a trigger that is not FPE’s, undo it.
 * Developer: where it names another constraint, or a value, report it with the message; once that is mended and deployed, start a
 * new execution.
 */
export class DatabaseFailed extends PipelineError {
  override readonly name = 'DatabaseFailed';
}
/**
 * The database's certificate is not by a known authority, or for another host; or it offers none.
 *
 * Kind: set-up.
 * Operator: connect by the name that the certificate has, or set `databaseTls` in the stage’s file and deploy; then redrive.
 */
export class DatabaseUntrusted extends PipelineError {
  override readonly name = 'DatabaseUntrusted';
}
/**
 * A secret has no text, or not the members or the form that is needed. What it holds is never told.
 *
 * Kind: set-up.
 * Operator: correct the secret, or its name in the stage’s file; then redrive.
 */
export class SecretInvalid extends PipelineError {
  override readonly name = 'SecretInvalid';
}
/**
 * A service of AWS gives no answer, or one that breaks off: worth retrying; if it lasts, a network without a way to it.
 *
 * Kind: passing.
 * Operator: see whether the functions’ subnets have a way to the service (docs/deploy.md, “Network requirements”); then
 * redrive.
 */
export class ServiceUnreachable extends PipelineError {
  override readonly name = 'ServiceUnreachable';
}
/**
 * A service of AWS is asked more often than it allows: worth retrying, more slowly.
 *
 * Kind: passing.
 * Operator: redrive later; if it happens every night, lower `concurrency` of the refresh or ask AWS for a higher quota.
 */
export class ServiceThrottled extends PipelineError {
  override readonly name = 'ServiceThrottled';
}
/**
 * A service of AWS answers that it has failed, or what nobody can read: worth retrying.
 *
 * Kind: passing.
 * AWS: look at the AWS Health Dashboard; redrive when it is over.
 */
export class ServiceFailed extends PipelineError {
  override readonly name = 'ServiceFailed';
}
/**
 * The certificate of a service is not by a known authority, or for another host.
 *
 * Kind: set-up.
 * Operator: find the proxy that puts its own certificate in the way, and let AWS’s addresses pass it.
 */
export class ServiceUntrusted extends PipelineError {
  override readonly name = 'ServiceUntrusted';
}
/**
 * A service of AWS does not allow it to these credentials, or there are none.
 *
 * Kind: set-up.
 * Operator: grant what the message names, in the role, the bucket’s or key’s policy, or the boundary (docs/resources.md); then
 * redrive. On the command line, log in again.
 */
export class AccessDenied extends PipelineError {
  override readonly name = 'AccessDenied';
}
/**
 * A service of AWS will not do what it is asked, however often it is asked.
 *
 * Kind: set-up.
 * Operator: the message has the service’s own words; correct what they name.
 * Developer: if they name nothing of the account, it is a mistake of this program: report it; once that is mended and deployed,
 * start a new execution.
 */
export class RequestRefused extends PipelineError {
  override readonly name = 'RequestRefused';
  /** The service's own name of its answer, such as NoSuchKey. */
  readonly code: string;
  /** Of HTTP. */
  readonly status: number;

  constructor(parts: ErrorParts, options: ErrorOptions & { code: string; status: number }) {
    super(parts, options);
    this.code = options.code;
    this.status = options.status;
  }
}
/**
 * The training job was stopped, or its time was over, before it was complete.
 *
 * Kind: interrupted.
 * Hydrologist: redrive: the training continues after its last complete epoch. If its time was over, it gets the same time again; a
 * new execution of the same `model_code` and input with more `training_max_hours` continues as well.
 */
export class TrainingStopped extends PipelineError {
  override readonly name = 'TrainingStopped';
}
/**
 * The transform job was stopped before every photo had its score.
 *
 * Kind: interrupted.
 * Hydrologist: redrive, which scores all photos of this execution again.
 */
export class ScoringStopped extends PipelineError {
  override readonly name = 'ScoringStopped';
}
/**
 * The training job took far longer than the machine waits for one.
 *
 * Kind: interrupted.
 * Operator: read the end of the job’s log; then redrive: the training continues after its last complete epoch. If it was merely
 * slow, raise `jobTimeMargin` of the stage, deploy, and start a new execution.
 */
export class TrainingTimedOut extends PipelineError {
  override readonly name = 'TrainingTimedOut';
}
/**
 * The transform job took far longer than the machine waits for one, usually because the model does not load.
 *
 * Kind: interrupted.
 * Operator: read the job’s log; then redrive. If it was merely slow, raise `jobTimeMargin` of the stage, deploy, and
 * start a new execution.
 */
export class ScoringTimedOut extends PipelineError {
  override readonly name = 'ScoringTimedOut';
}
/**
 * Some photos came back from the transform job without a score and without a reason.
 *
 * Kind: own-file.
 * Developer: read the job’s log and report it; a new execution scores again.
 */
export class PredictionsIncomplete extends PipelineError {
  override readonly name = 'PredictionsIncomplete';
}
/**
 * Another execution took over the model code while this one was stopped or being redriven.
 *
 * Kind: taken-over.
 * Nobody: leave this execution as it is: the other one publishes.
 * Operator: if the message names no other execution, find out what else writes to that file, stop it, and start a new execution.
 */
export class ClaimLost extends PipelineError {
  override readonly name = 'ClaimLost';
}
/**
 * The station's default model is another than the one that this model was compared with: compare again.
 *
 * Kind: passing.
 * Nobody: the machine compares with the new default by itself.
 */
export class DefaultChanged extends PipelineError {
  override readonly name = 'DefaultChanged';
}
/**
 * The execution was stopped, or has ended otherwise, before what it had made was published.
 *
 * Kind: interrupted.
 * Hydrologist: redrive if it should be published after all.
 */
export class ExecutionEnded extends PipelineError {
  override readonly name = 'ExecutionEnded';
}
/**
 * An object at a place that several executions write to is no longer the one that was read.
 *
 * Kind: passing.
 * Operator: find out what else writes to the file that the message names: the machine has read it again several times.
 */
export class ObjectChanged extends PipelineError {
  override readonly name = 'ObjectChanged';
}
/**
 * A file that should be in S3 is not there.
 *
 * Kind: own-file.
 * Operator: see who or which lifecycle rule deletes files of that place; a new execution makes its files anew.
 */
export class ObjectNotFound extends PipelineError {
  override readonly name = 'ObjectNotFound';
}
/**
 * A file of the pipeline itself is not what an earlier state should have written.
 *
 * Kind: own-file.
 * Hydrologist: start a new execution, which writes its files anew.
 * Developer: if it happens again, report it with the file that the message names.
 */
export class FileInvalid extends PipelineError {
  override readonly name = 'FileInvalid';
}
/**
 * An archive holds what it may not (paths, links, too much), or its bytes are broken.
 *
 * Kind: foreign-file.
 * Operator: restore the archive from the versions of the bucket, or publish another model;
 * `./fpe verify --station STATION --stage STAGE` finds more of its kind.
 * Hydrologist: or train the station again.
 */
export class ArchiveInvalid extends PipelineError {
  override readonly name = 'ArchiveInvalid';
}
/**
 * A handler was called with something that is not the machine's state.
 *
 * Kind: deployment.
 * Operator: deploy machine and functions together, and start the machine, never a function.
 */
export class InvalidState extends PipelineError {
  override readonly name = 'InvalidState';
}
/**
 * A setting that a function or a command needs is not there, or names something that is not what it should be.
 *
 * Kind: set-up.
 * Operator: set what the message names, in the stage’s file or in the environment.
 */
export class ConfigurationMissing extends PipelineError {
  override readonly name = 'ConfigurationMissing';
}

// What only commands on this computer tell.

/**
 * A folder given to `fpe import` is not an FPE export, or its rows clash with rows of the database.
 *
 * Kind: data.
 * Hydrologist: correct the file and line that the message names (docs/stations.md), and run the command again.
 */
export class ExportFolderInvalid extends PipelineError {
  override readonly name = 'ExportFolderInvalid';
}
/**
 * `fpe schema` finds tables that it must not touch: a part of the schema, or one that FPE's migrations keep.
 *
 * Kind: set-up.
 * Operator: name an empty database in DB_NAME, or use the one that is there without this command.
 */
export class SchemaConflict extends PipelineError {
  override readonly name = 'SchemaConflict';
}

/** Faults of services that pass: every state of the machines waits them out, for ten minutes (statemachines/retriers.yml). */
export const PASSING_ERRORS = [
  'DatabaseUnavailable',
  'ServiceUnreachable',
  'ServiceThrottled',
  'ServiceFailed',
] as const;
